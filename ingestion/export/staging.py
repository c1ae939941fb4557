"""The files of one entity, parsed into a scratch database that spills to disk.

Nothing is landed before everything could be read: rows of all files go to the table `staged`, rows
that could not even be split to `broken`. In memory that takes half the time of a file, and memory
stays bounded, since DuckDB moves to `spill` what exceeds its limit. What of it is new: landing.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Self

import duckdb
import pyarrow as pa
from duckdb.func import PythonUDFType
from duckdb.sqltypes import TIMESTAMP, TINYINT

from ingestion.contracts import Entity
from ingestion.export.filling import FileResult, Filler
from ingestion.export.folder import SourceFile
from ingestion.export.mapping import FilesSpec, format_of, mapping_of
from ingestion.export.parsing import Parser
from ingestion.export.spelling import MACROS, SQL_TYPES, quoted
from ingestion.export.zones import WallClock

# Of DuckDB's own memory; the whole process stays below about half as much again.
MEMORY_LIMIT = "1GB"
ROWS_PER_BATCH = 100_000


class Staging:
    """The scratch database of one entity in one run: `stage` each file, in the order they load."""

    def __init__(self, spec: FilesSpec, entity: Entity, folder: Path, now: datetime) -> None:
        self.spec = spec
        self.entity = entity
        self.now = now
        self.results: list[FileResult] = []
        self._clock = WallClock(spec.timezone)
        self._settings = format_of(spec, entity.name)
        mapping = mapping_of(spec, entity.name)
        self._parser = Parser(entity, mapping, self._settings, self._clock, now)
        self._spill = folder / "spill" / entity.name
        self._remove()
        self._spill.parent.mkdir(parents=True, exist_ok=True)  # DuckDB makes only the last folder
        self.connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(self._spill),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
            },
        )
        self._prepare()

    def close(self) -> None:
        self.connection.close()
        self._remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stage(self, file: SourceFile, path: Path, *, is_reread: bool = False) -> FileResult:
        """Parses a file into `staged`.

        Raises IngestError if a required column is missing or if no row could be read at all.
        """
        result = FileResult(file, len(self.results), is_reread)
        self.results.append(result)
        where = f"source {self.spec.name}, table {self.entity.name}: {file.name}"
        Filler(self.connection, self._parser, self._settings, where, result).fill(path)
        return result

    def remember(self, former: "Staging") -> None:
        """Notes in `former` the keys of rows that other settings make of the same files."""
        reader = former.connection.execute(
            "select _key from staged where _key is not null"
        ).to_arrow_reader(ROWS_PER_BATCH)
        for batch in reader:
            self.connection.register("keys", pa.Table.from_batches([batch]))
            self.connection.execute("insert into former select * from keys")
            self.connection.unregister("keys")

    def quarantined(self) -> Iterator[pa.Table]:
        """Rows that broke their contract: file, line, column_name, reason, row_text."""
        names = {
            "file_order": pa.array([result.order for result in self.results], pa.int32()),
            "file": pa.array([result.file.name for result in self.results], pa.string()),
        }
        self.connection.register("names", pa.table(names))
        self.connection.execute("create or replace table files as select * from names")
        self.connection.unregister("names")
        reader = self.connection.execute(
            """
            select file, line, cast(null as varchar) as column_name, reason, text as row_text
            from broken inner join files using (file_order)
            union all
            select file, _line, _problem[1], _problem[2], _row_text
            from staged inner join files using (file_order)
            where _problem is not null
            order by file, line, reason"""
        ).to_arrow_reader(ROWS_PER_BATCH)
        for batch in reader:
            yield pa.Table.from_batches([batch])

    def number(self, query: str) -> int:
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def _remove(self) -> None:
        """What a killed run has spilled is of no use to the next."""
        shutil.rmtree(self._spill, ignore_errors=True)

    def _prepare(self) -> None:
        run = self.connection.execute
        run("set timezone = 'UTC'")
        run(MACROS)
        if not self._clock.is_utc:
            for name, function, returned in (
                ("wall_to_utc", self._clock.to_utc, TIMESTAMP),
                ("wall_fault", self._clock.fault, TINYINT),
            ):
                self.connection.create_function(
                    name, function, [TIMESTAMP], returned, type=PythonUDFType.ARROW
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
        run("create or replace table former (_key varchar)")
