"""Documents of an API as rows of `raw_<source>`: the JSON as it came, only what is new or changed.

A sync reads again what it has read before: the overlap of a cursor, a page that shifted, a list
without a cursor. Dropping what is known here keeps the warehouse from growing, and the models from
being rebuilt, for nothing. Rows are only added: the newest of a key counts, and the older ones
are the history that some vendors do not keep.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import dlt
import duckdb
import orjson
import pyarrow as pa

from ingestion.quarantine import FILE_LOADS, QUARANTINE
from ingestion.run import SourceRun

DOCUMENTS = pa.schema(
    [
        ("_key", pa.string()),
        ("payload", pa.string()),
        ("_row_hash", pa.string()),
        ("_is_deleted", pa.bool_()),
        ("_order", pa.int64()),
        ("_loaded_at", pa.timestamp("us", "UTC")),
    ]
)
_BATCH = 5_000
_KEYS = pa.schema([("key", pa.string())])
_GONE = "deleted"

Document = dict[str, Any]
Row = tuple[str, str | None, str]


class Documents:
    """Rows on their way into one table. `key` names a document; without one it is set aside."""

    def __init__(
        self,
        source: str,
        table: str,
        run: SourceRun,
        key: Callable[[Document], Any] = lambda document: document.get("id"),
    ) -> None:
        self._schema, self._table, self._run, self._key = f"raw_{source}", table, run, key
        self._waiting: dict[str, Row] = {}
        self._nameless: list[str] = []
        self._order = 0
        self._landed: dict[str, str] = {}
        self._is_new = not self._is_there()

    def add(self, documents: Iterable[Document]) -> list[Document]:
        """Takes documents in; returns those that are new or changed, in their order."""
        found: dict[str, tuple[Row, Document]] = {}
        for document in documents:
            payload = orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()
            key = self._key(document)
            if key is None:
                self._nameless.append(payload)
                continue
            digest = hashlib.blake2b(payload.encode(), digest_size=16).hexdigest()
            found[str(key)] = ((str(key), payload, digest), document)
        known = self._known(found)
        fresh = [pair for key, pair in found.items() if known.get(key) != pair[0][2]]
        self._take(row for row, _ in fresh)
        return [document for _, document in fresh]

    def bury(self, keys: Iterable[str]) -> None:
        """Marks documents as deleted at the vendor's."""
        wanted = set(keys)
        known = self._known(wanted)
        self._take((key, None, _GONE) for key in sorted(wanted) if known.get(key, _GONE) != _GONE)

    def bury_all_but(self, there: Iterable[Iterable[str]]) -> None:
        """Marks as deleted what is landed and not among these keys, which come by page."""
        pages = [pa.array([*keys], pa.string()) for keys in there]
        keys = pa.table({"key": pa.chunked_array(pages, pa.string())})
        self.bury(key for (key,) in self._ask_living("select key from living", keys))

    def _held(self) -> int:
        """How many documents there are, deleted ones not counted."""
        ((held,),) = self._ask_living("select count(*) from living", _KEYS.empty_table())
        return int(held)

    def _ask_living(self, question: str, apart_from: pa.Table) -> list[tuple[Any, ...]]:
        """Of `living`, the keys that are landed, or on their way, and not deleted. In SQL, since a
        long history has more keys than memory should hold.
        """
        ahead = pa.table(
            {
                "key": pa.array([*self._landed], pa.string()),
                "is_gone": pa.array([digest == _GONE for digest in self._landed.values()]),
            },
            schema=pa.schema([("key", pa.string()), ("is_gone", pa.bool_())]),
        )
        rows = "select null::varchar as key, true as is_gone where false"
        if not self._is_new:
            rows = f"""select _key as key, arg_max(_is_deleted, (_dlt_load_id, _order)) as is_gone
                from {self._name} group by _key"""
        with duckdb.connect() if self._is_new else self._connect() as connection:
            connection.register("ahead", ahead)
            connection.register("apart_from", apart_from)
            return connection.execute(
                f"""with before as ({rows}), living as (
                    select key from (
                        select key, is_gone from before anti join ahead using (key)
                        union all select key, is_gone from ahead
                    ) anti join apart_from using (key)
                    where not is_gone
                ) {question}"""
            ).fetchall()

    def batches(self, *, is_last: bool = False) -> Iterator[Any]:
        """What is ready to be landed, a batch at a time; the rest and the table where `is_last`."""
        if not is_last and len(self._waiting) < _BATCH:
            return
        rows = list(self._waiting.values())
        self._waiting.clear()
        table = pa.table(
            [
                pa.array([row[0] for row in rows], pa.string()),
                pa.array([row[1] for row in rows], pa.string()),
                pa.array([row[2] for row in rows], pa.string()),
                pa.array([row[1] is None for row in rows], pa.bool_()),
                pa.array(range(self._order, self._order + len(rows)), pa.int64()),
                pa.array([self._run.now] * len(rows), pa.timestamp("us", "UTC")),
            ],
            schema=DOCUMENTS,
        )
        self._order += len(rows)
        yield dlt.mark.with_table_name(table, self._table)
        if self._nameless:
            yield dlt.mark.with_table_name(self._set_aside(), "quarantine")
            self._nameless.clear()

    def account(self) -> Iterator[Any]:
        """What the table holds now, in the books that files are kept in; only after a change."""
        if self._table not in self._run.sync.changed:
            return
        held = self._held()
        columns: dict[str, Any] = {
            "entity": [self._table],
            "file": ["api"],
            "rows_read": [held],
            "rows_good": [held],
            "loaded_at": [self._run.now],
        }
        counts = {name: [0] for name in FILE_LOADS.names if name.startswith(("rows_", "dst_"))}
        row = {name: [None] for name in FILE_LOADS.names} | counts | columns
        yield dlt.mark.with_table_name(pa.table(row).cast(FILE_LOADS), "file_loads")

    def _take(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._run.sync.changed.add(self._table)
            self._waiting.pop(row[0], None)
            self._waiting[row[0]] = row
            self._landed[row[0]] = row[2]

    def _known(self, keys: Iterable[str]) -> dict[str, str]:
        """Hashes of the newest rows of these keys, landed before or on their way."""
        wanted = set(keys)
        ahead = {key: self._landed[key] for key in wanted if key in self._landed}
        asked = sorted(wanted - set(ahead))
        if not asked or self._is_new:
            return ahead
        with self._connect() as connection:
            rows = connection.execute(
                f"""select _key, arg_max(_row_hash, (_dlt_load_id, _order)) from {self._name}
                where _key in (select unnest(?)) group by _key""",
                [asked],
            ).fetchall()
        return {**dict(rows), **ahead}

    @property
    def _name(self) -> str:
        return f'"{self._schema}"."{self._table}"'

    def _is_there(self) -> bool:
        if not self._run.warehouse.exists():
            return False
        with self._connect() as connection:
            found = connection.execute(
                "select count(*) from duckdb_columns() where schema_name = ? and table_name = ?"
                " and column_name = '_dlt_load_id'",
                [self._schema, self._table],
            ).fetchone()
        return bool(found and found[0])

    def _connect(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self._run.warehouse))

    def _set_aside(self) -> pa.Table:
        size = len(self._nameless)
        columns: dict[str, Any] = {
            "entity": [self._table] * size,
            "file": ["api"] * size,
            "line": list(range(1, size + 1)),
            "column_name": ["id"] * size,
            "reason": ["the document has no id"] * size,
            "row_text": self._nameless,
            "landed_at": [self._run.now] * size,
        }
        return pa.table({name: columns.get(name, [None] * size) for name in QUARANTINE.names}).cast(
            QUARANTINE
        )


def bookkeeping() -> Iterator[Any]:
    """The tables that every source has, though nothing is in them."""
    yield dlt.mark.with_table_name(QUARANTINE.empty_table(), "quarantine")
    yield dlt.mark.with_table_name(FILE_LOADS.empty_table(), "file_loads")
