"""The series that the detector watches: days of the KPIs that the catalogue gives a law.
 Each is watched as a whole and by handling, channel, category and team. Only days that are over and
whole are seen: a day that the slowest source has not reached, or whose outcome is still open, is
not there yet, which is a matter of freshness.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np

from expectations.anomalies.baseline import Ints
from expectations.anomalies.calendar import Calendar, Event
from expectations.anomalies.laws import Floats
from expectations.anomalies.observations import Observations

SLICES = ("handling", "channel", "category", "team")
# With what an event last year teaches, and what a baseline looks back upon from there.
LOOK_BACK = timedelta(days=366 + 160)
# Counts that are fewer tickets off are nothing to act upon.
LEAST_EVENTS = 5
# Where a KPI names no least number of things behind a figure.
FEWEST = 5

_SERIES = f"""
select
    catalog.law,
    coalesce(catalog.min_n, {FEWEST}) as fewest,
    days.kpi, days.stat, {", ".join(f"days.{name}" for name in SLICES)},
    cast(max(days.period_start) as date) as until,
    max(days.attribution) = 'as_of' as is_stock,
    row_number() over (order by days.kpi, {", ".join(f"days.{name}" for name in SLICES)}) - 1
        as series
from marts.kpi_values as days
inner join marts.kpi_catalog as catalog
    on days.kpi = catalog.kpi and days.stat = catalog.watched_stat
where days.grain = 'day' and days.customer_segment = 'all'
    and days.period_start >= $since and not days.is_partial and days.is_mature
    -- The sums over them are watched, which add up too.
    and days.handling not in ('ai_only', 'hybrid', 'human_only')
group by catalog.law, catalog.min_n, days.kpi, days.stat, {", ".join(f"days.{n}" for n in SLICES)}
order by series"""

_DAYS = f"""
select
    watched.series,
    datediff('day', $since, cast(days.period_start as date)) as day,
    days.value, days.numerator, days.denominator, cast(days.n as double) as n
from marts.kpi_values as days
inner join watched
    on days.kpi = watched.kpi and days.stat = watched.stat
    and {" and ".join(f"days.{name} = watched.{name}" for name in SLICES)}
where days.grain = 'day' and days.customer_segment = 'all'
    and days.period_start >= $since and not days.is_partial and days.is_mature"""

_EVENTS = """
select name, kind, starts_on, ends_on, expected_direction, kpi, channel, category, null, null
from core.dim_calendar_context
union all
-- Before it contacts of the AI alone are not known; from then on they are.
select 'AI contacts are counted', 'launch', ai_coverage_complete_from, ai_coverage_complete_from,
    null, null, null, null, null, null
from marts.account where ai_coverage_complete_from is not null
union all
select name, kind, starts_on, ends_on, expected_direction, kpi, channel, category, handling, team
from raw_bookbag.told_events
order by all"""


@dataclass(frozen=True)
class Key:
    """Names a series as `kpi_values` does."""

    kpi: str
    stat: str
    handling: str = "all"
    channel: str = "all"
    category: str = "all"
    team: str = "all"

    @property
    def slice(self) -> tuple[str, str] | None:
        """(dimension, value) of a segment; None of the whole."""
        named = [(name, getattr(self, name)) for name in SLICES]
        return next(((name, value) for name, value in named if value != "all"), None)

    @property
    def name(self) -> str:
        return "|".join((self.kpi, self.stat, *(getattr(self, name) for name in SLICES)))


@dataclass(frozen=True)
class Watched:
    """Series of one law that the same events concern, over `days`; up to `decided` each has its
    figures.
    """

    keys: Sequence[Key]
    days: Sequence[date]
    seen: Observations
    calendar: Calendar
    fewest: int
    decided: date
    is_stock: bool = False


@dataclass(frozen=True)
class _Scoped:
    """An event and whom it concerns; None is everybody."""

    event: Event
    kpi: str | None
    scope: tuple[tuple[str, str | None], ...]

    def concerns(self, key: Key) -> bool:
        """What moves a segment moves whatever it may be a part of: not its siblings."""
        return self.kpi in (None, key.kpi) and all(
            wanted is None or getattr(key, name) in ("all", wanted) for name, wanted in self.scope
        )


def newest_day(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The newest day that is over for all sources; None where there is none."""
    row = connection.execute(
        "select cast(max(period_start) as date) from marts.kpi_values"
        " where grain = 'day' and not is_partial"
    ).fetchone()
    return row[0] if row else None


def read_watched(connection: duckdb.DuckDBPyConnection, newest: date) -> list[Watched]:
    """All that is watched up to the day `newest`, by law, by how much it takes to say something,
    and by the events that concern it.
    """
    since = newest - LOOK_BACK
    connection.execute(f"create or replace temp table watched as {_SERIES}", {"since": since})
    told = connection.execute("select * from watched order by series").fetchall()
    cells = connection.execute(_DAYS, {"since": since}).fetchnumpy()
    connection.execute("drop table watched")
    if not told:
        return []
    events = [
        _Scoped(
            Event(*row[:5]),
            row[5],
            tuple(zip(("channel", "category", "handling", "team"), row[6:], strict=True)),
        )
        for row in connection.execute(_EVENTS).fetchall()
    ]
    first = int(np.min(cells["day"]))
    days = [since + timedelta(days=day) for day in range(first, (newest - since).days + 1)]
    all_of = _Matrices.of(cells, len(told), first, len(days))
    keys = [Key(*row[2:8]) for row in told]
    whole = {key.kpi: place for place, key in enumerate(keys) if key.slice is None}
    ends = np.array([(row[8] - days[0]).days for row in told])
    last = np.array(
        [ends[whole[key.kpi]] if key.kpi in whole else ends[at] for at, key in enumerate(keys)]
    )
    groups: dict[tuple[str, int, bool, tuple[int, ...]], list[int]] = {}
    for place, (row, key) in enumerate(zip(told, keys, strict=True)):
        concerned = tuple(at for at, event in enumerate(events) if event.concerns(key))
        groups.setdefault((row[0], int(row[1]), bool(row[9]), concerned), []).append(place)
    season = np.array([day.weekday() for day in days], np.int64)
    return [
        Watched(
            keys=[keys[place] for place in places],
            days=days,
            seen=all_of.observations(
                law, places, [whole.get(keys[place].kpi, place) for place in places], last, season
            ),
            calendar=Calendar([events[at].event for at in concerned]),
            fewest=fewest,
            decided=days[int(last[places].min())],
            is_stock=is_stock,
        )
        for (law, fewest, is_stock, concerned), places in groups.items()
    ]


@dataclass(frozen=True)
class _Matrices:
    """All series, (series, days); NaN where there is no row."""

    value: Floats
    numerator: Floats
    denominator: Floats
    n: Floats

    @classmethod
    def of(cls, cells: Mapping[str, Any], series: int, first: int, days: int) -> "_Matrices":
        places = (cells["series"], cells["day"] - first)
        found = {}
        for name in ("value", "numerator", "denominator", "n"):
            found[name] = np.full((series, days), np.nan)
            found[name][places] = np.ma.filled(cells[name], np.nan)
        return cls(**found)

    def observations(
        self, law: str, places: list[int], whole: list[int], last: Ints, season: Ints
    ) -> Observations:
        """Series of one law. Counts and rates of a day without events are 0, from their first one
        on (a rate is over the same of all segments); of what has nothing to count there is no
        figure, and what it is a share of is watched itself.
        """
        value, numerator = self.value[places], self.numerator[places]
        has = np.isfinite(value)
        is_there = has
        size = self.n[places] if law in ("mean", "duration") else self.denominator[places]
        if law in ("count", "rate"):
            in_time = np.arange(value.shape[1])[None, :] <= last[places][:, None]
            is_there = (np.cumsum(has, axis=1) > 0) & in_time
            value = np.where(is_there & ~has, 0.0, value)
            numerator = np.where(is_there, np.nan_to_num(numerator), np.nan)
        if law == "rate":
            size = self.denominator[whole]
        if law != "count":
            is_there = is_there & (np.nan_to_num(size) > 0)
        unknown = np.full(value.shape, np.nan)
        return Observations(law, value, numerator, size, unknown, season, is_there)
