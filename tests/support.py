"""The command as a user calls it, and what it published as rows."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from typer.testing import CliRunner

from bookbag_orchestration.account import write_account
from bookbag_orchestration.cli import app
from bookbag_orchestration.config import load_config
from bookbag_orchestration.landing import sync
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.settings import Settings

SEGMENTS = ("handling", "channel", "category", "team", "customer_segment")
ALL = " and ".join(f"{name} = 'all'" for name in SEGMENTS)


@dataclass(frozen=True)
class Called:
    """What a command left behind."""

    code: int
    out: str
    err: str


def call(*arguments: object) -> Called:
    """`bookbag …` in this process, whatever it ends with."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Called(result.exit_code, result.stdout, result.stderr)


def bookbag(*arguments: object) -> str:
    """`bookbag …`, which must end well; its output."""
    called = call(*arguments)
    assert called.code == 0, f"{called.out}\n{called.err}"
    return called.out


def land(config: Path, home: Path) -> Path:
    """What the account's sources have, landed and nothing built upon it; the warehouse."""
    place = Workplace(Settings(home, config), load_config(config, home=home))
    for source in place.config.sources:
        sync(place, source, datetime.now(UTC))
    with place.connect() as connection:
        write_account(connection, place.config)
    return place.warehouse


def published(home: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of the published copy, instants in UTC."""
    with duckdb.connect(str(home / "published" / "bookbag.duckdb"), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(query, list(values)).fetchall()


def landed(home: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of the private warehouse."""
    path = home / "warehouse" / "bookbag.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(query).fetchall()


def differing_tables(one: Path, other: Path) -> list[str]:
    """Published tables that are not the same, row for row.

    Left out is when something was loaded or seen, how many rows the files had for it, what had been
    published before, and which runs it took.
    """
    volatile = {
        "marts.source_freshness": ["loaded_at", "rows_loaded", "synced_at"],
        "marts.alerts": ["detected_at", "changed_at"],
    }
    with duckdb.connect() as connection:
        for name, home in (("one", one), ("other", other)):
            path = home / "published" / "bookbag.duckdb"
            connection.execute(f"attach '{path}' as {name} (read_only)")
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables()"
            " where database_name = 'one'"
            " and table_name not in ('alert_deliveries', 'report_deliveries', 'kpi_snapshots',"
            " 'pipeline_runs')"
            " order by 1"
        ).fetchall()
        differing = []
        for (table,) in tables:
            left_out = volatile.get(table, [])
            columns = f"* exclude ({', '.join(left_out)})" if left_out else "*"
            found = connection.execute(
                f"select count(*) from ((select {columns} from one.{table} except all"
                f" select {columns} from other.{table}) union all (select {columns}"
                f" from other.{table} except all select {columns} from one.{table}))"
            ).fetchone()
            if found and found[0]:
                differing.append(table)
    return differing
