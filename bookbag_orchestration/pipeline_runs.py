"""`marts.pipeline_runs`: the history of the runs as people read it.

Made for each published copy and no model: a run that builds nothing, or fails, is told too. Why a
step failed is told without what errors quote of the rows.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

import duckdb
import pyarrow as pa

from bookbag_orchestration.history import History
from bookbag_orchestration.told_tables import write_told

LONGEST_ERROR = 500

# Columns of marts.pipeline_runs: type, and what it says.
COLUMNS: Mapping[str, tuple[str, str]] = {
    "run_id": ("varchar", "The run, as Dagster names it."),
    "step": ("varchar", "run for the whole, or ingest, transform, check, alert, report, publish."),
    "subject": ("varchar", "The source or the tables that the step is about; all = everything."),
    "job": ("varchar", "What started it: run (the command), or the name of a scheduled job."),
    "state": (
        "varchar",
        "running, done, behind (a sync that is not at its end), away (it did not answer),"
        " failed or killed.",
    ),
    "started_at": ("timestamptz", "When it began, its first attempt (UTC)."),
    "ended_at": ("timestamptz", "When it ended (UTC); NULL while it runs and where it was killed."),
    "elapsed_s": ("double", "Seconds from start to end, pauses between attempts too."),
    "row_count": ("bigint", "Rows that the step landed, built or published; NULL if it has none."),
    "attempts": ("bigint", "How often it was tried; of a run the most of any step."),
    "latency_s": (
        "double",
        "Of a live pass's publish step: within how many seconds of their happening 95 % of the"
        " helpdesk's events were in the copy.",
    ),
    "said": ("varchar", "What it said when it was done."),
    "error": ("varchar", "Why it failed, and the cure; quoted words and addresses are left out."),
}

_TYPES = {"varchar": pa.string(), "timestamptz": pa.timestamp("us", "UTC"),
          "double": pa.float64(), "bigint": pa.int64()}  # fmt: skip


def write_runs(copy: duckdb.DuckDBPyConnection, history: History) -> int:
    """Makes the table in a copy that has the schema; returns its rows."""
    shown = [(*row[:-2], published(row[-2]), published(row[-1])) for row in history.rows()]
    columns = zip(*shown, strict=True) if shown else [()] * len(COLUMNS)
    arrays = [
        pa.array(values, _TYPES[kind])
        for values, (kind, _) in zip(columns, COLUMNS.values(), strict=True)
    ]
    comments = {name: said for name, (_, said) in COLUMNS.items()}
    return write_told(copy, "pipeline_runs", pa.table(arrays, names=list(COLUMNS)), comments)


@lru_cache(maxsize=1000)
def published(text: str | None) -> str | None:
    """What may be read by all of what a step said: no address, and nothing quoted from a row."""
    if text is None:
        return None
    bare = re.sub(r"[^\s'\"<>,;]+@[^\s'\"<>,;]+", "…", text)
    bare = re.sub(r"\+\d[\d ().-]{7,}\d", "…", bare)
    bare = re.sub(r"(?<!\w)b?(['\"])(?:\1\1|(?!\1).)*\1(?!\w)", "…", bare)
    return bare[:LONGEST_ERROR]
