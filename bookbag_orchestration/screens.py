"""What the commands show: figures of the published copy and the state of the sources, as tables."""

import csv
import difflib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TextIO

import duckdb
from rich.console import Console
from rich.table import Table

from bookbag_orchestration.resources import WarehouseBusyError, Workplace
from ingestion.quarantine import quarantined
from reports.formats import UNKNOWN, figure, kind_of

DIMENSIONS = ("handling", "channel", "category", "team", "customer_segment")
HEADLINES = (
    ("csat", "mean"),
    ("deflection_rate", "ratio"),
    ("first_contact_resolution", "ratio"),
    ("tickets_per_order", "ratio"),
)
CELL_CHARACTERS = 60


class ScreenError(Exception):
    """Nothing to show; `code` is the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Sheet:
    """Columns and rows, printed for a person or for a program."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    title: str = ""

    def write(self, file: TextIO, format: str) -> None:
        if format == "csv":
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.columns)
            writer.writerows([[_csv(value) for value in row] for row in self.rows])
        elif format == "json":
            rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
            file.write(json.dumps(rows, indent=2, default=_plain, ensure_ascii=False) + "\n")
        else:
            table = Table(title=self.title or None, box=None, pad_edge=False, title_justify="left")
            # The last column may wrap; names that are cut cannot be copied.
            for number, column in enumerate(self.columns, 1):
                table.add_column(column, no_wrap=number < len(self.columns), overflow="fold")
            cells = [[_cell(value) for value in row] for row in self.rows]
            for row in cells:
                table.add_row(*row)
            columns = zip(self.columns, *cells, strict=True)
            widths = [max(map(len, column)) + 2 for column in columns]
            console = Console(file=file, highlight=False, markup=False, emoji=False)
            console.width = max(console.width, sum(widths[:-1]) + min(widths[-1], CELL_CHARACTERS))
            console.print(table)


def step_line(step: str, text: str, seconds: float) -> str:
    return f"  {step:<10}{text:<58}{seconds:6.1f} s".replace("[", r"\[")


@contextmanager
def published_copy(place: Workplace) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published copy, read-only. Raises ScreenError where there is none."""
    path = place.published / "bookbag.duckdb"
    if not path.exists():
        raise ScreenError(f"There is no published copy at {path}. Run `bookbag run` first.")
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def headline_lines(place: Workplace) -> list[str]:
    """The core four, AI and human side by side."""
    lines = ["", "Headline KPIs, latest complete and mature week"]
    with published_copy(place) as connection:
        found = connection.execute(
            "select catalog.kpi, status.stat, status.handling, status.value, catalog.label,"
            " status.unit, status.target_tier, catalog.available, catalog.unavailable_reason,"
            " status.period_start"
            " from marts.kpi_catalog as catalog left join marts.kpi_status as status"
            " on catalog.kpi = status.kpi and status.grain = 'week' and status.channel = 'all'"
            " and status.category = 'all' and status.team = 'all'"
            " and status.customer_segment = 'all'"
            " where catalog.tier = 'headline'"
        ).fetchall()
    for kpi, stat in HEADLINES:
        about = next(row for row in found if row[0] == kpi)
        label, is_available, reason = about[4].split(" (")[0], about[7], about[8]
        rows = {row[2]: row for row in found if row[0] == kpi and row[1] == stat}
        if not is_available:
            lines.append(f"  {label:<26}unknown: {reason}")
        elif "all" not in rows:
            lines.append(f"  {label:<26}no complete and mature week yet")
        else:
            whole = rows["all"]
            lines.append(
                f"  {label:<26}{_figure(whole):>8}   AI {_figure(rows.get('ai_handled')):>8}"
                f"   human {_figure(rows.get('human_handled')):>8}"
                f"   target: {whole[6] or 'none'}   week of {whole[9]:%Y-%m-%d}"
            )
    return lines


def next_lines(place: Workplace) -> list[str]:
    lines = [""]
    if (index := place.site / "index.html").exists():
        lines.append(f"Dashboard       {index}")
    for name in ("weekly", "monthly"):
        if made := sorted((place.reports / name).glob("*/summary.html")):
            lines.append(f"{f'{name.capitalize()} report':<16}{made[-1]}")
    lines += [
        f"For BI tools    {place.published / 'bookbag.duckdb'} (read-only), parquet/ beside it",
        "Next            bookbag kpi · bookbag sources · make dev (the Dagster UI)",
    ]
    if any(source.kind == "sample" for source in place.config.sources):
        lines.append("Your own data   write a bookbag.toml: see README.md, Connect your helpdesk")
    return lines


def catalogue(place: Workplace) -> Sheet:
    with published_copy(place) as connection:
        rows = connection.execute(
            "select code, kpi, label, tier, owner, case when available then 'yes' else"
            " unavailable_reason end as available, stats from marts.kpi_catalog"
            " order by case tier when 'headline' then 0 else 1 end, code"
        ).fetchall()
    shown_rows = [(*row[:-1], ", ".join(json.loads(row[-1]))) for row in rows]
    columns = ("code", "kpi", "label", "tier", "owner", "available", "stats")
    return Sheet(columns, shown_rows)


def figures(
    place: Workplace, kpi: str, stat: str | None, grain: str, by: str | None, since: str | None
) -> Sheet:
    """Values of one stat, newest last. Raises ScreenError for a name that is not known."""
    if by is not None and by not in DIMENSIONS:
        raise ScreenError(f"--by {by!r} is none of {', '.join(DIMENSIONS)}.", 2)
    first = _date(since)
    with published_copy(place) as connection:
        stats = _stats(connection, kpi)
        if not stats:
            told = connection.execute(
                "select definition from marts.kpi_catalog where kpi = ?", [kpi]
            ).fetchone()
            raise ScreenError(f"{kpi} has a table of its own, no rows here. {(told or [''])[0]}", 2)
        stat = stat or stats[0]
        if stat not in stats:
            raise ScreenError(f"{kpi} has no stat {stat!r}; it has {', '.join(stats)}.", 2)
        others = [name for name in DIMENSIONS if name != by]
        where = " and ".join(f"{name} = 'all'" for name in others)
        shown_by = f"{by}, " if by else ""
        rows = connection.execute(
            f"select period_start, {shown_by}value, numerator, denominator, n, is_partial,"
            f" is_mature, is_low_sample from marts.kpi_values where kpi = ? and stat = ?"
            f" and grain = ? and {where} and (? is null or period_start >= ?)"
            f" order by period_start{', ' + by if by else ''}",
            [kpi, stat, grain, first, first],
        ).fetchall()
    head = ("period_start", *([by] if by else []), "value", "numerator", "denominator", "n")
    columns = (*head, "is_partial", "is_mature", "is_low_sample")
    if not rows:
        raise ScreenError(f"{kpi} {stat} has no {grain} rows; try another --grain or --by.", 2)
    return Sheet(columns, rows, f"{kpi} · {stat} · {grain}")


def source_table(place: Workplace) -> Sheet:
    """One row a source of bookbag.toml, loaded or not."""
    rows: list[Sequence[Any]] = []
    with _warehouse(place) as connection:
        for source in place.config.sources:
            schema = f"raw_{source.name}"
            found = connection.execute(
                "select count(*) from duckdb_tables() where schema_name = ?"
                " and table_name = 'file_loads'",
                [schema],
            ).fetchone()
            if not found or not found[0]:
                rows.append((source.name, source.kind, "never", 0, 0, 0, "—", "not loaded yet"))
                continue
            loads = connection.execute(
                f"""with newest as (
                    select *, row_number() over (
                        partition by entity, file order by loaded_at desc) as recency
                    from "{schema}".file_loads
                )
                select max(loaded_at), count(*), sum(rows_good), sum(rows_quarantined),
                    sum(rows_ignored)
                from newest where recency = 1"""
            ).fetchone()
            loaded_at, files, good, bad, ignored = loads or (None, 0, 0, 0, 0)
            until = _reaches(connection, source.name)
            rows.append(
                (source.name, source.kind, loaded_at, files, good or 0, bad or 0, until,
                 f"{ignored:,} left out by the mapping" if ignored else "")
            )  # fmt: skip
    columns = ("source", "kind", "last load", "files", "rows", "quarantined", "data until", "note")
    cron = place.config.schedules.sync
    return Sheet(columns, rows, f"next sync, while the daemon runs: {cron}")


def quarantine_table(place: Workplace, source: str | None) -> Sheet:
    with _warehouse(place) as connection:
        rows = quarantined(connection, _names(place, source))
    columns = ("source", "entity", "file", "line", "column", "reason", "row")
    return Sheet(
        columns,
        [(r.source, r.entity, r.file, r.line, r.column_name, r.reason, r.row_text) for r in rows],
        "1 row set aside" if len(rows) == 1 else f"{len(rows):,} rows set aside",
    )


def quarantined_files(place: Workplace, source: str | None) -> frozenset[tuple[str, str]]:
    """(entity, file) of every quarantined row."""
    with _warehouse(place) as connection:
        rows = quarantined(connection, _names(place, source))
    return frozenset((row.entity, row.file) for row in rows)


@contextmanager
def _warehouse(place: Workplace) -> Iterator[duckdb.DuckDBPyConnection]:
    if not place.warehouse.exists():
        raise ScreenError(f"Nothing is loaded into {place.home} yet. Run `bookbag run` first.")
    try:
        with place.look() as connection:
            yield connection
    except WarehouseBusyError as error:
        raise ScreenError(str(error)) from None


def _names(place: Workplace, source: str | None) -> list[str]:
    names = [each.name for each in place.config.sources]
    if source is not None and source not in names:
        raise ScreenError(f"There is no source {source!r}; there are {', '.join(names)}.", 2)
    return [source] if source else names


def _reaches(connection: duckdb.DuckDBPyConnection, source: str) -> datetime | str:
    found = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'marts'"
        " and table_name = 'source_freshness'"
    ).fetchone()
    if not found or not found[0]:
        return "—"
    row = connection.execute(
        "select last_instant_at from marts.source_freshness where source = ?", [source]
    ).fetchone()
    return row[0] if row and row[0] else "—"


def _stats(connection: duckdb.DuckDBPyConnection, kpi: str) -> list[str]:
    known = dict(connection.execute("select kpi, stats from marts.kpi_catalog").fetchall())
    if kpi not in known:
        near = difflib.get_close_matches(kpi, known, n=1, cutoff=0.0)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ScreenError(f"There is no KPI {kpi!r}.{hint} `bookbag kpi` lists them.", 2)
    return list(json.loads(known[kpi]))


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ScreenError(f"--since {text!r} is no date; write it as 2026-10-01.", 2) from None


def _figure(row: Sequence[Any] | None) -> str:
    if row is None:
        return UNKNOWN
    kpi, stat, _, value, _, unit, *_ = row
    return figure(value, kind_of(kpi, stat, unit or ""))


def _cell(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = " ".join(str(value).split())
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"


def _csv(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
