"""Incidents as they are told: rows of `marts.alerts`, with what the catalogue and figures add."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from reports.formats import Kind, kind_of, plain
from reports.notes import SEGMENTS
from reports.reading import local_time, rows

SEVERITIES = ("info", "warn", "high", "critical")
# What is no KPI: of the pipeline, and of the calendar.
PIPELINE = ("source_freshness", "pipeline_runs")
LAUNCH = "calendar_context"
# What is older was found by looking back, and is no news.
NEWS_DAYS = 7

# A detector's incident is news when it is not far behind the newest figure of its kind; the rules
# of the contracts look at the newest figure alone.
_SQL = f"""
with frontiers as (
    select kpi, stat, grain, max(period_start) as newest
    from marts.kpi_values
    where grain in ('day', 'hour') and period_start >= cast($now as date) - 60
        and not is_partial and is_mature
        and {" and ".join(f"{name} = 'all'" for name in SEGMENTS)}
    group by kpi, stat, grain
)
select
    alerts.alert_id, coalesce(alerts.group_id, alerts.alert_id) as group_id,
    alerts.kpi, alerts.stat, alerts.grain, {", ".join(f"alerts.{name}" for name in SEGMENTS)},
    alerts.rule, alerts.severity, alerts.state, alerts.is_suppressed,
    alerts.first_bucket, alerts.bucket, alerts.value, alerts.expected, alerts.lower, alerts.upper,
    alerts.score, alerts.drill_down, alerts.owner, alerts.protocol,
    catalog.label, status.unit as stat_unit, catalog.unit,
    -- Of several days together the number of the last one says nothing.
    case
        when not list_contains($learned, alerts.rule) or alerts.rule in ('anomaly', 'near')
        then figures.n
    end as n,
    alerts.recovered_at is not null as is_over,
    alerts.recovered_at >= alerts.opened_at
        and coalesce(alerts.changed_at, alerts.recovered_at) >= $now - interval '{NEWS_DAYS} days'
        as is_over_now,
    coalesce(alerts.changed_at, alerts.detected_at) >= $now - interval '{NEWS_DAYS} days' as is_new,
    coalesce(alerts.context, '') like 'the new level%' as is_accepted,
    (alerts.kpi in {PIPELINE} or account.data_as_of >= $now - interval '{NEWS_DAYS} days')
        and case
            when alerts.rule = 'launch'
            then alerts.bucket >= timezone(account.timezone, account.data_as_of)
                - interval '{NEWS_DAYS} days'
            when list_contains($learned, alerts.rule)
            then alerts.bucket >= frontiers.newest - interval '{NEWS_DAYS} days'
            else true
        end as is_recent,
    alerts.snoozed_until as asked_for,
    account.timezone, account.currency,
    epoch_us(alerts.recovered_at) as recovered_us
from marts.alerts as alerts
cross join marts.account as account
left join marts.kpi_catalog as catalog on alerts.kpi = catalog.kpi
left join (
    select kpi, stat, max(unit) as unit from marts.kpi_status group by kpi, stat
) as status on alerts.kpi = status.kpi and alerts.stat = status.stat
left join frontiers
    on alerts.kpi = frontiers.kpi and alerts.stat = frontiers.stat
    and alerts.grain = frontiers.grain
left join marts.kpi_values as figures
    on alerts.kpi = figures.kpi and alerts.stat = figures.stat and alerts.grain = figures.grain
    and alerts.bucket = figures.period_start
    and {" and ".join(f"alerts.{name} = figures.{name}" for name in SEGMENTS)}
where alerts.detected_at >= $now - interval '400 days'
order by alerts.alert_id"""


@dataclass(frozen=True)
class Part:
    """A segment that explains a deviation, with its share of it."""

    dimension: str
    segment: str
    share: float


@dataclass(frozen=True)
class Incident:
    """One row. `first` and `newest` are starts of its first and newest period, local time; `n` is
    how many the figure is made of. `is_recent`: its newest period is; `is_new`: so is what a run
    found of it, that it stands, is graver or over. `is_accepted`: it is over since it is the new
    level.
    """

    alert_id: str
    group_id: str
    kpi: str
    stat: str
    grain: str
    segments: Mapping[str, str]
    rule: str
    severity: str
    state: str
    is_suppressed: bool
    first: datetime
    newest: datetime
    value: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    score: float | None
    parts: tuple[Part, ...]
    owner: str
    protocol: str
    label: str
    kind: Kind
    currency: str
    n: int | None
    is_over: bool
    is_over_now: bool
    is_accepted: bool
    is_new: bool
    is_recent: bool
    asked_for: date | None
    recovered_at: datetime | None

    @property
    def rank(self) -> int:
        return SEVERITIES.index(self.severity)

    @property
    def is_open(self) -> bool:
        """Whether it stands, and nobody has said anything of it."""
        return self.state == "open" and not self.is_over and not self.is_suppressed

    @property
    def is_settled(self) -> bool:
        """Whether it asks for nothing any more though it may stand."""
        return self.is_suppressed or self.state in ("expected", "wrong")

    @property
    def is_news(self) -> bool:
        """Whether it may be told for the first time."""
        return self.is_new and self.is_recent

    @property
    def figure_key(self) -> tuple[str, ...]:
        """What it is about, whichever rule broke."""
        return (self.kpi, self.stat, self.grain, *self.segments.values())


def read_incidents(
    connection: duckdb.DuckDBPyConnection, now: datetime, learned: Sequence[str]
) -> list[Incident]:
    """All incidents of the last 400 days, from a warehouse; `learned` are the rules that look back
    over days and hours.
    """
    asked = {"now": now, "learned": list(learned)}
    return [_incident(row) for row in rows(connection, _SQL, asked)]


def _incident(row: dict[str, Any]) -> Incident:
    unit = row["stat_unit"] or row["unit"] or ""
    is_pipeline = row["kpi"] in PIPELINE
    parts = json.loads(row["drill_down"]) if row["drill_down"] else []
    return Incident(
        **{
            name: row[name]
            for name in (
                "alert_id", "group_id", "kpi", "grain", "rule", "severity", "state",
                "is_suppressed", "value", "expected", "lower", "upper", "score", "currency",
                "n", "is_over", "asked_for",
            )
        },
        stat=plain(row["stat"]),
        segments={name: plain(row[name]) for name in SEGMENTS},
        first=row["first_bucket"] or row["bucket"],
        newest=row["bucket"],
        parts=tuple(Part(p["dimension"], plain(p["segment"]), p["share"]) for p in parts),
        owner=plain(row["owner"]),
        protocol=plain(row["protocol"]),
        label=plain(row["label"] or row["kpi"]).split(" (")[0],
        kind="seconds" if is_pipeline else kind_of(row["kpi"], row["stat"], unit),
        is_over_now=bool(row["is_over_now"]),
        is_accepted=bool(row["is_accepted"]),
        is_new=bool(row["is_new"]),
        is_recent=bool(row["is_recent"]),
        recovered_at=local_time(row["recovered_us"], row["timezone"]),
    )  # fmt: skip
