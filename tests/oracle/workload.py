"""Rows of the load: resolved in time, peaks, who contacts us, the queue (V3, V7, V8, V11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta

from .clock import instant_of, local_of
from .episodes import NEEDS_US
from .export import RESOLVED_STATES, Event
from .tally import (
    NOTHING,
    Calendar,
    Cell,
    Fact,
    Measure,
    Period,
    Place,
    Row,
    Slices,
    quantile,
    ratio,
    share,
    tabulate,
)
from .volume import created, with_resolves
from .world import Family, World, local_day

PEAK_DAYS = 28
QUEUE_DAYS = 7
ACTIVE = ("new", "returning")


def workload_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    yield from _resolution(world, calendar)
    yield from _peaks(world, calendar)
    yield from _contact_rate(world, calendar)
    yield from _queue(world, calendar)


def is_whole(world: World, calendar: Calendar, period: Period, days: int) -> bool:
    """Whether a period is over, and the local days that end with it are loaded from the first."""
    first = datetime.combine(calendar.day_before(period, days), time())
    is_loaded = instant_of(first, world.zone) >= calendar.first_loaded
    return is_loaded and period.end_at <= calendar.data_as_of


def _grains(calendar: Calendar) -> dict[str, list[Period]]:
    return {grain: calendar.periods(grain) for grain in ("day", "week", "month")}


def _resolution(world: World, calendar: Calendar) -> Iterator[Row]:
    """V3: the state 168 hours after the first customer message; before that, the state of now."""
    window = timedelta(seconds=world.account.resolution_window_s)

    def is_resolved(family: Family) -> bool:
        assert family.case.starts_at
        until = family.case.starts_at + window
        entered = [span for span in family.life.spans if span.valid_from <= until]
        return bool(entered) and entered[-1].state in RESOLVED_STATES

    stats: dict[str, Measure] = {"ratio": lambda _, facts: share(map(is_resolved, facts))}
    yield from tabulate(
        "resolution_rate",
        with_resolves(world, stats),
        _grains(calendar),
        lambda grain: created(world, calendar, grain),
    )


def _peaks(world: World, calendar: Calendar) -> Iterator[Row]:
    """V7. A fact is the local time at which a ticket began."""
    periods = _grains(calendar)
    hours: dict[date, list[int]] = {}  # those that a day has: a skipped one is none
    for hour in calendar.periods("hour"):
        hours.setdefault(hour.start.date(), []).append(hour.start.hour)

    def days(period: Period) -> list[date]:
        first = calendar.day_before(period, PEAK_DAYS)
        return [first + timedelta(days=number) for number in range(PEAK_DAYS)]

    def tickets(grain: str) -> Iterator[Fact]:
        whole = [one for one in periods[grain] if is_whole(world, calendar, one, PEAK_DAYS)]
        for family in world.countable:
            if family.case.starts_at is None:
                continue
            began = local_of(family.case.starts_at, world.zone)
            for period in whole:
                if calendar.day_before(period, PEAK_DAYS) <= began.date() < period.end.date():
                    yield period, family.dims, began

    def daily(place: Place, facts: Iterable[datetime]) -> list[float]:
        found = Counter(began.date() for began in facts)
        return [float(found[day]) for day in days(place.period)]

    def weekly(place: Place, facts: Iterable[datetime]) -> list[float]:
        """The mean of each hour of the week, over the days that have that hour."""
        found = Counter((began.isoweekday(), began.hour) for began in facts)
        had = Counter((day.isoweekday(), hour) for day in days(place.period) for hour in hours[day])
        return [found[one] / had[one] for one in had]

    def of_whole(measure: Measure) -> Measure:
        return lambda place, facts: (
            measure(place, facts) if is_whole(world, calendar, place.period, PEAK_DAYS) else NOTHING
        )

    def extremes(place: Place, facts: Sequence[datetime]) -> Cell:
        numbers = daily(place, facts)
        return _spread(max(numbers), min(numbers), len(numbers))

    stats: dict[str, Measure] = {
        "value": of_whole(lambda place, facts: _deciles(daily(place, facts))),
        "max_min": of_whole(extremes),
        "hourly": of_whole(lambda place, facts: _deciles(weekly(place, facts))),
    }
    cuts = Slices(("channel", "handling"), ())
    yield from tabulate("peak_to_trough", stats, periods, tickets, cuts)


def _deciles(numbers: list[float]) -> Cell:
    high, low = (quantile(numbers, place).value or 0.0 for place in (0.9, 0.1))
    return _spread(high, low, len(numbers))


def _spread(high: float, low: float, n: int) -> Cell:
    return Cell(high / low if low else None, high, low, n)


def _contact_rate(world: World, calendar: Calendar) -> Iterator[Row]:
    """V8. Active is who was new or returning when the month began."""
    kpi = "contact_rate"
    periods = {"month": calendar.periods("month")}
    customers = {order.customer for order in world.orders if order.customer}
    active: dict[Period, dict[str, tuple[str, ...]]] = {}
    for period in periods["month"]:
        segments = {one: world.segments.of(one, period.start_at) for one in customers}
        active[period] = {one: names for one, names in segments.items() if names[0] in ACTIVE}
    contacted: dict[Period, dict[str, set[str]]] = {period: {} for period in active}
    for period, _, family in created(world, calendar, "month"):
        if family.case.customer in active[period]:
            own = contacted[period].setdefault(family.case.customer, set())
            own.add(family.category)

    def by_segment(_: str) -> Iterator[Fact]:
        for period, segments in active.items():
            for customer, names in segments.items():
                yield period, {"customer_segment": names}, customer in contacted[period]

    def by_category(_: str) -> Iterator[Fact]:
        for period, categories in contacted.items():
            for names in categories.values():
                yield period, {"category": tuple(names)}, True

    def of_segment(_: Place, facts: Iterable[bool]) -> Cell:
        return share(facts)

    def of_category(place: Place, facts: Sequence[bool]) -> Cell:
        return ratio(len(facts), len(active[place.period]))

    def index(measure: Measure) -> Measure:
        def against_all(place: Place, facts: Sequence[bool]) -> Cell:
            own = measure(place, facts)
            whole = ratio(len(contacted[place.period]), len(active[place.period])).value
            value = own.value / whole if own.value is not None and whole else None
            return Cell(value, own.value, whole, own.n)

        return against_all

    for facts, measure, cuts in (
        (by_segment, of_segment, Slices(("customer_segment",), ())),
        (by_category, of_category, Slices(("category",), (), has_all=False)),
    ):
        stats = {"ratio": measure, "index": index(measure)}
        yield from tabulate(kpi, stats, periods, facts, cuts)
    linked: dict[str, Measure] = {
        "match_rate": lambda _, facts: share(family.case.customer is not None for family in facts)
    }
    by_channel = Slices(("channel",), ())
    yield from tabulate(
        kpi, linked, periods, lambda grain: created(world, calendar, grain), by_channel
    )


def _queue(world: World, calendar: Calendar) -> Iterator[Row]:
    """V11. A fact is a ticket that waits at the end of a period, or a resolve of its last week."""
    periods = _grains(calendar)

    def facts_of(grain: str) -> Iterator[Fact]:
        for period in periods[grain]:
            if not is_whole(world, calendar, period, QUEUE_DAYS):
                continue
            first, end = calendar.day_before(period, QUEUE_DAYS), period.end.date()
            for family in world.countable:
                span = family.life.state_before(period.end_at)
                if span is not None and span.state in NEEDS_US:
                    yield period, family.dims, family
                for _, event in family.life.resolves:
                    if first <= local_day(world, event.at) < end:
                        yield period, family.dims, event

    def queue(_: Place, facts: Sequence[Family | Event]) -> Cell:
        if not facts:
            return NOTHING
        events = sum(isinstance(fact, Event) for fact in facts)
        waiting, daily = len(facts) - events, events / QUEUE_DAYS
        return Cell(waiting / daily if events else None, float(waiting), daily, events)

    stats = with_resolves(world, {"value": queue})
    yield from tabulate("queue_days", stats, periods, facts_of, Slices(("channel", "team"), ()))
