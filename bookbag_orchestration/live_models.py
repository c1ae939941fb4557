"""The models that follow what has just landed, built by dbt in this process.

A dbt of its own takes seconds to start, longer than what a few tickets need. One that stays has its
project read already; between two builds it lets go of the warehouse.
"""

import os
from dataclasses import dataclass, field
from typing import Any

from bookbag_orchestration.dbt_results import TransformError, broken
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.settings import live_build


@dataclass
class LiveModels:
    """dbt for one home, from its first build on."""

    place: Workplace
    _manifest: Any = field(default=None, init=False)

    def build(self) -> int:
        """Makes the live models anew where something has changed; returns how many there are.

        Raises TransformError. The warehouse is free again afterwards, however it ends.
        """
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.artifacts.schemas.run import RunExecutionResult
        from dbt.cli.main import dbtRunner

        project = self.place.dbt_project()
        folder = os.fspath(project.project_dir)
        flags = [
            # What it writes for others to read takes as long as twenty models.
            "--quiet", "--log-level-file", "none", "--no-use-colors", "--no-write-json",
            "--project-dir", folder, "--profiles-dir", folder,
            "--target-path", os.fspath(project.target_path),
        ]  # fmt: skip
        # Views are what they were.
        left_out = [
            "config.materialized:view",
            *(f"path:models/staging/{kind}" for kind in self.place.unused_kinds()),
        ]
        try:
            if self._manifest is None:
                self._manifest = dbtRunner().invoke(["parse", *flags]).result
            with live_build():
                told = dbtRunner(manifest=self._manifest).invoke(
                    ["run", "--select", "tag:live", "--exclude", *left_out, *flags]
                )
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        # dbt catches everything. A run that was cancelled is no build that failed.
        if told.exception is not None and not isinstance(told.exception, Exception):
            raise told.exception
        made = told.result.results if isinstance(told.result, RunExecutionResult) else []
        if not told.success:
            nodes = [(each.node.unique_id, each.status, each.message) for each in made]
            raise TransformError(broken(nodes)) from told.exception
        return len(made)
