"""Publish: the copy that people read, swapped in whole, and the same tables as Parquet.

BI tools keep files open. So the copy is made beside the old one and put in its place by a rename:
who has the old one open keeps it, who opens next gets the new one, and nobody sees half of either.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import dagster as dg
import duckdb

from bookbag_orchestration.resources import WAREHOUSE_POOL, Progress, workplace
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
# Has its home in the copy itself: what was published is known by nobody else.
KEPT = ("kpi_snapshots",)
STEM = "bookbag"


@dataclass(frozen=True)
class Published:
    """What was put in place: rows by `schema.table`."""

    rows: dict[str, int]


def publish(warehouse: Path, folder: Path, inputs: str, now: datetime) -> Published:
    """Copies marts and the public part of core from `warehouse` into `folder`.

    `inputs` is the fingerprint of what they were made of, kept in the manifest; figures that are
    new or restated are recorded as published at `now`.

    Tables only, rows in one order, comments kept. Killed at any point it leaves the old copy, or
    the new one with Parquet files that the next run completes.
    """
    beside = folder / ".next"
    shutil.rmtree(beside, ignore_errors=True)
    (beside / "parquet").mkdir(parents=True)
    with duckdb.connect(str(beside / f"{STEM}.duckdb")) as copy:
        copy.execute("set timezone = 'UTC'")
        copy.execute(f"attach '{warehouse}' as warehouse (read_only)")
        rows = {}
        for schema, tables in (("marts", MARTS), ("core", CORE_TABLES)):
            copy.execute(f"create schema {schema}")
            for table in tables:
                rows[f"{schema}.{table}"] = _copy_table(copy, schema, table, beside / "parquet")
        write_snapshots(copy, folder / f"{STEM}.duckdb", now)
        for table in KEPT:
            rows[f"marts.{table}"] = _write_parquet(copy, f"marts.{table}", beside / "parquet")
        found = copy.execute("select data_as_of, code_version from marts.account").fetchone()
        copy.execute("detach warehouse")
    data_as_of, code_version = found or (None, None)
    manifest = {
        "data_as_of": data_as_of.isoformat() if data_as_of else None,
        "code_version": code_version,
        "inputs": inputs,
        "tables": {
            name: {
                "rows": count,
                "parquet": f"parquet/{name.split('.')[1]}.parquet",
                "sha256": _sha256(beside / "parquet" / f"{name.split('.')[1]}.parquet"),
            }
            for name, count in sorted(rows.items())
        },
    }
    (beside / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    _swap(beside, folder)
    return Published(rows)


def _copy_table(copy: duckdb.DuckDBPyConnection, schema: str, table: str, parquet: Path) -> int:
    name = f"{schema}.{table}"
    copy.execute(f"create table {name} as select * from warehouse.{name} order by all")
    comments = copy.execute(
        "select column_name, comment from duckdb_columns() where database_name = 'warehouse'"
        " and schema_name = ? and table_name = ? and comment is not null",
        [schema, table],
    ).fetchall()
    for column, comment in comments:
        text = comment.replace("'", "''")
        copy.execute(f"comment on column {name}.{column} is '{text}'")
    return _write_parquet(copy, name, parquet)


def _write_parquet(copy: duckdb.DuckDBPyConnection, name: str, parquet: Path) -> int:
    path = parquet / f"{name.split('.')[1]}.parquet"
    copy.execute(f"copy (select * from {name}) to '{path}' (format parquet, compression zstd)")
    found = copy.execute(f"select count(*) from {name}").fetchone()
    return int(found[0]) if found else 0


def _swap(beside: Path, folder: Path) -> None:
    os.replace(beside / f"{STEM}.duckdb", folder / f"{STEM}.duckdb")
    target = folder / "parquet"
    target.mkdir(exist_ok=True)
    fresh = {path.name for path in (beside / "parquet").iterdir()}
    for name in fresh:
        os.replace(beside / "parquet" / name, target / name)
    os.replace(beside / "manifest.json", folder / "manifest.json")
    for path in target.iterdir():
        if path.name not in fresh:
            path.unlink()
    shutil.rmtree(beside, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dg.asset(
    key=["published", "bookbag"],
    group_name="publish",
    deps=[
        ["reports", "weekly_summary"],
        *(["marts", table] for table in MARTS),
        *(["core", table] for table in CORE_TABLES),
    ],
    description="The copy that BI tools open: DuckDB and Parquet, replaced whole.",
    kinds={"duckdb", "parquet"},
    pool=WAREHOUSE_POOL,
)
def published(progress: dg.ResourceParam[Progress]) -> dg.MaterializeResult[None]:
    started, place = monotonic(), workplace()
    result = publish(place.warehouse, place.published, place.inputs(), datetime.now(UTC))
    total = sum(result.rows.values())
    progress.line("publish", f"{len(result.rows)} tables, {total:,} rows", monotonic() - started)
    return dg.MaterializeResult(metadata={"tables": len(result.rows), "rows": total})
