"""From facts to rows: periods, slices and statistics, alike for every KPI (K1, K9, K12, K14).

A population says of each fact in which period it falls, where it is found, and what is measured of
it; a measure makes one cell of the facts that meet in one period and slice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from .clock import instant_of, local_of
from .world import DIMENSIONS, Dims, World

HOURLY_STOCKS = timedelta(days=14)
CROSSED_GRAINS = ("week", "month", "quarter")


@dataclass(frozen=True, eq=False)
class Period:
    """Local wall times without a zone, and the instants they are. A calendar makes each once."""

    grain: str
    start: datetime
    end: datetime
    start_at: datetime
    end_at: datetime


class Row(NamedTuple):
    """A row of `kpi_values`, without its flags."""

    kpi: str
    stat: str
    grain: str
    period_start: datetime
    period_end: datetime
    handling: str
    channel: str
    category: str
    team: str
    customer_segment: str
    value: float | None
    numerator: float | None
    denominator: float | None
    n: int


class Cell(NamedTuple):
    """What a measure finds; `n` as K13 says."""

    value: float | None
    numerator: float | None
    denominator: float | None
    n: int


@dataclass(frozen=True)
class Slices:
    """The dimensions that a KPI is cut by: alone, and (at week and month) across handling."""

    alone: tuple[str, ...] = DIMENSIONS
    crossed: tuple[str, ...] = DIMENSIONS[1:]
    has_all: bool = True


NOTHING = Cell(None, None, None, 0)
EVERY = Slices()
Slice: TypeAlias = tuple[str, str, str, str, str]
ALL: Slice = ("all", "all", "all", "all", "all")
Fact: TypeAlias = tuple[Period, Dims, Any]
Population: TypeAlias = Callable[[str], Iterable[Fact]]


class Place(NamedTuple):
    """Where facts meet."""

    period: Period
    cut: Slice

    @property
    def handling(self) -> str:
        return self.cut[0]


Measure: TypeAlias = Callable[[Place, Sequence[Any]], Cell]


class Calendar:
    """The periods of one account, from the first loaded instant to the one the data is as of."""

    def __init__(self, world: World) -> None:
        self._zone: ZoneInfo = world.zone
        self._week_start = world.account.week_start
        self.first_loaded = world.shop.first_loaded
        self.data_as_of = world.shop.data_as_of
        self._known: dict[tuple[str, datetime], Period] = {}

    def period(self, grain: str, instant: datetime) -> Period:
        """The period that holds an instant; both passes of a repeated hour are one hour."""
        local = local_of(instant, self._zone).replace(minute=0, second=0, microsecond=0)
        if grain != "hour":
            local = local.replace(hour=0)
        if grain == "week":
            local -= timedelta(days=(local.isoweekday() - self._week_start) % 7)
        if grain == "month":
            local = local.replace(day=1)
        if grain == "quarter":
            local = local.replace(month=local.month - (local.month - 1) % 3, day=1)
        return self._at(grain, local)

    def periods(self, grain: str) -> list[Period]:
        """All periods of a grain that have begun. An hour that DST skips is none."""
        found = []
        period = self.period(grain, self.first_loaded)
        last = self.period(grain, self.data_as_of)
        while period.start <= last.start:
            if period.start_at < period.end_at and period.start_at < self.data_as_of:
                found.append(period)
            period = self._at(grain, period.end)
        return found

    def stocks(self, grain: str) -> list[Period]:
        """The periods at whose end a stock is taken: hours of the last 14 days only."""
        since = local_of(self.data_as_of, self._zone) - HOURLY_STOCKS
        return [one for one in self.periods(grain) if grain != "hour" or one.start >= since]

    def day_before(self, period: Period, days: int) -> date:
        """The first of the `days` local days that end with a period."""
        return (period.end - timedelta(days=days)).date()

    def previous(self, period: Period, back: int) -> Period | None:
        """The period `back` places earlier; None when it is not complete (K11)."""
        for _ in range(back):
            period = self.period(period.grain, period.start_at - timedelta(hours=1))
        return period if period.start_at >= self.first_loaded else None

    def _at(self, grain: str, start: datetime) -> Period:
        if (grain, start) not in self._known:
            end = start + timedelta(
                **{"hour": {"hours": 1}, "day": {"days": 1}, "week": {"days": 7}}.get(grain, {})
            )
            if grain == "month":
                end = (start + timedelta(days=32)).replace(day=1)
            if grain == "quarter":
                end = (start + timedelta(days=95)).replace(day=1)
            zone = self._zone
            period = Period(grain, start, end, instant_of(start, zone), instant_of(end, zone))
            self._known[grain, start] = period
        return self._known[grain, start]


def tabulate(
    kpi: str,
    stats: dict[str, Measure],
    periods: dict[str, list[Period]],
    population: Population,
    slices: Slices = EVERY,
) -> Iterator[Row]:
    """The rows of some stats of a KPI: `all` for every period, other slices where something is."""
    for grain, whole in periods.items():
        due = set(whole)
        met: dict[tuple[Period, Slice], list[Any]] = {}
        if slices.has_all:
            met = {(period, ALL): [] for period in whole}
        for period, dims, fact in population(grain):
            for cut in _cuts(dims, slices, grain):
                met.setdefault((period, cut), []).append(fact)
        places = [(Place(period, cut), facts) for (period, cut), facts in met.items()]
        for stat, measure in stats.items():
            for place, facts in places:
                cell = measure(place, facts)
                is_due = place.cut == ALL and place.period in due
                if is_due or cell.n or cell.numerator or cell.value:
                    period = place.period
                    yield Row(kpi, stat, grain, period.start, period.end, *place.cut, *cell)


def count(found: int) -> Cell:
    return Cell(float(found), None, None, found)


def ratio(numerator: float, denominator: float) -> Cell:
    """K12: no denominator, no value."""
    value = numerator / denominator if denominator else None
    return Cell(value, float(numerator), float(denominator), int(denominator))


def share(facts: Iterable[bool | None]) -> Cell:
    """The share of True among True and False; None is left out of both."""
    judged = [fact for fact in facts if fact is not None]
    return ratio(sum(judged), len(judged))


def mean(values: Iterable[Any]) -> Cell:
    known = [value for value in values if value is not None]
    if not known:
        return NOTHING
    return Cell(float(sum(known) / len(known)), float(sum(known)), float(len(known)), len(known))


def quantile(values: Iterable[Any], place: float) -> Cell:
    """`percentile_cont`: interpolated between the two nearest."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return NOTHING
    exact = place * (len(known) - 1)
    low = int(exact)
    high = min(low + 1, len(known) - 1)
    value = known[low] + (known[high] - known[low]) * (exact - low)
    return Cell(float(value), None, None, len(known))


def greatest(values: Iterable[Any]) -> Cell:
    known = [value for value in values if value is not None]
    return Cell(float(max(known)), None, None, len(known)) if known else NOTHING


def _cuts(dims: Dims, slices: Slices, grain: str) -> Iterator[Slice]:
    if slices.has_all:
        yield ALL
    for name in slices.alone:
        for value in dims[name]:
            yield _cut({name: value})
    if grain in CROSSED_GRAINS:
        for name in slices.crossed:
            for handling in dims["handling"]:
                for value in dims[name]:
                    yield _cut({"handling": handling, name: value})


def _cut(named: dict[str, str]) -> Slice:
    handling, channel, category, team, segment = (named.get(name, "all") for name in DIMENSIONS)
    return (handling, channel, category, team, segment)
