"""What a report reads: rows of the published copy as typed values.

Figures of partial periods stop here, so that nothing behind this border can show one. Instants
leave DuckDB as microseconds, so that the session's zone cannot shift them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from reports.errors import PublishedError
from reports.formats import Kind, kind_of, plain
from reports.periods import Grain
from reports.reading import has_table, local_time, rows

HANDLINGS = ("all", "ai_handled", "human_handled")
_TEXTS = (
    "label", "unit", "definition", "owner", "protocol", "cadence", "benchmark", "benchmark_source",
)  # fmt: skip
WHOLE_ACCOUNT = "channel = 'all' and category = 'all' and team = 'all' and customer_segment = 'all'"


@dataclass(frozen=True)
class Account:
    """The one row of `marts.account`; `week_start` 1 = Monday, `data_as_of` in local wall time."""

    account_id: str
    timezone: str
    currency: str
    week_start: int
    data_as_of: datetime


@dataclass(frozen=True)
class Stat:
    """A figure that a KPI has, and how it reads."""

    name: str
    unit: str
    kind: Kind


@dataclass(frozen=True)
class Kpi:
    """A row of `marts.kpi_catalog`, as far as reports show it."""

    code: str
    kpi: str
    label: str
    tier: str
    unit: str
    direction: str
    quadrant: str
    definition: str
    owner: str
    protocol: str
    cadence: str
    benchmark: str
    benchmark_source: str
    stats: tuple[Stat, ...]
    target_stat: str | None
    good: float | None
    better: float | None
    best: float | None
    available: bool
    unavailable_reason: str | None

    @property
    def short_label(self) -> str:
        """The label without what stands in brackets."""
        return self.label.split(" (")[0]


@dataclass(frozen=True)
class Figure:
    """A row of `marts.kpi_values` of the whole account; never of a partial period."""

    starts_on: date
    value: float | None
    numerator: float | None
    denominator: float | None
    n: int
    is_mature: bool
    is_low_sample: bool


@dataclass(frozen=True)
class Status:
    """A row of `marts.kpi_status` (whole account); the tiers are those in force."""

    starts_on: date
    baseline: float | None
    good: float | None
    better: float | None
    best: float | None
    target_tier: str | None
    is_breach: bool
    context_note: str


Statuses = dict[tuple[str, str], Status]  # by kpi and stat
Figures = dict[
    tuple[str, str, str, date], Figure
]  # by kpi, stat, handling, first day of the period


def read_account(connection: duckdb.DuckDBPyConnection) -> Account:
    """Facts of the account."""
    sql = """
        select account_id, timezone, currency, week_start, epoch_us(data_as_of) as data_as_of_us
        from marts.account
    """
    row = next(rows(connection, sql), None)
    if row is None:
        raise PublishedError("marts.account is empty. Run `bookbag run` to fill it.")
    as_of = local_time(row.pop("data_as_of_us"), row["timezone"])
    account_id, week_start = plain(row["account_id"]), int(row["week_start"])
    given = {**row, "account_id": account_id, "week_start": week_start}
    return Account(**given, data_as_of=as_of)


def read_catalog(connection: duckdb.DuckDBPyConnection) -> dict[str, Kpi]:
    """The KPIs in the order of their codes, by name."""
    units = _read_units(connection)
    sql = """
        select code, kpi, label, tier, unit, direction, quadrant, definition, owner, protocol,
            cadence, benchmark, benchmark_source, stats, target_stat, good, better, best, available,
            unavailable_reason
        from marts.kpi_catalog
        order by
            regexp_extract(code, '^[A-Z]+'), try_cast(regexp_extract(code, '[0-9]+') as int), kpi
    """
    catalog = {}
    for row in rows(connection, sql):
        text = {key: plain(row[key]) for key in _TEXTS}
        stats = tuple(
            _stat(row["kpi"], stat, units.get((row["kpi"], stat)) or text["unit"])
            for stat in json.loads(row["stats"] or "[]")
        )
        reason = plain(row["unavailable_reason"]) or None
        catalog[row["kpi"]] = Kpi(**{**row, **text, "stats": stats, "unavailable_reason": reason})
    return catalog


def _read_units(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """Units of stats that are not their KPI's, whatever periods a stat has."""
    if not has_table(connection, "kpi_status"):
        return {}
    sql = "select kpi, stat, max(unit) as unit from marts.kpi_status group by kpi, stat"
    return {(row["kpi"], row["stat"]): row["unit"] or "" for row in rows(connection, sql)}


def _stat(kpi: str, name: str, unit: str) -> Stat:
    """A stat; of several units ("count, ratio") it has its namesake, else the first."""
    units = [part.strip() for part in unit.split(",")]
    own = name if name in units else units[0]
    return Stat(name, own, kind_of(kpi, name, own))


def read_figures(
    connection: duckdb.DuckDBPyConnection, grain: Grain, since: date, until: date
) -> Figures:
    """Figures of the whole account, all and by who handled, of complete periods only."""
    sql = f"""
        select kpi, stat, handling, cast(period_start as date) as starts_on, value, numerator,
            denominator, n, is_mature, is_low_sample
        from marts.kpi_values
        where grain = ? and handling in {HANDLINGS} and {WHOLE_ACCOUNT} and not is_partial
            and period_start >= ? and period_start <= ?
    """
    figures = {}
    for row in rows(connection, sql, [grain, since, until]):
        key = (row.pop("kpi"), row.pop("stat"), row.pop("handling"), row["starts_on"])
        figures[key] = Figure(**{**row, "n": row["n"] or 0})
    return figures


def read_statuses(connection: duckdb.DuckDBPyConnection, grain: Grain) -> Statuses:
    """The latest mature standing of each kpi and stat; none where the mart is not there."""
    if not has_table(connection, "kpi_status"):
        return {}
    sql = f"""
        select kpi, stat, cast(period_start as date) as starts_on, baseline_30d as baseline, good,
            better, best, target_tier, coalesce(is_breach, false) as is_breach, context_note
        from marts.kpi_status
        where grain = ? and handling = 'all' and {WHOLE_ACCOUNT}
    """
    statuses = {}
    for row in rows(connection, sql, [grain]):
        key = (row.pop("kpi"), row.pop("stat"))
        statuses[key] = Status(**{**row, "context_note": plain(row["context_note"])})
    return statuses


def latest_complete(connection: duckdb.DuckDBPyConnection, grain: Grain) -> date | None:
    """First day of the newest period that is complete in the data."""
    sql = f"""
        select cast(max(period_start) as date) as starts_on
        from marts.kpi_values
        where grain = ? and handling = 'all' and {WHOLE_ACCOUNT} and not is_partial
    """
    found: date | None = next(rows(connection, sql, [grain]))["starts_on"]
    return found
