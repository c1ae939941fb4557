"""What the detector finds in the marts, brought into `marts.alerts`; and what it keeps for the next
run.

Figures of the last week still change, so it is judged again each time: a deviation that is found
again is the same incident, with its newest figures; one that is no more was none.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from typing import Any, Final

import duckdb
import pyarrow as pa

from expectations.anomalies.deviations import (
    Deviation,
    begin_of,
    keep,
    restore,
    walk,
)
from expectations.anomalies.grains import GRAINS, HOUR, Grain
from expectations.anomalies.hours import keep_hours
from expectations.anomalies.incidents import LEARNED_RULES as RULES
from expectations.anomalies.incidents import OVER, STANDS
from expectations.anomalies.kept import Kept
from expectations.anomalies.watched import SLICES, Watched, newest_bucket, read_watched

KEYS: Final = ("kpi", "stat", *SLICES)
# A figure whose outcome is open for longer is not waited for.
LONGEST_OPEN: Final = 100
# z from which a deviation is more than a warning.
HIGH: Final = 6.0

_FOUND = pa.schema(
    [
        ("alert_id", pa.string()), *((name, pa.string()) for name in KEYS),
        ("rule", pa.string()), ("severity", pa.string()), ("state", pa.string()),
        ("bucket", pa.timestamp("us")), ("first_bucket", pa.timestamp("us")),
        ("value", pa.float64()), ("expected", pa.float64()), ("lower", pa.float64()),
        ("upper", pa.float64()), ("score", pa.float64()), ("context", pa.string()),
        ("is_suppressed", pa.bool_()), ("recovered_in", pa.timestamp("us")),
        ("drill_down", pa.string()),
    ]
)  # fmt: skip

# Of what stood before the buckets that were judged again, the worst may lie before them.
_WORST = (
    "case when alerts.first_bucket <= $judged_until and abs(alerts.score) > abs(found.score)"
    " then alerts.{0} else found.{0} end"
)
_UPDATE = f"""
update marts.alerts as alerts
set rule = found.rule, severity = {_WORST.format("severity")}, score = {_WORST.format("score")},
    bucket = found.bucket,
    state = case
        when found.recovered_in is not null then {OVER}
        when alerts.state = 'recovered' then {STANDS}
        else alerts.state
    end,
    is_suppressed = found.is_suppressed,
    value = found.value, expected = found.expected, lower = found.lower, upper = found.upper,
    context = found.context, drill_down = found.drill_down,
    recovered_at = timezone(account.timezone, found.recovered_in + $step)
from found, marts.account as account
where alerts.alert_id = found.alert_id"""

_INSERT = f"""
insert into marts.alerts by name
select
    found.alert_id, {", ".join(f"found.{name}" for name in KEYS)}, $grain as grain,
    'all' as customer_segment, found.rule, found.severity, found.state,
    found.bucket, found.first_bucket,
    $now as detected_at, found.value, found.expected, found.lower, found.upper, found.score,
    found.context, found.is_suppressed, found.drill_down, catalog.owner, catalog.protocol,
    least(account.data_as_of, timezone(account.timezone, found.first_bucket + $step)) as opened_at,
    timezone(account.timezone, found.recovered_in + $step) as recovered_at
from found
inner join marts.kpi_catalog as catalog on found.kpi = catalog.kpi
cross join marts.account as account
where found.alert_id not in (select alert_id from marts.alerts)"""

# A change for the better is no warning.
_BETTER = """
update found set severity = 'info'
from marts.kpi_catalog as catalog
where catalog.kpi = found.kpi and found.rule <> 'dead_feed'
    and (catalog.direction = 'up' and found.score > 0
        or catalog.direction = 'down' and found.score < 0)"""

# One that breaks its contract too is more than a warning.
_CONTRACT = """
update found set severity = 'high'
from marts.kpi_catalog as catalog
where catalog.kpi = found.kpi and catalog.target_stat = found.stat and found.severity = 'warn'
    and (found.value < catalog.alert_below or found.value > catalog.alert_above)"""

# What stood in the buckets that were judged again, and is not found any more.
_VANISHED = f"""
update marts.alerts as alerts
set state = {OVER}, recovered_at = account.data_as_of
from marts.account as account
where alerts.recovered_at is null and alerts.rule in {RULES} and alerts.grain = $grain
    and alerts.alert_id not in (select alert_id from found where state = 'open')
    and not (alerts.is_suppressed and list_contains($active, alerts.context))"""


def detect(
    connection: duckdb.DuckDBPyConnection,
    now: datetime,
    *,
    again: bool = True,
    country: str | None = None,
) -> None:
    """Judges the days and hours that are new and those whose figures may have changed, and brings
    the incidents up to that. Without `again` nothing is done where none has ended since the last
    time. `country`: whose public holidays are days of the calendar.

    Needs `marts.alerts` and the tables `anomaly_memory`, `anomaly_judged` and `anomaly_hours` of
    `raw_bookbag`.
    """
    for grain in GRAINS:
        _detect(connection, grain, now, again, country)


def _detect(
    connection: duckdb.DuckDBPyConnection,
    grain: Grain,
    now: datetime,
    again: bool,
    country: str | None,
) -> None:
    newest = newest_bucket(connection, grain)
    if newest is None:
        return
    kept, judged_until, before = _remembered(connection, grain)
    if newest == before and not again:
        return
    if judged_until is not None and newest < judged_until:
        # Who looks back to an earlier time begins anew.
        kept, judged_until = {}, None
    if grain is HOUR:
        keep_hours(connection, newest)
    groups = read_watched(connection, newest, grain, country)
    if not groups:
        return
    # What is not decided yet has to be judged when it is.
    decided = max(min(group.decided for group in groups), newest - LONGEST_OPEN * grain.step)
    until = decided - grain.rejudged * grain.step
    until = max(until, judged_until) if judged_until else until
    deviations, memories = _walk(groups, kept, judged_until, until)
    active = [
        _context(event.name)
        for group in groups
        if (event := group.calendar.at(newest.date())) is not None
    ]
    connection.execute("begin")
    _merge(connection, grain, deviations, active, judged_until, now)
    _remember(connection, grain, memories, until, newest)
    connection.execute("commit")


def _walk(
    groups: Sequence[Watched], kept: dict[str, Kept], judged_until: datetime | None, until: datetime
) -> tuple[list[Deviation], list[Kept]]:
    """The deviations, and what to keep of the buckets up to `until`."""
    memories = [restore(watched, kept) for watched in groups]
    starts = groups[0].starts
    standing = {
        key: Deviation.standing(key, kept[key.name].opened or starts[0], judged_until or starts[0])
        for watched, memory in zip(groups, memories, strict=True)
        for series, key in enumerate(watched.keys)
        if key.name in kept and memory.opened[series] >= 0
    }

    def remembered() -> list[Kept]:
        both = zip(groups, memories, strict=True)
        return [each for watched, memory in both for each in keep(watched, memory)]

    kept_now, found = remembered(), list(standing.values())
    for bucket, state in walk(groups, memories, begin_of(groups[0], judged_until), standing):
        if starts[bucket] == until:
            kept_now = remembered()
        found = state.found
    return found, kept_now


def _merge(
    connection: duckdb.DuckDBPyConnection,
    grain: Grain,
    deviations: Sequence[Deviation],
    active: Sequence[str],
    judged_until: datetime | None,
    now: datetime,
) -> None:
    """`active`: contexts of the events that the newest bucket is one of."""
    known = _known(connection, grain)
    rows = [_row(deviation, _id(grain, deviation, known)) for deviation in deviations]
    connection.register("deviations", pa.Table.from_pylist(rows, _FOUND))
    # Of one that stood before only its end may be known.
    connection.execute(
        "create or replace temp table found as select * from deviations"
        " qualify row_number() over (partition by alert_id order by first_bucket desc) = 1"
    )
    connection.unregister("deviations")
    connection.execute(
        "update found set bucket = alerts.bucket, value = alerts.value,"
        " expected = alerts.expected, lower = alerts.lower, upper = alerts.upper,"
        " score = alerts.score, severity = alerts.severity, rule = alerts.rule,"
        " context = alerts.context, drill_down = alerts.drill_down"
        " from marts.alerts as alerts"
        " where alerts.alert_id = found.alert_id and found.score is null"
    )
    connection.execute("delete from found where score is null")
    connection.execute(_BETTER)
    connection.execute(_CONTRACT)
    connection.execute(_UPDATE, {"step": grain.step, "judged_until": judged_until})
    connection.execute(_INSERT, {"step": grain.step, "grain": grain.name, "now": now})
    connection.execute(_VANISHED, {"grain": grain.name, "active": list(active)})
    connection.execute("drop table found")


@dataclass(frozen=True)
class _Known:
    """An incident that is there: its time, what excuses it, and whether it stands."""

    alert_id: str
    first: datetime
    newest: datetime
    is_suppressed: bool
    context: str | None
    is_standing: bool


def _known(
    connection: duckdb.DuckDBPyConnection, grain: Grain
) -> dict[tuple[str, ...], list[_Known]]:
    """Incidents by series, the oldest first."""
    rows = connection.execute(
        "select alert_id, first_bucket, bucket, is_suppressed,"
        f" context, recovered_at is null, {', '.join(KEYS)} from marts.alerts"
        f" where rule in {RULES} and grain = ? order by first_bucket",
        [grain.name],
    ).fetchall()
    known: dict[tuple[str, ...], list[_Known]] = {}
    for row in rows:
        known.setdefault(tuple(row[6:]), []).append(_Known(*row[:6]))
    return known


def _id(grain: Grain, deviation: Deviation, known: dict[tuple[str, ...], list[_Known]]) -> str:
    """That of the incident whose time or event it shares, else one of its own."""
    key = astuple(deviation.key)
    for other in known.get(key, []):
        is_shared = deviation.first <= other.newest and other.first <= deviation.newest
        if deviation.is_muted:
            # One that somebody called expected is excused from then on.
            is_event = other.is_standing and other.context == _context(deviation.event)
            is_same = is_shared or (other.is_suppressed and is_event)
        else:
            is_same = is_shared and not other.is_suppressed
        if is_same and (deviation.score is not None or other.is_standing):
            return other.alert_id
    told = "|".join((grain.name, *key, str(deviation.is_muted), str(deviation.first)))
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _context(event: str | None) -> str:
    return f"expected: {event}"


def _row(deviation: Deviation, alert_id: str) -> dict[str, Any]:
    is_over = deviation.recovered is not None
    context = _context(deviation.event) if deviation.is_muted else None
    if deviation.is_accepted:
        context = "the new level, since it has lasted five weeks"
    is_high = abs(deviation.score or 0) >= HIGH
    severity = "info" if deviation.rule == "near" else "high" if is_high else "warn"
    return {
        "alert_id": alert_id,
        **asdict(deviation.key),
        "rule": deviation.rule,
        "severity": "critical" if deviation.rule == "dead_feed" else severity,
        "state": "recovered" if is_over else "open",
        "bucket": deviation.newest,
        "first_bucket": deviation.first,
        "value": deviation.value,
        "expected": deviation.expected,
        "lower": deviation.lower,
        "upper": deviation.upper,
        "score": deviation.score,
        "context": context,
        "is_suppressed": deviation.is_muted,
        "recovered_in": deviation.recovered,
        "drill_down": json.dumps([_part(part) for part in deviation.parts])
        if deviation.parts
        else None,
    }


def _part(part: Any) -> dict[str, Any]:
    return {
        "dimension": part.dimension,
        "segment": part.segment.name,
        "share": round(part.share, 3),
        "value": round(part.segment.value, 4),
        "expected": round(part.segment.expected, 4),
    }


def _remembered(
    connection: duckdb.DuckDBPyConnection, grain: Grain
) -> tuple[dict[str, Kept], datetime | None, datetime | None]:
    rows = connection.execute(
        "select * from raw_bookbag.anomaly_memory where grain = ?", [grain.name]
    ).fetchall()
    judged = connection.execute(
        "select judged_until, newest from raw_bookbag.anomaly_judged where grain = ?", [grain.name]
    ).fetchone()
    return {row[1]: Kept(*row) for row in rows}, *(judged or (None, None))


def _remember(
    connection: duckdb.DuckDBPyConnection,
    grain: Grain,
    memories: Sequence[Kept],
    until: datetime,
    newest: datetime,
) -> None:
    connection.execute("delete from raw_bookbag.anomaly_memory where grain = ?", [grain.name])
    if memories:
        rows = pa.Table.from_pylist([asdict(memory) for memory in memories])
        connection.register("memories", rows)
        connection.execute("insert into raw_bookbag.anomaly_memory by name from memories")
        connection.unregister("memories")
    connection.execute("delete from raw_bookbag.anomaly_judged where grain = ?", [grain.name])
    connection.execute(
        "insert into raw_bookbag.anomaly_judged values (?, ?, ?)", [grain.name, until, newest]
    )
