"""What a reader must know beside the figures: open alerts, context, what is wrong with the data.

Each of these marts may be absent from a small copy: what it would tell is then unknown (None),
which the report says, and not empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from reports.diagnostics import belongs
from reports.formats import Kind, plain
from reports.periods import Period, Rhythm
from reports.published import Account, Kpi, Statuses
from reports.reading import has_table, local_time, rows

SEVERITIES = ("critical", "high", "warn")
# A change for the better is no alert to people who are to act.
INFORMATION = "info"
# Incidents that are no KPI's, in words.
PIPELINE_LABELS = {
    "source_freshness": "Late source",
    "pipeline_runs": "Failed step",
    "calendar_context": "Launch",
}
# An incident in one of these states asks nothing of anybody.
SETTLED = ("recovered", "expected", "wrong", "closed", "accepted", "learning")
# Incidents that say that a source is late: by its data, by its syncs, or because these fail.
LATE = f"""
    recovered_at is null and state not in {SETTLED} and (
        kpi = 'source_freshness' or (kpi = 'pipeline_runs' and starts_with(stat, 'ingest '))
    )
"""
# What headlines are made of, and the table that holds it.
FED = {
    "tickets": ("fct_tickets", "created_at"),
    "orders": ("fct_orders", "placed_at"),
    "ratings": ("fct_csat_ratings", "first_rated_at"),
}
# What has given nothing for so long before a period has ended, or is told of by its own incident.
ENDED = timedelta(days=28)
SEGMENTS = ("handling", "channel", "category", "team", "customer_segment")


@dataclass(frozen=True)
class Alert:
    """An open incident; `is_suppressed` ones are explained by their `context`."""

    alert_id: str
    label: str
    stat: str
    kind: Kind
    segment: str
    severity: str
    state: str
    opened_at: datetime | None
    value: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    context: str
    is_suppressed: bool
    owner: str
    protocol: str


@dataclass(frozen=True)
class Event:
    """Something in the calendar that moves numbers; `ends_on` is its last day."""

    name: str
    kind: str
    starts_on: date
    ends_on: date
    scope: str
    expected_direction: str


@dataclass(frozen=True)
class Source:
    """A source that is late or has rows set aside; it `feeds` the tables of FED that have rows of
    it from the period on, or shortly before it; where nothing has come from it yet, it may be to
    feed each.
    """

    source: str
    last_instant_at: datetime | None
    is_stale: bool
    quarantined_rows: int
    feeds: frozenset[str]


@dataclass(frozen=True)
class Notes:
    """Context of the period, and what the data lack."""

    events: tuple[Event, ...]
    remarks: tuple[tuple[str, str], ...]  # KPI label, what the mart says about its figure
    unavailable: tuple[tuple[str, str], ...]  # KPI label, reason
    sources: tuple[Source, ...] | None


def read_alerts(
    connection: duckdb.DuckDBPyConnection, catalog: dict[str, Kpi], account: Account
) -> tuple[Alert, ...] | None:
    """Incidents that are open as of the data's end, gravest first."""
    if not has_table(connection, "alerts"):
        return None
    sql = f"""
        select alert_id, kpi, stat, {", ".join(SEGMENTS)}, severity, state, value, expected, lower,
            upper, context, coalesce(is_suppressed, false) as is_suppressed, owner, protocol,
            epoch_us(opened_at) as opened_us
        from marts.alerts
        where recovered_at is null and lower(state) not in {SETTLED}
            and coalesce(severity, '') <> '{INFORMATION}'
        order by list_position({list(SEVERITIES)}, severity), opened_at, alert_id
    """
    return tuple(_alert(row, catalog, account) for row in rows(connection, sql))


def _alert(row: dict[str, Any], catalog: dict[str, Kpi], account: Account) -> Alert:
    kpi = catalog.get(row["kpi"])
    kinds = {stat.name: stat.kind for stat in kpi.stats} if kpi else {row["stat"]: "seconds"}
    return Alert(
        label=kpi.label if kpi else PIPELINE_LABELS.get(row["kpi"], plain(row["kpi"])),
        stat=plain(row["stat"]),
        kind=kinds.get(row["stat"], "plain"),
        segment=_scope({name: row[name] for name in SEGMENTS}),
        opened_at=local_time(row["opened_us"], account.timezone),
        value=row["value"],
        expected=row["expected"],
        lower=row["lower"],
        upper=row["upper"],
        is_suppressed=bool(row["is_suppressed"]),
        alert_id=plain(row["alert_id"]),
        severity=plain(row["severity"]),
        state=plain(row["state"]),
        context=plain(row["context"]),
        owner=plain(row["owner"]),
        protocol=plain(row["protocol"]),
    )


def _scope(segments: dict[str, str | None]) -> str:
    """A segment in words: "channel chat, category returns"; empty for the whole account."""
    named = ((name, plain(value)) for name, value in segments.items() if value not in (None, "all"))
    return ", ".join(f"{name} {value}".replace("_", " ") for name, value in named)


def read_notes(
    connection: duckdb.DuckDBPyConnection,
    catalog: dict[str, Kpi],
    statuses: Statuses,
    account: Account,
    rhythm: Rhythm,
    period: Period,
) -> Notes:
    """The notes of a period."""
    remarks = (
        (kpi.label, status.context_note)
        for (name, stat), status in statuses.items()
        if (kpi := catalog.get(name))
        and belongs(kpi, rhythm)
        and kpi.stats
        and kpi.stats[0].name == stat
        and status.context_note
        and status.starts_on <= period.starts_on
    )
    return Notes(
        events=tuple(_events(connection, period)),
        remarks=tuple(sorted(set(remarks))),
        unavailable=tuple(
            (kpi.label, kpi.unavailable_reason or "no reason is given")
            for kpi in catalog.values()
            if not kpi.available and belongs(kpi, rhythm)
        ),
        sources=_sources(connection, account, period),
    )


def _events(connection: duckdb.DuckDBPyConnection, period: Period) -> list[Event]:
    if not has_table(connection, "dim_calendar_context", "core"):
        return []
    sql = """
        select name, kind, starts_on, ends_on, channel, category, kpi, expected_direction
        from core.dim_calendar_context
        where starts_on < ? and ends_on >= ?
        order by starts_on, ends_on, name
    """
    return [
        Event(
            name=plain(row["name"]),
            kind=plain(row["kind"]),
            starts_on=row["starts_on"],
            ends_on=row["ends_on"],
            scope=_scope({name: row[name] for name in ("channel", "category", "kpi")}),
            expected_direction=plain(row["expected_direction"]),
        )
        for row in rows(connection, sql, [period.ends_on, period.starts_on])
    ]


def _sources(
    connection: duckdb.DuckDBPyConnection, account: Account, period: Period
) -> tuple[Source, ...] | None:
    if not has_table(connection, "source_freshness"):
        return None
    late = f"select replace(stat, 'ingest ', '') from marts.alerts where {LATE}"
    is_told = "false" if not has_table(connection, "alerts") else f"source in ({late})"
    feeds = ", ".join(
        f"source in (select source from core.{table} where {instant} >= $since)"
        f" or loaded_at is null as feeds_{what}"
        if has_table(connection, table, "core")
        else f"$since is not null as feeds_{what}"
        for what, (table, instant) in FED.items()
    )
    sql = f"""
        select source, epoch_us(last_instant_at) as last_us,
            coalesce(is_stale, false) or {is_told} as is_stale,
            coalesce(quarantined_rows, 0) as quarantined_rows,
            {feeds}
        from marts.source_freshness
        where is_stale or {is_told} or quarantined_rows > 0
        order by source
    """
    return tuple(
        Source(
            plain(row["source"]),
            local_time(row["last_us"], account.timezone),
            row["is_stale"],
            row["quarantined_rows"],
            frozenset(what for what in FED if row[f"feeds_{what}"]),
        )
        for row in rows(connection, sql, {"since": period.start - ENDED})
    )
