"""Queries on the published copy.

Only tables of `marts` and `core`, only SELECTs, on the connection that is handed in: a report can
be made from a copy that is open read-only, and from any DuckDB file in the same shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, overload
from zoneinfo import ZoneInfo

import duckdb

from reports.errors import PublishedError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rows(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    values: Sequence[object] | Mapping[str, object] = (),
) -> Iterator[dict[str, Any]]:
    """The rows of a query as dictionaries."""
    cursor = connection.cursor().execute(
        sql, values if isinstance(values, Mapping) else list(values)
    )
    names = [column[0] for column in cursor.description or ()]
    return (dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def has_table(connection: duckdb.DuckDBPyConnection, name: str, schema: str = "marts") -> bool:
    """Whether the copy has the table."""
    sql = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
    return next(rows(connection, sql, [schema, name]), None) is not None


def require_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Stops with the cure where the copy lacks what no report can do without."""
    for name in ("account", "kpi_catalog", "kpi_values"):
        if not has_table(connection, name):
            raise PublishedError(
                f"The published copy has no table marts.{name}. "
                "Run `bookbag run`: its transform and publish steps make it."
            )


@overload
def local_time(epoch_us: int, timezone: str) -> datetime: ...
@overload
def local_time(epoch_us: int | None, timezone: str) -> datetime | None: ...
def local_time(epoch_us: int | None, timezone: str) -> datetime | None:
    """An instant, as microseconds of the epoch, in the wall time of a zone."""
    if epoch_us is None:
        return None
    instant = _EPOCH + timedelta(microseconds=epoch_us)
    return instant.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
