"""The warehouse as it would have been at an earlier instant, for a report of an old period.

What had landed is copied aside and built anew as of then, so that the account's warehouse, what its
builds remember and the published copy stay as they are. The copy is gone afterwards, whatever
happened; one that a killed run left is thrown away by the next.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb

from bookbag_orchestration.account import write_account
from bookbag_orchestration.resources import Workplace, busy
from bookbag_orchestration.settings import DBT_PROJECT, dbt_environment
from expectations.anomalies.incidents import update_incidents

FOLDER = "backfill"
SHOWN_WORDS = 100


class BackfillError(Exception):
    """The build as of then failed; the message has the last words of dbt."""


@contextmanager
def as_it_was(place: Workplace, as_of: datetime) -> Iterator[Workplace]:
    """A workplace of its own whose warehouse is a whole build as of that instant, with the
    incidents that its figures would have opened.

    Raises BackfillError; WarehouseBusyError while another process writes the account's warehouse.
    """
    home = place.home / FOLDER
    past = Workplace(
        replace(place.settings, home=home), place.config.model_copy(update={"as_of": as_of})
    )
    _remove(home)
    try:
        with past.connect() as connection:
            _copy_landed(place, connection)
            write_account(connection, past.config)
        _build(past)
        with past.connect() as connection:
            update_incidents(connection, as_of)
        yield past
    finally:
        _remove(home)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _copy_landed(place: Workplace, copy: duckdb.DuckDBPyConnection) -> None:
    """The raw tables of the sources, and up to when each was read. What builds have made, and
    remember, is not of that time.
    """
    try:
        copy.execute(f"attach '{place.warehouse}' as warehouse (read_only)")
    except duckdb.IOException as error:
        raise busy(place.warehouse, error) from error
    tables = copy.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse'"
        " and (list_contains(?, schema_name) or (schema_name, table_name) = ('raw_bookbag',"
        " 'syncs')) order by all",
        [[f"raw_{source.name}" for source in place.config.sources]],
    ).fetchall()
    for schema, table in tables:
        copy.execute(f'create schema if not exists "{schema}"')
        copy.execute(f'create table "{schema}"."{table}" as from warehouse."{schema}"."{table}"')
    copy.execute("detach warehouse")


def _build(past: Workplace) -> None:
    """Models and maps, without tests: the same models have been judged on what there is now."""
    dbt = Path(sys.executable).with_name("dbt")
    unused = (f"path:models/staging/{kind}" for kind in past.unused_kinds())
    command = [
        *(os.fspath(dbt), "--quiet", "--no-use-colors", "--log-level-file", "none"),
        *("--log-path", os.fspath(past.home / "dbt" / "logs")),
        *("build", "--full-refresh", "--exclude-resource-types", "test", "unit_test"),
        *("--target-path", os.fspath(past.home / "dbt" / "target")),
        *("--project-dir", os.fspath(DBT_PROJECT), "--profiles-dir", os.fspath(DBT_PROJECT)),
        *("--exclude", *unused),
    ]
    done = subprocess.run(
        command,
        cwd=DBT_PROJECT,
        env=dbt_environment(past.warehouse, past.warehouse.with_name("spill")),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = f"{done.stdout} {done.stderr}".split()[-SHOWN_WORDS:]
        raise BackfillError(
            f"The build as of {past.config.as_of} failed; the account's own warehouse is untouched."
            f" dbt says: {' '.join(words)}"
        )
