"""The one way a pipeline is built and run: dlt into the private DuckDB file, Parquet in between.

Each source is a pipeline of its own (`bookbag_<source>`, schema `raw_<source>`), so that one that
fails stops no other. Its state lives in the warehouse beside the rows and counts only with a
finished load; what a killed run has left, in its working folder and in the warehouse, is thrown
away before the next.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import dlt
import duckdb
from dlt.common.pipeline import LoadInfo
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.sources import DltSource

from ingestion.errors import IngestError
from ingestion.quarantine import has_quarantine, prune
from ingestion.run import SourceRun

BOOKKEEPING = ("quarantine", "file_loads")
# Nobody reads rows in the order of a table, and to keep it takes twice as long with two threads.
LOADING = {"preserve_insertion_order": False, "memory_limit": "1GB"}


@dataclass(frozen=True)
class Loaded:
    """What one run landed: new rows by table, and the rows that are set aside now.

    `refused` tables are not offered to the account; a source that `is_behind` goes on next time.
    One that `is_half` has a table that was never read to its end.
    """

    rows: Mapping[str, int]
    quarantined: int
    refused: tuple[str, ...] = ()
    is_behind: bool = False
    is_half: bool = False

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def build(source: str, warehouse: Path, working: Path) -> dlt.Pipeline:
    """A pipeline of one source, which keeps its files in `working`. It can be built while another
    process runs it.
    """
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    dlt.config["normalize.parquet_normalizer.add_dlt_load_id"] = True
    dlt.config["load.raise_on_failed_jobs"] = True
    # One table after the other: DuckDB has two threads for each, and memory is that of one.
    dlt.config["load.workers"] = 1
    credentials = DuckDbCredentials(global_config=LOADING)
    credentials.database = str(warehouse)
    return dlt.pipeline(
        pipeline_name=f"bookbag_{source}",
        pipelines_dir=str(working / "dlt"),
        destination=dlt.destinations.duckdb(credentials),
        dataset_name=f"raw_{source}",
    )


def load(pipeline: dlt.Pipeline, make: Callable[[], DltSource], run: SourceRun) -> Loaded:
    """Runs the source to its end, in passes, each of which commits what it has read.

    Raises IngestError where the source could not be read; of the pass that failed nothing lands.
    """
    pipeline.drop()
    rows: Counter[str] = Counter()
    sync, source = run.sync, make()
    wanted = set(source.selected_resources)
    if run.warehouse.exists():
        with duckdb.connect(str(run.warehouse)) as connection:
            undo_unfinished(connection, source.name)
    while True:
        sync.begin_pass()
        try:
            info = pipeline.run(source, loader_file_format="parquet")
        except PipelineStepFailed as error:
            raise _cause(error, source.name) from error
        rows.update(_landed(pipeline, info))
        if wanted <= sync.finished or sync.is_late:
            break
        source = make()
    with duckdb.connect(str(run.warehouse)) as connection:
        prune(connection, source.name)
        return Loaded(
            rows=rows,
            quarantined=_set_aside(connection, source.name),
            refused=tuple(sorted(sync.refused)),
            is_behind=not wanted <= sync.finished,
            is_half=bool(wanted & sync.unknown - sync.finished),
        )


def undo_unfinished(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """Takes out what killed runs have appended: their state, which says so, was never saved."""
    schema = f"raw_{source}"
    found = connection.execute(
        "select distinct table_name from duckdb_columns() where schema_name = ?"
        " and (column_name = '_row_hash' or table_name in (?, ?, '_dlt_loads'))",
        [schema, *BOOKKEEPING],
    ).fetchall()
    tables = {name for (name,) in found}
    if "_dlt_loads" in tables:
        for table in tables - {"_dlt_loads"}:
            connection.execute(
                f'delete from "{schema}"."{table}" where _dlt_load_id not in'
                f' (select load_id from "{schema}"._dlt_loads where status = 0)'
            )


def _landed(pipeline: dlt.Pipeline, info: LoadInfo) -> Mapping[str, int]:
    trace = pipeline.last_trace
    normalized = trace.last_normalize_info if trace and info.loads_ids else None
    counts = normalized.row_counts if normalized else {}
    return {
        table: rows
        for table, rows in counts.items()
        if rows and not table.startswith("_dlt") and table not in BOOKKEEPING
    }


def _set_aside(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    if not has_quarantine(connection, source):
        return 0
    found = connection.execute(f'select count(*) from "raw_{source}".quarantine').fetchone()
    return int(found[0]) if found else 0


def _cause(error: BaseException, source: str) -> IngestError:
    """The source's own words behind dlt's wrapping; of any other error, its first line."""
    innermost: BaseException = error
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, IngestError):
            return cause
        innermost = cause
        cause = cause.__cause__ or cause.__context__
    text = str(innermost).strip().splitlines()
    return IngestError(
        f"source {source}: {text[0] if text else type(innermost).__name__}"
        " What it has landed counts only when it is done; run again with --verbose for the whole"
        " trace."
    )
