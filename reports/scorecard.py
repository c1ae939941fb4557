"""The scorecard: KPIs down, the last 13 periods across, with target, baseline and status.

`marts.scorecard` holds the newest 13 weeks. The scorecard of an earlier week, and of months, is
drawn from `marts.kpi_values`, since a file that carries one period's name must not show another's
figures; an earlier one has no baseline, which the marts keep for the latest period only.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from reports.cards import HEADLINES
from reports.diagnostics import shown_stats
from reports.formats import plain
from reports.judging import judge
from reports.periods import TREND, Period
from reports.published import (
    HANDLINGS,
    Kpi,
    Stat,
    Statuses,
    read_figures,
)
from reports.reading import has_table, rows

# A spreadsheet takes text that begins with one of these for a formula:
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = str | float | None
Wanted = tuple[Kpi, Stat, str]  # the last is the handling


@dataclass(frozen=True)
class ScorecardRow:
    """A stat by period, oldest first, of all or of one side's contacts."""

    kpi: Kpi
    stat: Stat
    handling: str
    values: tuple[float | None, ...]
    target: float | None
    baseline: float | None
    status: str


def read_scorecard(
    connection: duckdb.DuckDBPyConnection,
    catalog: dict[str, Kpi],
    statuses: Statuses,
    period: Period,
) -> list[ScorecardRow]:
    """The rows of the 13 periods that end with this one: headlines first, then by code."""
    wanted = [
        (catalog[name], stat, handling)
        for name in dict.fromkeys((*HEADLINES, *catalog))
        for stat in shown_stats(catalog[name])
        for handling in HANDLINGS
    ]
    if period.grain == "week" and _last_week(connection) == period.starts_on:
        return _from_mart(connection, wanted)
    return _from_values(connection, wanted, statuses, period)


def _last_week(connection: duckdb.DuckDBPyConnection) -> date | None:
    if not has_table(connection, "scorecard"):
        return None
    sql = "select cast(max(last_week_start) as date) as starts_on from marts.scorecard"
    found: date | None = next(rows(connection, sql))["starts_on"]
    return found


def _from_mart(connection: duckdb.DuckDBPyConnection, wanted: list[Wanted]) -> list[ScorecardRow]:
    columns = [f"w_{place}" for place in range(1, TREND + 1)]
    sql = f"""
        select kpi, stat, handling, {", ".join(columns)}, target, baseline, status
        from marts.scorecard
        where handling in {HANDLINGS}
    """
    found = {(row["kpi"], row["stat"], row["handling"]): row for row in rows(connection, sql)}
    return [
        ScorecardRow(
            kpi=kpi,
            stat=stat,
            handling=handling,
            values=tuple(row[column] for column in columns),
            target=row["target"],
            baseline=row["baseline"],
            status=plain(row["status"]),
        )
        for kpi, stat, handling in wanted
        if (row := found.get((kpi.kpi, stat.name, handling)))
    ]


def _from_values(
    connection: duckdb.DuckDBPyConnection, wanted: list[Wanted], statuses: Statuses, period: Period
) -> list[ScorecardRow]:
    days = [one.starts_on for one in period.trend()]
    figures = read_figures(connection, period.grain, days[0], days[-1])
    made = []
    for kpi, stat, handling in wanted:
        line = [figures.get((kpi.kpi, stat.name, handling, day)) for day in days]
        if not any(line):
            continue
        # The tiers and baselines at hand are the whole account's, not a side's.
        is_whole = handling == "all"
        status = statuses.get((kpi.kpi, stat.name)) if is_whole else None
        target = judge(kpi, stat, line[-1], status) if is_whole else None
        known = status if status and status.starts_on <= period.starts_on else None
        made.append(
            ScorecardRow(
                kpi=kpi,
                stat=stat,
                handling=handling,
                values=tuple(one.value if one and one.is_mature else None for one in line),
                target=target.aim if target else None,
                baseline=known.baseline if known else None,
                status=(target.tier or "") if target else "",
            )
        )
    return made


def scorecard_csv(scorecard: Sequence[ScorecardRow], period: Period, currency: str) -> str:
    """The scorecard as CSV (UTF-8, RFC 4180): plain numbers, empty where unknown or not final."""
    days = [one.starts_on.isoformat() for one in period.trend()]
    header = ["kpi", "stat", "label", "unit", "handling", *days, "target", "baseline", "status"]
    lines: list[list[Cell]] = [[*header]]
    for row in scorecard:
        unit = currency if row.stat.kind == "currency" else row.stat.unit
        names = (row.kpi.kpi, row.stat.name, row.kpi.label, unit, row.handling)
        lines.append([*names, *row.values, row.target, row.baseline, row.status])
    return csv_text(lines)


def csv_text(lines: list[list[Cell]]) -> str:
    """Rows as CSV text with harmless cells."""
    out = io.StringIO()
    csv.writer(out).writerows([[safe_cell(cell) for cell in line] for line in lines])
    return out.getvalue()


def safe_cell(value: Cell) -> str:
    """A cell that no spreadsheet executes; a number stays a number, −1.5 too."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    if float(value).is_integer():
        return str(int(value))
    return repr(float(f"{value:.12g}"))  # the digits beyond are noise of sums
