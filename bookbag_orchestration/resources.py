"""What the assets work with: the account's settings, its folders, the warehouse and dbt.

Built from the environment once a process (`workplace`), so that the CLI, the Dagster UI and the
schedules do exactly the same.
"""

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb
from dagster_dbt import DbtProject

from bookbag_orchestration.account import fingerprint, stranger_in
from bookbag_orchestration.config import ConfigError, load_config
from bookbag_orchestration.dbt_process import Dbt
from bookbag_orchestration.freshness import allowance
from bookbag_orchestration.history import ALL, Broken, History
from bookbag_orchestration.sections import Config
from bookbag_orchestration.settings import (
    DBT_PROJECT,
    Settings,
    read_environment,
    read_postgres,
    tell_dbt,
)
from bookbag_orchestration.turns import turn
from ingestion import VENDORS
from ingestion.quarantine import last_load
from reports.outbox import Outbox

# Marts that the steps after the build read; without them nothing has been built.
READ = ("account", "kpi_catalog", "kpi_status", "kpi_values", "source_freshness")
# A live pass takes less.
LOOK_WAIT_S = 60.0
PARSED = "partial_parse.msgpack"
MANIFEST_INPUTS = ("*.sql", "*.yml", "*.csv")
POSTGRES = "postgres"
"""The subject of the step that writes the published tables to a database."""
LIVE = "live-"
"""Before the fingerprint of a build that made only what follows from what has just come."""


class WarehouseBusyError(Exception):
    """Another process holds the private file; the message says which and what to do."""


@dataclass(frozen=True)
class SyncState:
    """How a source stands: its last whole sync (None = never), whether that is too long ago, and
    whether the newest one failed.
    """

    source: str
    synced_at: datetime | None
    is_late: bool
    is_failed: bool = False


@dataclass(frozen=True)
class Workplace:
    """One account at work: its settings and where its files lie."""

    settings: Settings
    config: Config

    @property
    def home(self) -> Path:
        return self.settings.home

    @property
    def warehouse(self) -> Path:
        """The private DuckDB file; one writer at a time."""
        return self.home / "warehouse" / "bookbag.duckdb"

    @property
    def pool(self) -> str:
        """Dagster's pool of what opens the warehouse: the account's own, since accounts that share
        one Dagster do not wait for each other.
        """
        return f"warehouse_{re.sub(r'[^a-z0-9]+', '_', self.config.account.id.lower())}"

    @property
    def published(self) -> Path:
        """The folder of the published copy and its Parquet twin."""
        return self.home / "published"

    @property
    def reports(self) -> Path:
        return self.home / "reports"

    @property
    def history(self) -> History:
        """What the runs of this home have told."""
        return History(self.home / "runs")

    @property
    def site(self) -> Path:
        """The folder of the dashboard."""
        return self.home / "site"

    @property
    def own_pages(self) -> Path | None:
        """The account's own pages of the dashboard; None without."""
        given = self.config.reports.pages
        return (self.config.base / given).resolve() if given else None

    @property
    def postgres(self) -> str | None:
        """Where the published tables go to as well, password and all; None = nowhere."""
        return read_postgres() or self.config.publish.postgres

    @property
    def outbox(self) -> Outbox:
        """The messages to people, on their way or told."""
        return Outbox(self.home / "outbox")

    def working(self, source: str) -> Path:
        """Scratch of one source; emptied at each run."""
        return self.home / "ingest" / source

    @contextmanager
    def connect(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse in UTC. Raises WarehouseBusyError while another process writes it."""
        self.warehouse.parent.mkdir(parents=True, exist_ok=True)
        try:
            connection = duckdb.connect(str(self.warehouse), read_only=read_only)
        except duckdb.IOException as error:
            raise busy(self.warehouse, error) from error
        try:
            connection.execute("set timezone = 'UTC'")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def alone(
        self, wait_s: float | None = None, say: Callable[[str], object] = lambda text: None
    ) -> Iterator[None]:
        """Nobody else works at the warehouse meanwhile; `say` is told for whom this waits.

        Raises WarehouseBusyError after `wait_s`. Between two steps of a run the file is free, and
        who opened it then would make the next step fail.
        """

        def at_work() -> str:
            found = self.history.at_work()
            return f"a run ({found[0]}, since {found[1]:%H:%M:%S} UTC)" if found else "another run"

        def tell() -> None:
            say(f"waits for {at_work()} that is at work in {self.home}")

        with ExitStack() as stack:
            try:
                stack.enter_context(turn(self.warehouse.parent, wait_s=wait_s, waits=tell))
            except TimeoutError as error:
                raise WarehouseBusyError(
                    f"{at_work().capitalize()} is at work in {self.home}, and the warehouse is its"
                    " alone. Try again when it has ended; `bookbag kpi` and whoever reads the"
                    " published copy need not wait."
                ) from error
            yield

    @contextmanager
    def look(
        self, wait_s: float | None = LOOK_WAIT_S, say: Callable[[str], object] = lambda text: None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse read-only, for whoever is no run. Raises WarehouseBusyError where the run
        that is at work takes longer than `wait_s`.
        """
        with self.alone(wait_s, say), self.connect(read_only=True) as connection:
            yield connection

    def check_owner(self, say: Callable[[str], object] = lambda text: None) -> None:
        """Raises ConfigError where the home folder is another account's. Waits while a run is at
        work.
        """
        if not self.warehouse.exists():
            return
        with self.look(wait_s=None, say=say) as connection:
            stranger = stranger_in(connection, self.config)
        if stranger:
            raise ConfigError(
                f"{self.home} {stranger}. Give each account a folder of its own with --home, or"
                " remove this one to begin anew."
            )

    def syncs(self, now: datetime) -> list[SyncState]:
        """How each source stands at `now`, by name."""
        broken = {(fault.step, fault.subject) for fault in self.history.broken()}
        found = []
        for name, window in self.allowances().items():
            at = self.history.last_done("ingest", name)
            is_late = at is None or now - at > window
            found.append(SyncState(name, at, is_late, ("ingest", name) in broken))
        return found

    def late_sources(self, now: datetime) -> dict[str, datetime | None]:
        """Sources whose last whole sync is too long ago, with that instant (None = never)."""
        return {sync.source: sync.synced_at for sync in self.syncs(now) if sync.is_late}

    def landed(self, connection: duckdb.DuckDBPyConnection) -> tuple[set[str], set[str]]:
        """Sources of which something has landed, and those of them that were once read whole."""
        names = [source.name for source in self.config.sources]
        landed = {name for name in names if last_load(connection, name) is not None}
        return landed, {name for name in landed if self.history.last_done("ingest", name)}

    def is_half(self) -> bool:
        """Whether half the history of a source has landed: figures would be made of it."""
        with self.connect(read_only=True) as connection:
            landed, whole = self.landed(connection)
        return landed != whole

    def faults(self) -> list[Broken]:
        """Steps that fail now; what was about a source or a target that is no more is left out."""
        sources = {source.name for source in self.config.sources}
        known = {ALL, "account", "marts", "reconciliation", *sources}
        return [
            fault
            for fault in self.history.broken()
            if (fault.step not in ("ingest", "check") or fault.subject in known)
            and (fault.name != f"publish {POSTGRES}" or self.postgres)
        ]

    def allowances(self) -> dict[str, timedelta]:
        """How long ago the last whole sync of each source may be."""
        return {
            source.name: allowance(source, self.config)
            for source in sorted(self.config.sources, key=lambda source: source.name)
        }

    def unused_kinds(self) -> list[str]:
        """Kinds of API sources that the account has none of: their staging models need not be."""
        return sorted(set(VENDORS) - {source.kind for source in self.config.sources})

    def inputs(self) -> str:
        """Fingerprint of all that the marts are made of: landed rows, settings, models."""
        with self.connect(read_only=True) as connection:
            return f"{fingerprint(connection, self.config)}-{_project_hash()[:16]}"

    def note_built(self, *, live: bool = False) -> None:
        """Keeps what the marts have just been made of: more may land before they are published. A
        live build leaves something to the next whole one.
        """
        self._built.write_text(f"{LIVE if live else ''}{self.inputs()}")

    def is_followed(self) -> bool:
        """Whether what has landed is in the copy as far as a live build would bring it there."""
        return self.inputs() == (self.published_inputs() or "").removeprefix(LIVE)

    def built_inputs(self) -> str:
        """The fingerprint of what the marts in the warehouse were made of."""
        return self._built.read_text() if self._built.exists() else self.inputs()

    @property
    def _built(self) -> Path:
        return self.warehouse.with_name("built.inputs")

    def published_inputs(self) -> str | None:
        """The fingerprint behind the published copy; None without one."""
        manifest = self.published / "manifest.json"
        return json.loads(manifest.read_text()).get("inputs") if manifest.exists() else None

    def note_ahead(self) -> None:
        """Before a build: from now on the tables are not what was published."""
        self._ahead.touch()

    def note_level(self) -> None:
        """What was built is published."""
        self._ahead.unlink(missing_ok=True)

    def is_level(self) -> bool:
        """Whether the copy holds what the warehouse does, so that it can follow its changes."""
        return not self._ahead.exists() and self.published_inputs() == self.built_inputs()

    @property
    def _ahead(self) -> Path:
        return self.warehouse.with_name("built.ahead")

    def forget_built(self) -> None:
        """Before a build: if it does not end well, the next makes everything anew. What it had read
        may be withdrawn by then, and what its tests have seen, no live build looks at.
        """
        self._built.unlink(missing_ok=True)

    def has_other_models(self) -> bool:
        """Whether the tables in the warehouse were made by another state of the dbt project, or not
        to the end by this one: rows that such models have made are not built upon.
        """
        made_by = self._built.read_text() if self._built.exists() else ""
        return not made_by.endswith(f"-{_project_hash()[:16]}")

    def is_built(self) -> bool:
        """Whether there are marts at all."""
        if not self.warehouse.exists():
            return False
        with self.connect(read_only=True) as connection:
            found = connection.execute(
                "select count(*) from duckdb_tables() where schema_name = 'marts'"
                " and list_contains(?, table_name)",
                [list(READ)],
            ).fetchone()
        return found == (len(READ),)

    def built_rows(self) -> int:
        """Rows of the tables that the models have made for others to read."""
        with self.connect(read_only=True) as connection:
            found = connection.execute(
                "select coalesce(sum(estimated_size), 0) from duckdb_tables()"
                " where schema_name in ('core', 'marts')"
            ).fetchone()
        return int(found[0]) if found else 0

    def dbt(self) -> Dbt:
        """dbt for this home: it reads the account's warehouse and keeps its own files there."""
        project = self.dbt_project()
        return Dbt(
            project_dir=os.fspath(project.project_dir),
            profiles_dir=os.fspath(project.project_dir),
            # Beside this interpreter, wherever PATH points.
            dbt_executable=os.fspath(Path(sys.executable).with_name("dbt")),
            # What dbt says is in the log of the run; a file of its own costs a seventh of its time.
            global_config_flags=[
                "--log-level-file",
                "none",
                "--log-path",
                os.fspath(self.home / "dbt" / "logs"),
            ],
        )

    def dbt_project(self) -> DbtProject:
        tell_dbt(self.warehouse, self.home / "warehouse" / "spill")
        return DbtProject(project_dir=DBT_PROJECT, target_path=self.home / "dbt" / "target")

    def prepared_manifest(self) -> Path:
        """The manifest of the dbt project as it is now; parsed only when a file of it changed.

        A file of its own, put in place whole: builds write theirs while others load.
        """
        manifest = self.home / "dbt" / "manifest.json"
        stamp = manifest.with_name("manifest.inputs")
        inputs = _project_hash()
        if not (manifest.exists() and stamp.exists() and stamp.read_text() == inputs):
            parsed, target = (
                manifest.with_name(f"parsed-{os.getpid()}"),
                self.dbt_project().target_path,
            )
            self.dbt().cli(["--quiet", "parse"], target_path=parsed).wait()
            os.replace(parsed / manifest.name, manifest)
            target.mkdir(parents=True, exist_ok=True)
            # Else the first build parses the project once more.
            os.replace(parsed / PARSED, target / PARSED)
            shutil.rmtree(parsed)
            stamp.write_text(inputs)
        return manifest


@cache
def workplace() -> Workplace:
    """The account that the environment names. Raises ConfigError."""
    settings = read_environment()
    return Workplace(
        settings, load_config(settings.config, as_of=settings.as_of, home=settings.home)
    )


def busy(path: Path, error: Exception) -> WarehouseBusyError:
    """DuckDB's own words name the process that holds the file."""
    detail = str(error).splitlines()[0]
    return WarehouseBusyError(
        f"{path} cannot be opened: {detail} Wait until the other run has ended, or stop it; readers"
        " should open the published copy."
    )


@dataclass(frozen=True)
class Progress:
    """Where a run tells a person what it has done; `line(step, text, seconds)`."""

    line: Callable[[str, str, float], None] = lambda step, text, seconds: None


def _project_hash() -> str:
    digest = hashlib.sha256()
    for pattern in MANIFEST_INPUTS:
        for path in sorted(DBT_PROJECT.rglob(pattern)):
            if "target" not in path.parts:
                digest.update(str(path.relative_to(DBT_PROJECT)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
