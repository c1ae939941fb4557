"""The files of one entity, parsed into a scratch database on disk.

Nothing is landed before everything could be read, and memory stays bounded: rows of all files go
to the table `staged`, rows that could not even be split to `broken`. What of it is new: landing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

import duckdb
import pyarrow as pa

from ingestion.contracts import Entity
from ingestion.errors import IngestError
from ingestion.export.folder import FilesSpec, SourceFile, format_of, mapping_of
from ingestion.export.parsing import (
    JSON,
    MACROS,
    SQL_TYPES,
    Given,
    Parser,
    json_relation,
    literal,
    quoted,
)
from ingestion.export.reading import (
    LINE,
    TEXT,
    Batch,
    Broken,
    DelimitedFile,
    is_json_lines,
    read_json_lines,
)
from ingestion.export.zones import WallClock

MEMORY_LIMIT = "2GB"


@dataclass
class FileResult:
    """What became of one file in this run; counts are of rows.

    `is_reread`: a file of this name was landed before; `is_remapped`: so was this very content,
    under other settings.
    """

    file: SourceFile
    order: int
    is_reread: bool
    is_remapped: bool
    columns: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_good: int = 0
    rows_ignored: int = 0
    rows_quarantined: int = 0
    dst_skipped: int = 0
    dst_repeated: int = 0


class Staging:
    """The scratch database of one entity in one run: `stage` each file, in the order they load."""

    def __init__(self, spec: FilesSpec, entity: Entity, folder: Path, now: datetime) -> None:
        self.spec = spec
        self.entity = entity
        self.now = now
        self.results: list[FileResult] = []
        self.settings = format_of(spec, entity.name)
        self.clock = WallClock(spec.timezone)
        mapping = mapping_of(spec, entity.name)
        self._parser = Parser(entity, mapping, self.settings, self.clock.is_utc, now)
        folder.mkdir(parents=True, exist_ok=True)
        self.connection = duckdb.connect(
            str(folder / f"{entity.name}.duckdb"),
            config={
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(folder / "spill"),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
            },
        )
        self._prepare()

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stage(
        self, file: SourceFile, path: Path, *, is_reread: bool = False, is_remapped: bool = False
    ) -> FileResult:
        """Parses a file into `staged`.

        Raises IngestError if a required column is missing or if no row could be read at all.
        """
        result = FileResult(file, len(self.results), is_reread, is_remapped)
        self.results.append(result)
        try:
            if file.name.endswith(".parquet"):
                self._stage_parquet(path, result)
            elif is_json_lines(file.name):
                self._stage_json(path, result)
            else:
                self._stage_delimited(path, result)
        except duckdb.Error as error:
            raise IngestError(
                f"{self._where(result)} cannot be read: {str(error).splitlines()[0]} Check that"
                " the file is whole, and the table's settings in bookbag.toml."
            ) from error
        self._count(result)
        return result

    def quarantined(self) -> pa.Table:
        """Rows that broke their contract: file, line, column_name, reason, row_text."""
        self.connection.register(
            "results",
            pa.table(
                {
                    "file_order": pa.array([r.order for r in self.results], pa.int32()),
                    "file": pa.array([r.file.name for r in self.results], pa.string()),
                }
            ),
        )
        rows = self.connection.execute(
            """
            select file, line, cast(null as varchar) as column_name, reason, text as row_text
            from broken inner join results using (file_order)
            union all
            select file, _line, _problem[1], _problem[2], _row_text
            from staged inner join results using (file_order)
            where _problem is not null
            order by file, line, reason"""
        ).to_arrow_table()
        self.connection.unregister("results")
        return rows

    def number(self, query: str) -> int:
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def _prepare(self) -> None:
        run = self.connection.execute
        run("set timezone = 'UTC'")
        run(MACROS)
        if not self.clock.is_utc:
            for name, function, returned in (
                ("wall_to_utc", self.clock.to_utc, "TIMESTAMP"),
                ("wall_fault", self.clock.fault, "TINYINT"),
            ):
                self.connection.create_function(
                    name, function, ["TIMESTAMP"], returned, type="arrow"
                )
        columns = ", ".join(
            f"{quoted(c.name)} {SQL_TYPES.get(c.type, 'VARCHAR')}" for c in self.entity.columns
        )
        run(
            f"create or replace table staged ({columns}, _key varchar, _row_hash varchar,"
            " _extra varchar, _line bigint, _problem varchar[], _row_text varchar,"
            " _skipped integer, _repeated integer, _file varchar, file_order integer)"
        )
        run(
            "create or replace table broken"
            " (file_order integer, line bigint, reason varchar, text varchar)"
        )

    def _where(self, result: FileResult) -> str:
        return f"source {self.spec.name}, table {self.entity.name}: {result.file.name}"

    def _stage_parquet(self, path: Path, result: FileResult) -> None:
        relation = (
            f"read_parquet({literal(str(path))}, file_row_number = true, binary_as_string = true)"
        )
        described = self.connection.execute(f"describe select * from {relation}").fetchall()
        types = {name: kind for name, kind, *_ in described if name != "file_row_number"}
        self._check_columns(list(types), result)
        result.rows_read = self.number(f"select count(*) from {relation}")
        everything = ", ".join(f"{quoted(name)}" for name in types)
        row = f"cast(to_json(struct_pack({everything})) as varchar)" if types else "''"
        numbered = (
            f"(select *, file_row_number + 1 as {LINE}, {row} as {TEXT} from {relation})"
        )
        given = {name: Given(quoted(name), kind) for name, kind in types.items()}
        self._insert(self._parser.select(numbered, given), result)

    def _stage_delimited(self, path: Path, result: FileResult) -> None:
        file = DelimitedFile(path, self.settings.delimiter, self.settings.encoding)
        if not file.columns:
            return
        self._check_columns(file.columns, result)
        given = {name: Given(quoted(name)) for name in file.columns}
        select = self._parser.select("batch", given)
        for batch in file.batches():
            self._insert_batch(batch, select, result)
        self._check_readable(result)

    def _stage_json(self, path: Path, result: FileResult) -> None:
        seen: dict[str, None] = {}
        for batch in read_json_lines(path, self.settings.encoding):
            objects, broken = self._json_objects(batch)
            keys = self._json_keys(objects)
            seen.update(dict.fromkeys(keys))
            ours = {self._parser.their_name(name) for name in self._parser.entity.names}
            texts = [key for key in keys if key in ours or key in self._parser.mapping.rows]
            others = [key for key in keys if key not in texts]
            given = {key: Given(quoted(key)) for key in texts}
            given.update({key: Given(quoted(key), JSON) for key in others})
            relation = json_relation("batch", texts, others)
            self._insert_batch(Batch(objects, broken), self._parser.select(relation, given), result)
        if result.rows_read > result.rows_quarantined:
            self._check_columns(list(seen), result)
        self._check_readable(result)

    def _json_objects(self, batch: Batch) -> tuple[pa.Table, list[Broken]]:
        """The rows that are JSON objects; the others are broken."""
        self.connection.register("batch", batch.rows)
        is_object = f"case when json_valid({TEXT}) then json_type({TEXT}) = 'OBJECT' else false end"
        objects = self.connection.execute(
            f"select * from batch where {is_object}"
        ).to_arrow_table()
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

    def _check_columns(self, columns: Iterable[str], result: FileResult) -> None:
        result.columns = self._parser.provided(columns)
        missing = [name for name in self._parser.entity.required if name not in result.columns]
        unknown = [name for name in self._parser.mapping.rows if name not in columns]
        wanted = [
            f"{name} (as {their!r})" if (their := self._parser.their_name(name)) != name else name
            for name in missing
        ] + [f"{name!r} (named in `rows`)" for name in unknown]
        if wanted:
            raise IngestError(
                f"{self._where(result)} has no column {', '.join(wanted)}; its columns are"
                f" {', '.join(columns)}. Name the file's own column in"
                f" tables.{self.entity.name}.columns, or correct the delimiter or the encoding."
            )

    def _check_readable(self, result: FileResult) -> None:
        if result.rows_read and result.rows_quarantined == result.rows_read:
            line, reason = self.connection.execute(
                "select line, reason from broken where file_order = ? order by line limit 1",
                [result.order],
            ).fetchall()[0]
            raise IngestError(
                f"{self._where(result)}: none of its {result.rows_read} rows can be read; line"
                f" {line}: {reason}. Correct the table's delimiter or encoding in bookbag.toml."
            )

    def _insert_batch(self, batch: Batch, select: str, result: FileResult) -> None:
        if batch.broken:
            self.connection.register(
                "bad_rows",
                pa.table(
                    {
                        "file_order": pa.array([result.order] * len(batch.broken), pa.int32()),
                        "line": [row.line for row in batch.broken],
                        "reason": [row.reason for row in batch.broken],
                        "text": [row.text for row in batch.broken],
                    }
                ),
            )
            self.connection.execute("insert into broken select * from bad_rows")
            self.connection.unregister("bad_rows")
        result.rows_read += len(batch.rows) + len(batch.broken)
        result.rows_quarantined += len(batch.broken)
        if len(batch.rows):
            self.connection.register("batch", batch.rows)
            self._insert(select, result)
            self.connection.unregister("batch")

    def _insert(self, select: str, result: FileResult) -> None:
        self.connection.execute(
            "insert into staged by name"
            f" select *, {literal(result.file.name)} as _file, {result.order} as file_order"
            f" from ({select})"
        )

    def _count(self, result: FileResult) -> None:
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
