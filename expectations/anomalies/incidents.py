"""Incidents: a breach becomes one row of `marts.alerts`, which stays until the breach is over.

A breach is a figure over a threshold of its KPI's contract, or a source that has gone quiet. One
incident is open at most per figure and rule, so the same breach seen again changes nothing, and a
figure that is back closes it.
"""

from dataclasses import dataclass
from datetime import datetime

import duckdb

SEGMENTS = ("handling", "channel", "category", "team", "customer_segment")
FRESHNESS = "source_freshness"

_CREATE = f"""
create table if not exists marts.alerts (
    alert_id varchar, kpi varchar, stat varchar, grain varchar,
    {", ".join(f"{name} varchar" for name in SEGMENTS)},
    rule varchar, severity varchar, state varchar, bucket timestamp, detected_at timestamptz,
    value double, expected double, lower double, upper double, score double, context varchar,
    is_suppressed boolean, owner varchar, protocol varchar, opened_at timestamptz,
    recovered_at timestamptz, notified_at timestamptz, drill_down varchar
)"""

# Alerts are told at the grain that a KPI is reviewed at; a rule with a grain of its own has one.
_BREACHES = f"""
create or replace temp table breaches as
select
    status.kpi, status.stat, status.grain, {", ".join(f"status.{name}" for name in SEGMENTS)},
    status.breach_rule as rule,
    case when catalog.tier = 'headline' then 'high' else 'warn' end as severity,
    status.period_start as bucket,
    status.value,
    status.baseline_30d as expected,
    case when status.breach_rule like 'below%' then status.breach_bound end as lower,
    case when status.breach_rule like 'above%' then status.breach_bound end as upper,
    status.context_note as context,
    status.context_note is not null as is_suppressed,
    status.owner,
    status.protocol,
    status.data_as_of
from marts.kpi_status as status
inner join marts.kpi_catalog as catalog on status.kpi = catalog.kpi
where status.is_breach
    and status.grain = case when catalog.cadence like 'monthly%' then 'month' else 'week' end
union all
select
    '{FRESHNESS}', source, 'hour', 'all', 'all', 'all', 'all', 'all', 'stale', 'high',
    timezone('UTC', coalesce(last_instant_at, data_as_of)),
    epoch(data_as_of) - epoch(last_instant_at), null, null, 172800, null, false,
    'Analytics engineer', 'Check the source and its credentials; run `bookbag sources`.', data_as_of
from marts.source_freshness
where is_stale"""

_SAME = " and ".join(
    f"alerts.{name} = breaches.{name}" for name in ("kpi", "stat", "grain", *SEGMENTS, "rule")
)

_UPDATE = f"""
update marts.alerts as alerts
set bucket = breaches.bucket, value = breaches.value, expected = breaches.expected,
    lower = breaches.lower, upper = breaches.upper, context = breaches.context,
    is_suppressed = breaches.is_suppressed, owner = breaches.owner, protocol = breaches.protocol
from breaches
where alerts.state = 'open' and {_SAME}"""

_RECOVER = f"""
update marts.alerts as alerts
set state = 'recovered', recovered_at = (select data_as_of from marts.account)
where alerts.state = 'open'
    and not exists (select 1 from breaches where {_SAME})"""

_OPEN = f"""
insert into marts.alerts
select
    substr(sha256(concat_ws('|', breaches.kpi, breaches.stat, breaches.grain,
        {", ".join(f"breaches.{name}" for name in SEGMENTS)}, breaches.rule,
        cast(breaches.bucket as varchar))), 1, 12) as alert_id,
    breaches.kpi, breaches.stat, breaches.grain,
    {", ".join(f"breaches.{name}" for name in SEGMENTS)},
    breaches.rule, breaches.severity, 'open' as state, breaches.bucket, ? as detected_at,
    breaches.value, breaches.expected, breaches.lower, breaches.upper, null as score,
    breaches.context, breaches.is_suppressed, breaches.owner, breaches.protocol,
    breaches.data_as_of as opened_at, null as recovered_at, null as notified_at, null as drill_down
from breaches
where not exists (select 1 from marts.alerts as alerts where alerts.state = 'open' and {_SAME})"""


@dataclass(frozen=True)
class Incidents:
    """Incidents after an update: open ones, and how many of them are new."""

    open: int
    new: int


def update_incidents(connection: duckdb.DuckDBPyConnection, now: datetime) -> Incidents:
    """Brings `marts.alerts` up to what `marts.kpi_status` and `marts.source_freshness` say."""
    connection.execute("begin")
    connection.execute(_CREATE)
    connection.execute(_BREACHES)
    connection.execute(_UPDATE)
    connection.execute(_RECOVER)
    connection.execute(_OPEN, [now])
    found = connection.execute(
        "select count(*), count(case when detected_at = ? then 1 end)"
        " from marts.alerts where state = 'open'",
        [now],
    ).fetchone()
    connection.execute("drop table breaches")
    connection.execute("commit")
    return Incidents(*(found or (0, 0)))
