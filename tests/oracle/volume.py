"""Rows of the volume KPIs: tickets, resolves, shares, orders (V1, V2, V4–V6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from .clock import instant_of
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
    count,
    ratio,
    share,
    tabulate,
)
from .world import Family, World, local_day

MIN_N = 20
ORDER_WINDOW = timedelta(days=30)


@dataclass(frozen=True)
class Resolved:
    """A countable ticket with resolves in a period (V2)."""

    family: Family
    resolves: tuple[tuple[int, Event], ...]
    is_resolved_at_end: bool


def volume_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    yield from _created(world, calendar)
    yield from _resolved(world, calendar)
    yield from _shares(world, calendar)
    yield from _per_order(world, calendar)


def created(world: World, calendar: Calendar, grain: str) -> Iterator[Fact]:
    """V1: countable tickets by their first customer message."""
    for family in world.countable:
        if family.case.starts_at:
            yield calendar.period(grain, family.case.starts_at), family.dims, family


def resolved(world: World, calendar: Calendar, grain: str) -> Iterator[Fact]:
    """V2: a ticket once in every period in which it was resolved."""
    for family in world.countable:
        by_period: dict[Period, list[tuple[int, Event]]] = {}
        for position, event in family.life.resolves:
            by_period.setdefault(calendar.period(grain, event.at), []).append((position, event))
        for period, resolves in by_period.items():
            span = family.life.state_before(period.end_at)
            at_end = span is not None and span.state in RESOLVED_STATES
            yield period, family.dims, Resolved(family, tuple(resolves), at_end)


def opened(world: World, calendar: Calendar, grain: str) -> Iterator[Fact]:
    """Countable episodes by their opening."""
    for contact in world.contacts:
        yield calendar.period(grain, contact.opened_at), contact.dims, contact


def with_resolves(world: World, stats: dict[str, Measure]) -> dict[str, Measure]:
    """K5: a source that gives no resolves at all leaves what needs one NULL, never 0."""
    return stats if world.shop.has_resolves else dict.fromkeys(stats, lambda *_: NOTHING)


def with_messages(world: World, stats: dict[str, Measure]) -> dict[str, Measure]:
    """The same for what is measured on messages."""
    return stats if world.shop.has_messages else dict.fromkeys(stats, lambda *_: NOTHING)


def with_events(world: World, stats: dict[str, Measure]) -> dict[str, Measure]:
    """The same for what happens between a ticket's opening and its resolve."""
    return stats if world.shop.has_events else dict.fromkeys(stats, lambda *_: NOTHING)


def with_reopens(world: World, stats: dict[str, Measure]) -> dict[str, Measure]:
    """The same for what comes after a resolve."""
    return stats if world.shop.has_reopens else dict.fromkeys(stats, lambda *_: NOTHING)


def size(_: Place, facts: Iterable[object]) -> Cell:
    return count(len(list(facts)))


def _created(world: World, calendar: Calendar) -> Iterator[Row]:
    kpi = "tickets_created"
    periods = {grain: calendar.periods(grain) for grain in ("hour", "day", "week", "month")}

    def outbound(grain: str) -> Iterator[Fact]:
        for family in world.families:
            if family.case.outbound_at and not family.case.is_withheld:
                yield calendar.period(grain, family.case.outbound_at), family.dims, family

    yield from tabulate(
        kpi, {"count": size}, periods, lambda grain: created(world, calendar, grain)
    )
    yield from tabulate(
        kpi, {"contacts": size}, periods, lambda grain: opened(world, calendar, grain)
    )
    ours = with_messages(world, {"outbound": size})
    yield from tabulate(kpi, ours, periods, outbound, Slices(("channel", "team"), ()))


def _resolved(world: World, calendar: Calendar) -> Iterator[Row]:
    kpi = "tickets_resolved"
    periods = {grain: calendar.periods(grain) for grain in ("day", "week", "month")}
    stats: dict[str, Measure] = {
        "count": lambda _, facts: count(sum(fact.is_resolved_at_end for fact in facts)),
        "events": lambda _, facts: count(sum(len(fact.resolves) for fact in facts)),
        "customers": lambda _, facts: count(
            len({fact.family.case.customer for fact in facts if fact.is_resolved_at_end} - {None})
        ),
    }
    yield from tabulate(
        kpi,
        with_resolves(world, stats),
        periods,
        lambda grain: resolved(world, calendar, grain),
    )

    def both(grain: str) -> Iterator[Fact]:
        yield from created(world, calendar, grain)
        yield from resolved(world, calendar, grain)

    def clearance(_: Place, facts: Iterable[Family | Resolved]) -> Cell:
        done = [fact for fact in facts if isinstance(fact, Resolved)]
        return ratio(
            sum(fact.is_resolved_at_end for fact in done),
            sum(isinstance(fact, Family) for fact in facts),
        )

    yield from tabulate(kpi, with_resolves(world, {"clearance": clearance}), periods, both)


def _shares(world: World, calendar: Calendar) -> Iterator[Row]:
    """V4, V5. In a slice of handling × category a share is of the tickets of that handling."""
    periods = {grain: calendar.periods(grain) for grain in ("day", "week", "month")}
    whole = Counter(
        (period, handling)
        for grain in periods
        for period, dims, _ in created(world, calendar, grain)
        for handling in ("all", *dims["handling"])
    )

    def of_whole(place: Place, facts: Iterable[object]) -> Cell:
        return ratio(len(list(facts)), whole[place.period, place.handling])

    def coverage(_: Place, facts: Iterable[Family]) -> Cell:
        return share(family.category != "uncategorised" for family in facts)

    def tickets(grain: str) -> Iterator[Fact]:
        return created(world, calendar, grain)

    kpi = "category_volume"
    wide = Slices(("handling", "category"), ("category",))
    narrow = Slices(("category",), ("category",), has_all=False)
    yield from tabulate(kpi, {"count": size, "coverage": coverage}, periods, tickets, wide)
    yield from tabulate(kpi, {"share": of_whole}, periods, tickets, narrow)
    yield from _growth(world, calendar, narrow)
    kpi = "channel_volume"
    by_channel = Slices(("channel",), ("channel",))
    yield from tabulate(kpi, {"count": size, "share": of_whole}, periods, tickets, by_channel)


def _growth(world: World, calendar: Calendar, slices: Slices) -> Iterator[Row]:
    """V4 `growth`: against the mean of the four complete periods before, 20 tickets in both."""
    periods = {grain: calendar.periods(grain) for grain in ("week", "month")}
    found = Counter(
        (period, handling, category)
        for grain in periods
        for period, dims, _ in created(world, calendar, grain)
        for handling in ("all", *dims["handling"])
        for category in dims["category"]
    )

    def growth(place: Place, facts: Iterable[object]) -> Cell:
        now = len(list(facts))
        before = [calendar.previous(place.period, back) for back in (1, 2, 3, 4)]
        whole = [one for one in before if one and one.start_at >= calendar.first_loaded]
        if len(whole) < 4:
            return Cell(None, float(now), None, now)
        base = sum(found[one, place.handling, place.cut[2]] for one in whole) / 4
        known = now >= MIN_N and base >= MIN_N
        return Cell(now / base - 1 if known else None, float(now), base, now)

    yield from tabulate(
        "category_volume",
        {"growth": growth},
        periods,
        lambda grain: created(world, calendar, grain),
        slices,
    )


def _per_order(world: World, calendar: Calendar) -> Iterator[Row]:
    """V6. A slice narrows the tickets, never the orders."""
    kpi = "tickets_per_order"
    periods = {grain: calendar.periods(grain) for grain in ("day", "week", "month")}
    orders = [order for order in world.orders if order.is_countable]
    placed = Counter(
        calendar.period(grain, order.placed_at) for grain in periods for order in orders
    )
    days = Counter(local_day(world, order.placed_at) for order in orders)

    def is_hidden(place: Place) -> bool:
        """X5: the split by handling is unknown while bot-only contacts are missing."""
        complete = world.account.ai_coverage_complete_from
        early = complete is not None and place.period.start.date() < complete
        return early and place.handling != "all"

    def per_order(place: Place, facts: Iterable[object]) -> Cell:
        found = ratio(len(list(facts)), placed[place.period])
        return NOTHING if is_hidden(place) else found

    def presale(place: Place, facts: Iterable[Family]) -> Cell:
        """Without any order it is not known whether a ticket is about one."""
        if not world.orders:
            return NOTHING
        found = share(family.contacts[0].order_id is None for family in facts)
        return NOTHING if is_hidden(place) else found

    def rolling(place: Place, facts: Iterable[object]) -> Cell:
        """V6: 28 complete days: neither running ones nor days before the first loaded instant."""
        first, end = calendar.day_before(place.period, 28), place.period.end.date()
        midnight = instant_of(datetime.combine(first, time()), world.zone)
        if place.period.end_at > calendar.data_as_of or midnight < calendar.first_loaded:
            return NOTHING
        total = sum(number for day, number in days.items() if first <= day < end)
        found = ratio(len(list(facts)), total)
        return NOTHING if is_hidden(place) else found

    def in_28_days(grain: str) -> Iterator[Fact]:
        for family in world.countable:
            if family.case.starts_at is None:
                continue
            day = local_day(world, family.case.starts_at)
            for period in periods[grain]:
                if calendar.day_before(period, 28) <= day < period.end.date():
                    yield period, family.dims, family

    def cohort(grain: str) -> Iterator[Fact]:
        for order in orders:
            linked = any(
                contact.order_id == order.order_id
                and timedelta(0) <= contact.opened_at - order.placed_at <= ORDER_WINDOW
                for contact in world.contacts
            )
            yield calendar.period(grain, order.placed_at), {}, linked

    yield from tabulate(
        kpi,
        {"ratio": per_order, "presale_share": presale},
        periods,
        lambda grain: created(world, calendar, grain),
    )
    yield from tabulate(kpi, {"ratio_28d": rolling}, periods, in_28_days)
    contacted: dict[str, Measure] = {"order_contact": lambda _, facts: share(facts)}
    yield from tabulate(kpi, contacted, periods, cohort, Slices((), ()))
