"""The series that the detector watches: days and hours of the KPIs that the catalogue gives a law.
 Each is watched as a whole and by handling, channel, category and team. Only buckets that are over
and whole are seen: a day that the slowest source has not reached, or whose outcome is still open,
is not there yet, which is a matter of freshness.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from expectations.anomalies.baseline import Ints
from expectations.anomalies.calendar import LAUNCH, Calendar, Event
from expectations.anomalies.grains import DAY, Grain
from expectations.anomalies.hours import BUCKETS
from expectations.anomalies.incidents import LEARNED_RULES
from expectations.anomalies.laws import Bools, Floats
from expectations.anomalies.observations import Observations
from expectations.anomalies.public_days import public_days

SLICES = ("handling", "channel", "category", "team")
# Counts that are fewer tickets off are nothing to act upon.
LEAST_EVENTS = 5
# Where a KPI names no least number of things behind a figure.
FEWEST = 5

_SERIES = f"""
select
    catalog.law,
    coalesce(catalog.min_n, {FEWEST}) as fewest,
    buckets.kpi, buckets.stat, {", ".join(f"buckets.{name}" for name in SLICES)},
    max(buckets.period_start) as until,
    max(buckets.attribution) = 'as_of' as is_stock,
    row_number() over (order by buckets.kpi, {", ".join(f"buckets.{name}" for name in SLICES)}) - 1
        as series
from {BUCKETS} as buckets
inner join marts.kpi_catalog as catalog
    on buckets.kpi = catalog.kpi and buckets.stat = catalog.watched_stat
left join (
    select distinct kpi, stat, {", ".join(SLICES)} from marts.alerts
    where recovered_at is null and grain = $grain and rule in {LEARNED_RULES}
) as standing
    on buckets.kpi = standing.kpi and buckets.stat = standing.stat
    and {" and ".join(f"buckets.{name} = standing.{name}" for name in SLICES)}
where buckets.grain = $grain and buckets.customer_segment = 'all'
    and buckets.period_start >= $since and not buckets.is_partial and buckets.is_mature
    -- The sums over them are watched, which add up too.
    and buckets.handling not in ('ai_only', 'hybrid', 'human_only')
group by
    catalog.law, catalog.min_n, buckets.kpi, buckets.stat,
    {", ".join(f"buckets.{name}" for name in SLICES)}
-- Of hours: those that can be judged and are not too thin, or are so because nothing comes.
having min(buckets.period_start) <= $learned
    and coalesce(sum(case when buckets.period_start >= $recent then buckets.n end), 0) >= $least
    or count(standing.kpi) > 0
order by series"""

_BUCKETS = f"""
select
    watched.series,
    date_diff($grain, $since, buckets.period_start) as bucket,
    buckets.value, buckets.numerator, buckets.denominator, cast(buckets.n as double) as n
from {BUCKETS} as buckets
inner join watched
    on buckets.kpi = watched.kpi and buckets.stat = watched.stat
    and {" and ".join(f"buckets.{name} = watched.{name}" for name in SLICES)}
where buckets.grain = $grain and buckets.customer_segment = 'all'
    and buckets.period_start >= $since and not buckets.is_partial and buckets.is_mature"""

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
    """Series of one law that the same events concern, over buckets that begin at `starts`; up to
    `decided` each has its figures.
    """

    grain: Grain
    keys: Sequence[Key]
    starts: Sequence[datetime]
    seen: Observations
    calendar: Calendar
    fewest: int
    decided: datetime
    is_stock: bool = False


@dataclass(frozen=True)
class _Scoped:
    """An event and whom it concerns; None is everybody."""

    event: Event
    kpi: str | None
    scope: tuple[tuple[str, str | None], ...]

    @property
    def is_of_all(self) -> bool:
        return self.kpi is None and not any(wanted for _, wanted in self.scope)

    def concerns(self, key: Key) -> bool:
        """What moves a segment moves whatever it may be a part of: not its siblings."""
        return self.kpi in (None, key.kpi) and all(
            wanted is None or getattr(key, name) in ("all", wanted) for name, wanted in self.scope
        )


def newest_bucket(connection: duckdb.DuckDBPyConnection, grain: Grain) -> datetime | None:
    """The newest bucket that is over for all sources; None where there is none."""
    row = connection.execute(
        "select max(period_start) from marts.kpi_values where grain = ? and not is_partial",
        [grain.name],
    ).fetchone()
    return row[0] if row else None


def read_watched(
    connection: duckdb.DuckDBPyConnection,
    newest: datetime,
    grain: Grain = DAY,
    country: str | None = None,
) -> list[Watched]:
    """All that is watched up to the bucket `newest`, by law, by how much it takes to say something,
    and by the events that concern it: those of the account, and public days of its `country`.
    """
    since, window = newest - grain.look_back, grain.rules.window
    asked = {"grain": grain.name, "since": since}
    thin = {
        "learned": newest - grain.rules.learning * grain.step if grain.least else newest,
        "recent": newest - window * grain.step,
        "least": grain.least * window,
    }
    connection.execute(f"create or replace temp table watched as {_SERIES}", {**asked, **thin})
    told = connection.execute("select * from watched order by series").fetchall()
    cells = connection.execute(_BUCKETS, asked).fetchnumpy()
    connection.execute("drop table watched")
    if not told:
        return []
    events = _events(connection, public_days(country, since.date(), newest.date()))
    first = int(np.min(cells["bucket"]))
    starts = [
        since + place * grain.step for place in range(first, (newest - since) // grain.step + 1)
    ]
    is_plain = _plain(connection, starts, grain)
    all_of = _Matrices.of(cells, len(told), first, is_plain)
    keys = [Key(*row[2:8]) for row in told]
    whole = {key.kpi: place for place, key in enumerate(keys) if key.slice is None}
    ends = np.array([(row[8] - starts[0]) // grain.step for row in told])
    last = np.array(
        [ends[whole[key.kpi]] if key.kpi in whole else ends[at] for at, key in enumerate(keys)]
    )
    groups: dict[tuple[str, int, bool, tuple[int, ...]], list[int]] = {}
    for place, (row, key) in enumerate(zip(told, keys, strict=True)):
        concerned = tuple(at for at, event in enumerate(events) if event.concerns(key))
        groups.setdefault((row[0], int(row[1]), bool(row[9]), concerned), []).append(place)
    season = np.array([grain.season(start) for start in starts], np.int64)
    return [
        Watched(
            grain=grain,
            keys=[keys[place] for place in places],
            starts=starts,
            seen=all_of.observations(
                law, places, [whole.get(keys[place].kpi, place) for place in places], last, season
            ),
            calendar=Calendar([events[at].event for at in concerned]),
            fewest=fewest,
            decided=starts[int(last[places].min())],
            is_stock=is_stock,
        )
        for (law, fewest, is_stock, concerned), places in groups.items()
    ]


def _plain(
    connection: duckdb.DuckDBPyConnection, starts: Sequence[datetime], grain: Grain
) -> Bools:
    """Buckets that are as long as the others: not the hours that a change of the clock skips or
    doubles.
    """
    row = connection.execute("select timezone from marts.account").fetchone()
    zone = ZoneInfo(row[0]) if row else None
    if zone is None or grain is DAY:
        return np.ones(len(starts), bool)
    offsets = (
        (start.replace(tzinfo=zone).utcoffset(), start.replace(tzinfo=zone, fold=1).utcoffset())
        for start in starts
    )
    return np.array([first == second for first, second in offsets], bool)


def _events(connection: duckdb.DuckDBPyConnection, public: Sequence[Event]) -> list[_Scoped]:
    """What the account says of its days, and of the public days those of which it says nothing."""
    told = [
        _Scoped(
            Event(*row[:5]),
            row[5],
            tuple(zip(("channel", "category", "handling", "team"), row[6:], strict=True)),
        )
        for row in connection.execute(_EVENTS).fetchall()
    ]
    own = [each.event for each in told if each.is_of_all and each.event.kind != LAUNCH]
    known = [
        _Scoped(event, None, ())
        for event in public
        if not any(o.starts_on <= event.ends_on and event.starts_on <= o.ends_on for o in own)
    ]
    return [*told, *known]


@dataclass(frozen=True)
class _Matrices:
    """All series, (series, buckets); NaN where there is no row. `is_plain` (buckets,)."""

    value: Floats
    numerator: Floats
    denominator: Floats
    n: Floats
    is_plain: Bools

    @classmethod
    def of(cls, cells: Mapping[str, Any], series: int, first: int, is_plain: Bools) -> "_Matrices":
        places = (cells["series"], cells["bucket"] - first)
        found = {}
        for name in ("value", "numerator", "denominator", "n"):
            found[name] = np.full((series, len(is_plain)), np.nan)
            found[name][places] = np.ma.filled(cells[name], np.nan)
            found[name][:, ~is_plain] = np.nan
        return cls(**found, is_plain=is_plain)

    def observations(
        self, law: str, places: list[int], whole: list[int], last: Ints, season: Ints
    ) -> Observations:
        """Series of one law. Counts and rates of a bucket without events are 0, from their first
        one on (a rate is over the same of all segments); of what has nothing to count there is no
        figure, and what it is a share of is watched itself.
        """
        value, numerator = self.value[places], self.numerator[places]
        has = np.isfinite(value)
        is_there = has
        size = self.n[places] if law in ("mean", "duration") else self.denominator[places]
        if law in ("count", "rate"):
            in_time = np.arange(value.shape[1])[None, :] <= last[places][:, None]
            is_there = (np.cumsum(has, axis=1) > 0) & in_time & self.is_plain
            value = np.where(is_there & ~has, 0.0, value)
            numerator = np.where(is_there, np.nan_to_num(numerator), np.nan)
        if law == "rate":
            size = self.denominator[whole]
        if law != "count":
            is_there = is_there & (np.nan_to_num(size) > 0)
        unknown = np.full(value.shape, np.nan)
        return Observations(law, value, numerator, size, unknown, season, is_there)
