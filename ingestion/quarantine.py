"""Rows that broke their contract: `raw_<source>.quarantine`, and `file_loads`, which counts them.

Both tables only grow while loading. What a file said wrong the last time but one is pruned, so that
the quarantine holds what is wrong now; a mended file or mapping empties it by being read again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

QUARANTINE = pa.schema(
    [
        ("entity", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column_name", pa.string()),
        ("reason", pa.string()),
        ("row_text", pa.string()),
        ("landed_at", pa.timestamp("us", "UTC")),
    ]
)
FILE_LOADS = pa.schema(
    [
        ("entity", pa.string()),
        ("file", pa.string()),
        ("size", pa.int64()),
        ("modified_at", pa.timestamp("us", "UTC")),
        ("sha256", pa.string()),
        ("columns", pa.string()),
        ("rows_read", pa.int64()),
        ("rows_good", pa.int64()),
        ("rows_ignored", pa.int64()),
        ("rows_quarantined", pa.int64()),
        ("dst_skipped", pa.int64()),
        ("dst_repeated", pa.int64()),
        ("loaded_at", pa.timestamp("us", "UTC")),
    ]
)


@dataclass(frozen=True)
class QuarantinedRow:
    """`line` is the physical line (a Parquet file's row number), from 1; `row_text` the row."""

    source: str
    entity: str
    file: str
    line: int
    column_name: str | None
    reason: str
    row_text: str
    landed_at: datetime


def prune(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """Drops rows of files that have been read again since; nothing where there is no table."""
    if has_quarantine(connection, source):
        schema = f'"raw_{source}"'
        connection.execute(
            f"delete from {schema}.quarantine as old using (select entity, file,"
            f" max(_dlt_load_id) as load_id from {schema}.file_loads group by entity, file)"
            " as newest where old.entity = newest.entity and old.file = newest.file"
            " and old._dlt_load_id < newest.load_id"
        )


def quarantined(
    connection: duckdb.DuckDBPyConnection, sources: Iterable[str]
) -> list[QuarantinedRow]:
    """All rows set aside, by source, entity, file and line."""
    rows: list[QuarantinedRow] = []
    for source in sources:
        if has_quarantine(connection, source):
            found = connection.execute(
                "select entity, file, line, column_name, reason, row_text, landed_at"
                f' from "raw_{source}".quarantine order by entity, file, line, column_name, reason'
            ).fetchall()
            rows += [QuarantinedRow(source, *values) for values in found]
    return rows


def has_quarantine(connection: duckdb.DuckDBPyConnection, source: str) -> bool:
    """False until the source has loaded once."""
    found = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = ?"
        " and table_name in ('quarantine', 'file_loads')",
        [f"raw_{source}"],
    ).fetchone()
    return found is not None and found[0] == 2


def last_load(connection: duckdb.DuckDBPyConnection, source: str) -> datetime | None:
    """When a load of the source last ended well; None before the first."""
    found = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = ? and table_name = '_dlt_loads'",
        [f"raw_{source}"],
    ).fetchone()
    if not found or not found[0]:
        return None
    row = connection.execute(
        f'select max(inserted_at) from "raw_{source}"._dlt_loads where status = 0'
    ).fetchone()
    return row[0] if row else None
