"""dbt in this process, on any warehouse, with a project that is read once.

A dbt of its own takes seconds to start, and reads the whole project anew for each warehouse.
"""

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult

from bookbag_orchestration.settings import DBT_PROJECT, tell_dbt


def dbt(
    warehouse: Path, *arguments: object, manifest: Any = None, project: Path = DBT_PROJECT
) -> dbtRunnerResult:
    """Runs dbt, with a manifest in place of what it would parse; then the file is free again."""
    folder = warehouse.parent
    tell_dbt(warehouse, folder / "spill")
    command = [*arguments, "--quiet", "--log-level-file", "none", "--project-dir", project,
               "--profiles-dir", DBT_PROJECT, "--target-path", folder / "target",
               "--log-path", folder / "logs"]  # fmt: skip
    try:
        return dbtRunner(manifest=manifest).invoke([str(each) for each in command])
    finally:
        # Else it keeps the warehouse open, and the last that it wrote out of the file.
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


def parsed(folder: Path) -> Any:
    """The manifest of the project, for warehouses of the name `bookbag`. What dbt has read lies in
    the folder afterwards, for the next that asks.
    """
    result = dbt(folder / "bookbag.duckdb", "parse")
    assert result.success, result.exception
    return result.result
