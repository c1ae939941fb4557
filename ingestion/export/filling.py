"""One file of any format → the tables `staged` and `broken` of a scratch database.

The formats differ only in how they give columns to the same SQL: Parquet is read where it lies,
text comes in batches. A file that cannot be what the settings say fails here, by name.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.errors import IngestError
from ingestion.export.delimited import DelimitedFile, field_name, unique_names
from ingestion.export.folder import SourceFile
from ingestion.export.lines import LINE, TEXT, Batch, Broken, is_json_lines, read_json_lines
from ingestion.export.mapping import Format
from ingestion.export.parsing import Parser
from ingestion.export.spelling import (
    JSON,
    Given,
    json_relation,
    literal,
    quoted,
    row_as_json,
)


@dataclass
class FileResult:
    """What became of one file in this run; counts are of rows.

    `is_reread`: this content, or a file of this name, was landed before.
    """

    file: SourceFile
    order: int
    is_reread: bool
    columns: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_good: int = 0
    rows_ignored: int = 0
    rows_quarantined: int = 0
    dst_skipped: int = 0
    dst_repeated: int = 0


class Filler:
    """Fills in one file; `where` names it in errors, the counts go to `result`."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        parser: Parser,
        settings: Format,
        where: str,
        result: FileResult,
    ) -> None:
        self.connection = connection
        self.parser = parser
        self.settings = settings
        self.where = where
        self.result = result

    def fill(self, path: Path) -> None:
        """Raises IngestError if a required column is missing or if no row can be read at all."""
        if not path.stat().st_size:
            return
        try:
            if path.name.lower().endswith(".parquet"):
                self._parquet(path)
            else:
                # A batch of text is too small to be divided: two threads take longer than one.
                self.connection.execute("set threads = 1")
                (self._json_lines if is_json_lines(path.name) else self._delimited)(path)
                self.connection.execute("reset threads")
        except duckdb.OutOfMemoryException as error:
            raise IngestError(
                f"{self.where} needs more memory or more room for temporary files:"
                f" {str(error).splitlines()[0]} Free some, or split the file."
            ) from error
        except (duckdb.Error, pa.ArrowException) as error:
            raise IngestError(
                f"{self.where} cannot be read: {str(error).splitlines()[0]} Check that the file is"
                " whole, and the table's settings in bookbag.toml."
            ) from error
        self._count()

    def _parquet(self, path: Path) -> None:
        schema = pq.read_schema(path)
        header = unique_names(schema.names)
        for theirs, column in zip(header, schema, strict=True):
            if pa.types.is_decimal256(column.type) and self.parser.is_read(theirs):
                raise IngestError(
                    f"{self.where}: column {theirs} is a {column.type}, which cannot be read"
                    " exactly. Write it as a decimal128 or as text."
                )
        self._check_columns(header)
        relation = f"read_parquet({literal(str(path))}, file_row_number = true)"
        described = self.connection.execute(f"describe select * from {relation}").fetchall()
        given = {
            theirs: Given(quoted(name), kind)
            for theirs, (name, kind, *_) in zip(header, described[:-1], strict=True)
        }
        line = "file_row_number + 1"
        numbered = f"(select *, {line} as {LINE}, cast(null as varchar) as {TEXT} from {relation})"
        self._insert(self.parser.select(numbered, given))
        self.result.rows_read = self._number(f"select count(*) from {relation}")
        # A row's text costs more than the row, so only those that need it get one.
        bad = f"file_order = {self.result.order} and _problem is not null"
        if self._number(f"select count(*) from staged where {bad}"):
            self.connection.execute(
                f"update staged set _row_text = texts.text from (select {line} as line,"
                f" {row_as_json(given)} as text from {relation}"
                f" where {line} in (select _line from staged where {bad})) as texts"
                f" where {bad} and staged._line = texts.line"
            )

    def _delimited(self, path: Path) -> None:
        file = DelimitedFile(path, self.settings.delimiter, self.settings.encoding, self.where)
        if not file.header:
            return
        self._check_columns(file.header)
        given = {name: Given(field_name(place)) for place, name in enumerate(file.header)}
        select = self.parser.select("batch", given)
        for batch in file.batches():
            self._insert_batch(batch, select)
        self._check_readable()

    def _json_lines(self, path: Path) -> None:
        seen: dict[str, None] = {}
        for batch in read_json_lines(path, self.settings.encoding, self.where):
            objects, broken = self._json_objects(batch)
            keys = self._json_keys(objects)
            seen.update(dict.fromkeys(keys))
            self._insert_batch(Batch(objects, broken), self._json_select(keys))
        if self.result.rows_read > self.result.rows_quarantined:
            self._check_columns(seen)
        self._check_readable()

    def _json_objects(self, batch: Batch) -> tuple[pa.Table, list[Broken]]:
        """The rows that are JSON objects; the others are broken."""
        self.connection.register("batch", batch.rows)
        is_object = f"case when json_valid({TEXT}) then json_type({TEXT}) = 'OBJECT' else false end"
        objects = self.connection.execute(f"select * from batch where {is_object}").to_arrow_table()
        bad = []
        if len(objects) < len(batch.rows):
            bad = self.connection.execute(
                f"select {LINE}, rtrim({TEXT}, E'\\r\\n') from batch where not {is_object}"
            ).fetchall()
        self.connection.unregister("batch")
        return objects, [*batch.broken, *(Broken(n, "no JSON object", text) for n, text in bad)]

    def _json_keys(self, objects: pa.Table) -> list[str]:
        self.connection.register("batch", objects)
        keys = self.connection.execute(
            f"select distinct unnest(json_keys({TEXT})) as name from batch order by name"
        ).fetchall()
        self.connection.unregister("batch")
        return [key for (key,) in keys]

    def _json_select(self, keys: list[str]) -> str:
        given: dict[str, Given] = {}
        texts: dict[str, tuple[str, bool]] = {}
        others: dict[str, str] = {}
        for place, key in enumerate(keys):
            name = field_name(place)
            if self.parser.is_read(key):
                given[key] = Given(name)
                texts[name] = (key, self.parser.has_comma(key))
            else:
                given[key] = Given(name, JSON)
                others[name] = key
        return self.parser.select(json_relation("batch", texts, others), given)

    def _check_columns(self, columns: Collection[str]) -> None:
        provided = self.result.columns = self.parser.provided(columns)
        wanted = [
            f"{name} (as {their!r})" if (their := self.parser.their_name(name)) != name else name
            for name in self.parser.entity.required
            if name not in provided
        ]
        wanted += [
            f"{name!r} (named in `rows`)"
            for name in self.parser.mapping.rows
            if name not in columns
        ]
        if wanted:
            raise IngestError(
                f"{self.where} has no column {', '.join(wanted)}; its columns are"
                f" {', '.join(columns)}. Name the file's own column in"
                f" tables.{self.parser.entity.name}.columns, or correct the delimiter or the"
                " encoding."
            )

    def _check_readable(self) -> None:
        rows = self.result.rows_read
        if rows and self.result.rows_quarantined == rows:
            line, reason = self.connection.execute(
                "select line, reason from broken where file_order = ? order by line limit 1",
                [self.result.order],
            ).fetchall()[0]
            raise IngestError(
                f"{self.where}: none of its {rows} rows can be read; line {line}: {reason}."
                " Correct the table's delimiter or encoding in bookbag.toml."
            )

    def _insert_batch(self, batch: Batch, select: str) -> None:
        if batch.broken:
            self._insert_broken(batch.broken)
        self.result.rows_read += len(batch.rows) + len(batch.broken)
        self.result.rows_quarantined += len(batch.broken)
        if len(batch.rows):
            self.connection.register("batch", batch.rows)
            self._insert(select)
            self.connection.unregister("batch")

    def _insert_broken(self, broken: list[Broken]) -> None:
        columns = {
            "file_order": pa.array([self.result.order] * len(broken), pa.int32()),
            "line": pa.array([row.line for row in broken], pa.int64()),
            "reason": pa.array([row.reason for row in broken], pa.string()),
            "text": pa.array([row.text for row in broken], pa.large_string()),
        }
        self.connection.register("bad_rows", pa.table(columns))
        self.connection.execute("insert into broken select * from bad_rows")
        self.connection.unregister("bad_rows")

    def _insert(self, select: str) -> None:
        self.connection.execute(
            "insert into staged by name"
            f" select *, {literal(self.result.file.name)} as _file,"
            f" {self.result.order} as file_order from ({select})"
        )

    def _count(self) -> None:
        result = self.result
        good, bad, skipped, repeated = self.connection.execute(
            "select count(*) filter (where _problem is null), count(_problem),"
            " coalesce(sum(_skipped), 0), coalesce(sum(_repeated), 0)"
            " from staged where file_order = ?",
            [result.order],
        ).fetchall()[0]
        result.rows_good = good
        result.rows_ignored = result.rows_read - result.rows_quarantined - good - bad
        result.rows_quarantined += bad
        result.dst_skipped, result.dst_repeated = int(skipped), int(repeated)

    def _number(self, query: str) -> int:
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0
