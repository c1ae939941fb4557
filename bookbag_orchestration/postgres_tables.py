"""The published tables as PostgreSQL has them: types, comments, keys, and rows on their way.

DuckDB hands rows over as Arrow batches and Arrow writes them as the text that COPY reads, so that
no row passes through Python. What PostgreSQL cannot hold is changed in the query that reads.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from pyarrow import csv

# As format_type() of PostgreSQL names them; text is what is not here.
TYPES: Mapping[str, str] = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "numeric(20,0)",
    "HUGEINT": "numeric(39,0)",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIME": "time without time zone",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "INTERVAL": "interval",
    "UUID": "uuid",
    "JSON": "jsonb",
}
# What Arrow writes as PostgreSQL reads it; other types leave DuckDB as text.
PLAIN = ("boolean", "smallint", "integer", "bigint", "double precision", "date")
NESTED = ("STRUCT", "MAP", "UNION")
# PostgreSQL has no character 0; what stands for it says that something was there.
NO_CHARACTER = "chr(0)", "chr(65533)"
# How JSON spells the two.
NO_ESCAPE = r"'\u0000'", r"'\ufffd'"
BATCH = 100_000
# Keys of more columns are as large as their table: their first columns are an index.
KEY_COLUMNS = 3


@dataclass(frozen=True)
class Column:
    """`read` is the expression that DuckDB gives its value by."""

    name: str
    type: str
    read: str
    comment: str | None


@dataclass(frozen=True)
class Table:
    """A published table; no two rows share the `key`, which has no NULL. Empty = not known."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def is_key_short(self) -> bool:
        return 0 < len(self.key) <= KEY_COLUMNS

    def fingerprint(self, sha256: str) -> str:
        """What the rows and how they are told are known by."""
        return hashlib.sha256(f"{sha256} {self!r}".encode()).hexdigest()


def tables_of(copy: duckdb.DuckDBPyConnection, keys: Mapping[str, tuple[str, ...]]) -> list[Table]:
    """The tables of the copy by name; `keys` by `schema.table`."""
    found = copy.execute(
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns()"
        " where database_name = current_database() and not internal"
        " order by schema_name, table_name, column_index"
    ).fetchall()
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, table, *column in found:
        columns.setdefault((schema, table), []).append(_column(*column))
    return [
        Table(schema, name, tuple(of_it), keys.get(f"{schema}.{name}", ()))
        for (schema, name), of_it in columns.items()
    ]


def _column(name: str, type_: str, comment: str | None) -> Column:
    quoted = '"' + name.replace('"', '""') + '"'
    kind = type_.partition("(")[0]
    if kind == "DECIMAL":
        return Column(name, type_.replace("DECIMAL", "numeric"), f"{quoted}::varchar", comment)
    if type_.endswith("]") or kind in NESTED or kind == "JSON":
        as_json = f"replace(to_json({quoted})::varchar, {', '.join(NO_ESCAPE)})"
        return Column(name, "jsonb", as_json, comment)
    known = TYPES.get(type_, "text")
    if known in PLAIN or known.startswith("timestamp"):
        return Column(name, known, quoted, comment)
    text = f"{quoted}::varchar"
    is_text = known == "text"
    return Column(name, known, f"replace({text}, {', '.join(NO_CHARACTER)})" if is_text else text,
                  comment)  # fmt: skip


def blocks(copy: duckdb.DuckDBPyConnection, table: Table) -> Iterator[bytes]:
    """The rows as CSV, some MB at a time: NULL is nothing, text stands in quotes."""
    read = ", ".join(column.read for column in table.columns)
    found = copy.execute(f"select {read} from {table.schema}.{table.name}")
    plainly = csv.WriteOptions(include_header=False)
    for batch in found.to_arrow_reader(BATCH):
        block = io.BytesIO()
        csv.write_csv(batch, block, plainly)
        yield block.getvalue()


def keys_of(manifest: Path) -> dict[str, tuple[str, ...]]:
    """The keys that dbt's tests hold the models to, where no column of them can be NULL."""
    nodes: Mapping[str, Any] = json.loads(manifest.read_text())["nodes"]
    found = {}
    for node in nodes.values():
        test = node.get("test_metadata") or {}
        model = nodes.get(node.get("attached_node") or "")
        if test.get("name") == "is_sound" and model and not test["kwargs"].get("nullable"):
            found[f"{model['schema']}.{model['name']}"] = tuple(test["kwargs"]["key"])
    return found
