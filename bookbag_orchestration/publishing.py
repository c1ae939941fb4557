"""The copy that people read, swapped in whole, and the same tables as Parquet.

BI tools keep files open. So the copy is made beside the old one and put in its place by a rename:
who has the old one open keeps it, who opens next gets the new one, and nobody sees half of either.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from bookbag_orchestration.deliveries import write_deliveries
from bookbag_orchestration.marks import FRESHNESS, MARKED, marked, note_syncs
from bookbag_orchestration.pipeline_runs import write_runs
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.snapshots import write_snapshots

CORE_TABLES = (
    "fct_tickets",
    "fct_ticket_variants",
    "fct_episodes",
    "fct_reply_turns",
    "fct_csat_ratings",
    "fct_state_intervals",
    "fct_backlog_daily",
    "fct_orders",
    "dim_customers",
    "dim_agents",
    "dim_channels",
    "dim_categories",
    "dim_calendar_context",
    "dim_dates",
)
MARTS = (
    "account",
    "kpi_values",
    "kpi_catalog",
    "kpi_status",
    "scorecard",
    "live_queue",
    "agent_performance",
    "category_issues",
    "customer_segments",
    "churn_risk",
    "business_case",
    "kpi_relations",
    "forecast",
    "alerts",
    "source_freshness",
    "reconciliation",
)
# What follows the changes of a live pass: its key, and the list of keys that were made anew.
FOLLOWED: Mapping[str, tuple[str, str]] = {
    **{
        f"core.{table}": ("ticket_key", "core.dim_changed_tickets")
        for table in (
            "fct_tickets",
            "fct_ticket_variants",
            "fct_episodes",
            "fct_reply_turns",
            "fct_csat_ratings",
            "fct_state_intervals",
        )
    },
    "core.fct_orders": ("order_key", "core.dim_changed_orders"),
    "marts.kpi_values": ("grain, period_start", "kpis.kpi_reached_periods"),
}
# What a live pass makes whole; none is large.
LIVE = ("account", "live_queue", "kpi_status", FRESHNESS, "alerts")
# No models: what was published before is known by the copy alone; the runs and the messages by
# what is kept of them.
KEPT = ("kpi_snapshots", "pipeline_runs", "alert_deliveries", "report_deliveries")
TOLD = KEPT[1:]
STEM = "bookbag"


@dataclass(frozen=True)
class Published:
    """What was put in place: rows by `schema.table`."""

    rows: dict[str, int]


def publish(place: Workplace, now: datetime) -> Published:
    """Copies marts and the public part of core from the warehouse into the published folder.

    Figures that are new or restated are recorded as published at `now`, late sources are marked.
    Tables only, rows in one order, comments kept. Killed at any point it leaves the old copy, or
    the new one with Parquet files that the next run completes.
    """
    beside, syncs, rows = _room(place), place.syncs(now), {}
    with _open(beside, place) as copy:
        note_syncs(copy, syncs)
        for schema, tables in (("marts", MARTS), ("core", CORE_TABLES)):
            copy.execute(f"create schema {schema}")
            for table in tables:
                origin = f"warehouse.{schema}.{table}"
                _copy_table(copy, f"{schema}.{table}", marked(table, syncs, origin))
                rows[f"{schema}.{table}"] = _write_parquet(copy, f"{schema}.{table}", beside)
        write_snapshots(copy, place.published / f"{STEM}.duckdb", now)
        _write_told(copy, place)
        for table in KEPT:
            rows[f"marts.{table}"] = _write_parquet(copy, f"marts.{table}", beside)
        data_as_of = _data_as_of(copy)
        found = copy.execute("select code_version from marts.account").fetchone()
    manifest = {
        "data_as_of": data_as_of,
        "code_version": found[0] if found else None,
        "inputs": place.built_inputs(),
        "tables": _told(rows, beside),
    }
    _swap(beside, place.published, manifest)
    place.note_level()
    return Published(rows)


def follow(place: Workplace, now: datetime) -> Published:
    """Brings the copy of the state before a live pass up to date with it.

    What has changed is exchanged in a copy of the copy, so its rows are in no order until the next
    whole publication; to keep none is what lets two threads write a file.
    """
    former = place.published / f"{STEM}.duckdb"
    beside, syncs, rows = _room(place), place.syncs(now), {}
    shutil.copyfile(former, beside / former.name)
    with _open(beside, place) as copy:
        copy.execute("set preserve_insertion_order = false")
        note_syncs(copy, syncs)
        for table in LIVE:
            _copy_table(copy, f"marts.{table}", marked(table, syncs, f"warehouse.marts.{table}"))
        changed = [name for name, made in FOLLOWED.items() if _exchange(copy, name, *made)]
        _write_told(copy, place)
        for name in (*changed, *(f"marts.{table}" for table in (*LIVE, *TOLD))):
            rows[name] = _write_parquet(copy, name, beside)
        data_as_of = _data_as_of(copy)
    _swap(beside, place.published, _renewed(place, rows, beside, data_as_of=data_as_of))
    place.note_level()
    return Published(rows)


def _exchange(copy: duckdb.DuckDBPyConnection, name: str, key: str, keys: str) -> bool:
    """Puts the warehouse's rows of the listed keys in place of the copy's; False without any."""
    mine = f"({key}) in (select {key} from warehouse.{keys})"
    (gone,) = copy.execute(f"delete from {name} where {mine}").fetchone() or (0,)
    (come,) = copy.execute(
        f"insert into {name} by name select * from warehouse.{name} where {mine}"
    ).fetchone() or (0,)
    return bool(gone or come)


def refresh(place: Workplace, now: datetime) -> Published:
    """Brings up to date what tells of the pipeline itself, and leaves the figures as they were.

    What was built and has not passed its checks is not to be read; that it was not, is.
    """
    former = place.published / f"{STEM}.duckdb"
    if not former.exists():
        return Published({})
    beside, syncs, rows = _room(place), place.syncs(now), {}
    shutil.copyfile(former, beside / former.name)
    with _open(beside, place) as copy:
        note_syncs(copy, syncs)
        # Of the figures' own time, so from the copy; what is marked in it is marked anew.
        held = copy.execute(
            "select column_name from duckdb_columns() where database_name = current_database()"
            f" and schema_name = 'marts' and table_name = '{FRESHNESS}'"
        ).fetchall()
        columns = ", ".join(name for (name,) in held if name not in MARKED[FRESHNESS])
        origin = f"marts.{FRESHNESS}"
        _copy_table(copy, origin, marked(FRESHNESS, syncs, origin, columns))
        _copy_table(copy, "marts.alerts", "select * from warehouse.marts.alerts")
        _write_told(copy, place)
        for name in (origin, "marts.alerts", *(f"marts.{table}" for table in TOLD)):
            rows[name] = _write_parquet(copy, name, beside)
    _swap(beside, place.published, _renewed(place, rows, beside))
    return Published(rows)


def _write_told(copy: duckdb.DuckDBPyConnection, place: Workplace) -> None:
    """What the pipeline tells of itself."""
    write_runs(copy, place.history)
    write_deliveries(copy, place.outbox)


def _renewed(
    place: Workplace, rows: dict[str, int], beside: Path, data_as_of: str | None = None
) -> dict[str, Any]:
    """The manifest of what is published, with these tables as they are now; with `data_as_of` the
    figures are of the newest build.
    """
    manifest = json.loads((place.published / "manifest.json").read_text())
    manifest["tables"] = dict(sorted((manifest["tables"] | _told(rows, beside)).items()))
    if data_as_of is not None:
        manifest |= {"data_as_of": data_as_of, "inputs": place.built_inputs()}
    return dict(manifest)


def _data_as_of(copy: duckdb.DuckDBPyConnection) -> str | None:
    found = copy.execute("select data_as_of from marts.account").fetchone()
    return found[0].isoformat() if found and found[0] else None


def _room(place: Workplace) -> Path:
    """An empty folder beside what is published."""
    beside = place.published / ".next"
    shutil.rmtree(beside, ignore_errors=True)
    (beside / "parquet").mkdir(parents=True)
    return beside


@contextmanager
def _open(beside: Path, place: Workplace) -> Iterator[duckdb.DuckDBPyConnection]:
    """The copy to be, with the warehouse attached."""
    with duckdb.connect(str(beside / f"{STEM}.duckdb")) as copy:
        copy.execute("set timezone = 'UTC'")
        copy.execute(f"attach '{place.warehouse}' as warehouse (read_only)")
        yield copy
        copy.execute("detach warehouse")


def _told(rows: dict[str, int], beside: Path) -> dict[str, dict[str, str | int]]:
    """What the manifest says of each table."""
    files = {name: f"parquet/{name.split('.')[1]}.parquet" for name in sorted(rows)}
    return {
        name: {"rows": rows[name], "parquet": file, "sha256": _sha256(beside / file)}
        for name, file in files.items()
    }


def _copy_table(copy: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    """The query as a table, its rows in one order, with the comments of the warehouse's columns."""
    schema, table = name.split(".")
    copy.execute(f"create or replace table {name} as {query} order by all")
    comments = copy.execute(
        "select column_name, comment from duckdb_columns() where database_name = 'warehouse'"
        " and schema_name = ? and table_name = ? and comment is not null",
        [schema, table],
    ).fetchall()
    for column, comment in [*comments, *MARKED.get(table, {}).items()]:
        text = comment.replace("'", "''")
        copy.execute(f"comment on column {name}.{column} is '{text}'")


def _write_parquet(copy: duckdb.DuckDBPyConnection, name: str, beside: Path) -> int:
    path = beside / "parquet" / f"{name.split('.')[1]}.parquet"
    copy.execute(f"copy (select * from {name}) to '{path}' (format parquet, compression zstd)")
    found = copy.execute(f"select count(*) from {name}").fetchone()
    return int(found[0]) if found else 0


def _swap(beside: Path, folder: Path, manifest: dict[str, Any]) -> None:
    """Puts the copy in place; Parquet files of tables that the manifest has no more go."""
    (beside / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    os.replace(beside / f"{STEM}.duckdb", folder / f"{STEM}.duckdb")
    target = folder / "parquet"
    target.mkdir(exist_ok=True)
    for path in (beside / "parquet").iterdir():
        os.replace(path, target / path.name)
    os.replace(beside / "manifest.json", folder / "manifest.json")
    told = {Path(table["parquet"]).name for table in manifest["tables"].values()}
    for path in target.iterdir():
        if path.name not in told:
            path.unlink()
    shutil.rmtree(beside, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
