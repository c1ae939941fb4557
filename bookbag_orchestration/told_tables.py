"""Tables of the published copy that no model makes: what bookbag knows of its own work."""

from collections.abc import Mapping

import duckdb
import pyarrow as pa


def write_told(
    copy: duckdb.DuckDBPyConnection, name: str, table: pa.Table, comments: Mapping[str, str]
) -> int:
    """Puts `marts.<name>` into a copy that has the schema, its columns commented; its rows."""
    copy.register("told", table)
    copy.execute(f"create or replace table marts.{name} as from told")
    copy.unregister("told")
    for column, said in comments.items():
        text = said.replace("'", "''")
        copy.execute(f"comment on column marts.{name}.{column} is '{text}'")
    return int(table.num_rows)
