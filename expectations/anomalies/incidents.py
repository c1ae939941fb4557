"""Incidents: a breach becomes one row of `marts.alerts`, which stays until the breach is over.

A breach is a figure over a threshold of its KPI's contract, a source that has gone quiet, or a step
of the pipeline that fails. One incident is open at most per figure and rule, so the same breach
seen again changes nothing, and a figure that is back closes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import duckdb

from expectations.anomalies.answers import SETTLED

SEGMENTS = ("handling", "channel", "category", "team", "customer_segment")
CALENDAR = "calendar_context"
FRESHNESS = "source_freshness"
PIPELINE = "pipeline_runs"
# Rules about the pipeline itself, which are known whatever the marts say.
OWN_RULES = ("late", "failed")
# Those of the detector, which knows itself when they are over.
LEARNED_RULES = (
    "anomaly", "anomaly_3d", "anomaly_7d", "anomaly_14d", "anomaly_3h", "anomaly_6h",
    "anomaly_12h", "dead_feed", "near",
)  # fmt: skip

# So long a new level is learned after a launch.
LEARNED_AFTER_DAYS = 21

# Columns of marts.alerts: type, and what it says.
_COLUMNS: Mapping[str, tuple[str, str]] = {
    "alert_id": ("varchar", "Names the incident; the same for the same breach."),
    "kpi": ("varchar", "The KPI, source_freshness, pipeline_runs or calendar_context."),
    "stat": (
        "varchar",
        "Its stat, the source that has gone quiet, the step that fails, or what was launched.",
    ),
    "grain": ("varchar", "Length of the period that was judged."),
    **{name: ("varchar", f"Segment by {name}; all = not sliced.") for name in SEGMENTS},
    "rule": (
        "varchar",
        "The rule that is broken: below, above, …_baseline_…, stale, late, failed; launch while a"
        " new level is learned; near of what is close to a limit; anomaly and"
        " anomaly_7d or _6h, of as many days or hours together, and dead_feed are the detector''s.",
    ),
    "severity": (
        "varchar",
        "info of a change for the better, warn, high, or critical where a feed is dead.",
    ),
    "state": (
        "varchar",
        "open or recovered, or what somebody said of it: acknowledged, snoozed, expected, wrong.",
    ),
    "bucket": ("timestamp", "Start of the newest period in breach, local wall time."),
    "detected_at": ("timestamptz", "When a run first saw it."),
    "value": ("double", "The figure in breach, in the unit of the stat."),
    "expected": ("double", "Its baseline: of 30 days, or the detector''s; NULL without one."),
    "lower": ("double", "The least that the rule accepts; NULL if it was passed upwards."),
    "upper": ("double", "The most that the rule accepts; NULL if it was passed downwards."),
    "score": ("double", "How unlikely it is at its worst, as a z; NULL for thresholds."),
    "context": ("varchar", "What the calendar knows of the period."),
    "is_suppressed": ("boolean", "True: expected by the calendar, kept but not told."),
    "owner": ("varchar", "Who answers for it."),
    "protocol": ("varchar", "What the owner does."),
    "opened_at": ("timestamptz", "Up to when the data reached when it opened."),
    "recovered_at": ("timestamptz", "Up to when the data reached when it was over."),
    "notified_at": ("timestamptz", "When its owner was told; NULL if not."),
    "drill_down": ("varchar", "The segments that explain it, as JSON; NULL for thresholds."),
    "first_bucket": ("timestamp", "Start of the first period in breach, local wall time."),
    "answer": (
        "varchar",
        "What somebody last said of it: ack, snooze, expected or wrong; NULL = nothing.",
    ),
    "snoozed_until": ("date", "When somebody wants to hear of it again; NULL = was not snoozed."),
    "changed_at": (
        "timestamptz",
        "When a run last found that it stands, is over, is graver or less so, or is excused.",
    ),
    "group_id": ("varchar", "The first incident of those that are one event with it."),
}

_CREATE = "create table if not exists marts.alerts ({})".format(
    ", ".join(f"{name} {kind}" for name, (kind, _) in _COLUMNS.items())
)

# Incidents outlive the code that opened them: a column that they lack is added.
COMPLETE = [
    f"alter table marts.alerts add column if not exists {name} {kind}"
    for name, (kind, _) in _COLUMNS.items()
]

_BREACHES = f"""
create or replace temp table breaches as
select * from (
select
    status.kpi, status.stat, status.grain, {", ".join(f"status.{name}" for name in SEGMENTS)},
    status.breach_rule as rule,
    case when catalog.tier = 'headline' then 'high' else 'warn' end as severity,
    status.period_start as bucket,
    status.value,
    status.baseline_30d as expected,
    case when status.value < status.breach_bound then status.breach_bound end as lower,
    case when status.value >= status.breach_bound then status.breach_bound end as upper,
    status.context_note as context,
    status.is_expected as is_suppressed,
    status.owner,
    status.protocol,
    status.data_as_of
from marts.kpi_status as status
inner join marts.kpi_catalog as catalog on status.kpi = catalog.kpi
where status.is_breach
union all
select
    '{FRESHNESS}', source, 'hour', 'all', 'all', 'all', 'all', 'all', 'stale', 'high',
    timezone('UTC', coalesce(last_instant_at, data_as_of)),
    epoch(data_as_of) - epoch(last_instant_at), null, null, 172800, null, false,
    'Analytics engineer', 'Check the source and its credentials; run `bookbag sources`.', data_as_of
from marts.source_freshness
where is_stale
union all
select
    '{CALENDAR}', launch.name, 'day', 'all', 'all', 'all', 'all', 'all', 'launch', 'info',
    cast(launch.starts_on as timestamp), null, null, null, null, null, false,
    'Analytics engineer', 'Nothing: deviations are told again when the new level is known.',
    account.data_as_of
from (
    select distinct name, kind, starts_on from core.dim_calendar_context
) as launch
cross join marts.account as account
where launch.kind = 'launch'
    and cast(timezone(account.timezone, account.data_as_of) as date) between launch.starts_on
        and launch.starts_on + {LEARNED_AFTER_DAYS}
) where ?"""

_SAME = " and ".join(
    f"alerts.{name} = breaches.{name}" for name in ("kpi", "stat", "grain", *SEGMENTS, "rule")
)

# What people have said of an incident stays said when it is over.
OVER = f"case when alerts.state in {SETTLED} then alerts.state else 'recovered' end"

# One that stands again is what somebody said of it.
STANDS = f"""case
    when alerts.state in {SETTLED} then alerts.state
    when alerts.answer = 'ack' then 'acknowledged'
    when alerts.answer = 'snooze' then 'snoozed'
    else 'open'
end"""

# The same period in breach once more is the same incident.
_REOPEN = f"""
update marts.alerts as alerts
set recovered_at = null,
    state = {STANDS}
from breaches
where alerts.recovered_at is not null and {_SAME}
    and breaches.bucket between alerts.first_bucket and alerts.bucket
    and not exists (
        select 1 from marts.alerts as standing
        where standing.recovered_at is null
            and {_SAME.replace("alerts.", "standing.")}
    )"""

_UPDATE = f"""
update marts.alerts as alerts
set severity = breaches.severity, bucket = breaches.bucket, value = breaches.value,
    expected = breaches.expected, lower = breaches.lower, upper = breaches.upper,
    context = breaches.context,
    is_suppressed = breaches.is_suppressed, owner = breaches.owner, protocol = breaches.protocol
from breaches
where alerts.recovered_at is null and {_SAME}"""

_RECOVER = f"""
update marts.alerts as alerts
set state = {OVER}, recovered_at = (select data_as_of from marts.account)
where alerts.recovered_at is null
    and (? or alerts.rule in {OWN_RULES})
    and alerts.rule not in {LEARNED_RULES}
    and not exists (select 1 from breaches where {_SAME})"""

_OPEN = f"""
insert into marts.alerts by name
select
    substr(sha256(concat_ws('|', breaches.kpi, breaches.stat, breaches.grain,
        {", ".join(f"breaches.{name}" for name in SEGMENTS)}, breaches.rule,
        cast(breaches.bucket as varchar))), 1, 12) as alert_id,
    breaches.kpi, breaches.stat, breaches.grain,
    {", ".join(f"breaches.{name}" for name in SEGMENTS)},
    breaches.rule, breaches.severity, 'open' as state, breaches.bucket, ? as detected_at,
    breaches.value, breaches.expected, breaches.lower, breaches.upper, null as score,
    breaches.context, breaches.is_suppressed, breaches.owner, breaches.protocol,
    breaches.data_as_of as opened_at, null as recovered_at, null as notified_at,
    null as drill_down, breaches.bucket as first_bucket, null as answer, null as snoozed_until,
    null as changed_at,
    null as group_id
from breaches
where not exists (
    select 1 from marts.alerts as alerts where alerts.recovered_at is null and {_SAME}
)"""


@dataclass(frozen=True)
class Fault:
    """A step of the pipeline that has failed each time since `since`; `cure` is what it says."""

    step: str
    since: datetime
    cure: str


@dataclass(frozen=True)
class Incidents:
    """Incidents after an update: open ones, and how many of them are new."""

    open: int
    new: int


_LATE = f"""
insert into breaches
select
    '{FRESHNESS}', ?, 'hour', 'all', 'all', 'all', 'all', 'all', 'late', 'high',
    date_trunc('hour', timezone('UTC', coalesce(cast(? as timestamptz), cast(? as timestamptz)))),
    epoch(cast(? as timestamptz)) - epoch(cast(? as timestamptz)), null, null, ?, null, false,
    'Analytics engineer', 'Check the source and its credentials; run `bookbag sources`.',
    data_as_of
from marts.account"""

_FAILED = f"""
insert into breaches
select
    '{PIPELINE}', ?, 'hour', 'all', 'all', 'all', 'all', 'all', 'failed', 'high',
    timezone('UTC', cast(? as timestamptz)), null, null, null, null, null, false,
    'Analytics engineer', ?, data_as_of
from marts.account"""


def update_incidents(
    connection: duckdb.DuckDBPyConnection,
    now: datetime,
    late: Mapping[str, datetime | None] = MappingProxyType({}),
    allowances: Mapping[str, timedelta] = MappingProxyType({}),
    faults: Sequence[Fault] = (),
    is_judged: bool = True,
) -> Incidents:
    """Brings `marts.alerts` up to what `marts.kpi_status` and `marts.source_freshness` say.

    `late` are sources whose last load (None = never) is longer before `now` than their allowance.
    Marts that are not judged tell nothing: incidents of figures then stay as they are.
    """
    connection.execute("begin")
    connection.execute(_CREATE)
    for added in COMPLETE:
        connection.execute(added)
    for name, (_, said) in _COLUMNS.items():
        connection.execute(f"comment on column marts.alerts.{name} is '{said}'")
    connection.execute(_BREACHES, [is_judged])
    for source, loaded_at in late.items():
        limit = allowances.get(source, timedelta(0)).total_seconds()
        connection.execute(_LATE, [source, loaded_at, now, now, loaded_at, limit])
    for fault in faults:
        connection.execute(_FAILED, [fault.step, fault.since, fault.cure])
    connection.execute(_REOPEN)
    connection.execute(_UPDATE)
    connection.execute(_RECOVER, [is_judged])
    connection.execute(_OPEN, [now])
    connection.execute("drop table breaches")
    connection.execute("commit")
    return count_incidents(connection, now)


def remember_incidents(connection: duckdb.DuckDBPyConnection) -> None:
    """Before they are brought up to date: how they stood, for `note_changed`."""
    connection.execute(_CREATE)
    for added in COMPLETE:
        connection.execute(added)
    connection.execute(
        "create or replace temp table stood as select alert_id, recovered_at is null as stands,"
        " severity, is_suppressed from marts.alerts"
    )


def note_changed(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Writes `changed_at` of what stands, is over, is graver or excused since then."""
    connection.execute(
        "update marts.alerts as alerts set changed_at = ? where not exists ("
        " select 1 from stood where stood.alert_id = alerts.alert_id"
        " and stood.stands = (alerts.recovered_at is null) and stood.severity = alerts.severity"
        " and stood.is_suppressed = alerts.is_suppressed)",
        [now],
    )
    connection.execute("drop table stood")


def count_incidents(connection: duckdb.DuckDBPyConnection, now: datetime) -> Incidents:
    """Those that are open, ask for somebody and are not excused by the calendar; new ones are first
    seen at `now`.
    """
    found = connection.execute(
        "select count(*), count(case when detected_at = ? then 1 end)"
        f" from marts.alerts where recovered_at is null and state not in {SETTLED}"
        " and not is_suppressed and severity <> 'info'",
        [now],
    ).fetchone()
    return Incidents(*(found or (0, 0)))
