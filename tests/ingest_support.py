"""Small files in, rows out: what the ingest tests share.

`stage` parses one file and shows what became of it. `Bench` lands files into a warehouse, which
takes milliseconds; `Source` does so through the real pipeline, which takes half a second.
"""

import gzip
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from dlt.sources import DltSource

from ingestion.contracts import ENTITIES
from ingestion.export.filling import FileResult
from ingestion.export.folder import SourceFile
from ingestion.export.landing import Landing, arrow_schema
from ingestion.export.mapping import FilesSpec, TableMapping
from ingestion.export.staging import Staging
from ingestion.files import files_source
from ingestion.pipeline import Loaded, build, load
from ingestion.quarantine import QuarantinedRow, quarantined
from ingestion.run import SourceRun

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TICKETS = "ticket_id,created_at,subject\n"

Content: TypeAlias = str | bytes | pa.Table | list[dict[str, Any]]


def write(path: Path, content: Content) -> Path:
    """Tables become Parquet, lists of dicts JSON lines, text UTF-8, compressed for a name in `.gz`;
    bytes are written as they are.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, pa.Table):
        pq.write_table(content, path)
        return path
    if isinstance(content, list):
        content = "".join(json.dumps(row) + "\n" for row in content)
    if isinstance(content, str):
        content = gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode()
    path.write_bytes(content)
    return path


@dataclass(frozen=True)
class Bad:
    """A quarantined row."""

    line: int
    column: str | None
    reason: str
    text: str


@dataclass(frozen=True)
class Staged:
    """A parsed file: good rows (the columns shown), bad ones and the counts."""

    rows: list[Any]
    bad: list[Bad]
    result: FileResult


def stage(
    folder: Path,
    name: str,
    content: Content,
    shown: str,
    *,
    entity: str = "tickets",
    timezone: str = "UTC",
    **mapping: Any,
) -> Staged:
    """`shown` are columns in SQL; of a single one the rows are its values, else tuples."""
    path = write(folder / name, content)
    spec = FilesSpec("desk", folder, timezone, tables={entity: TableMapping(**mapping)})
    with Staging(spec, ENTITIES[entity], folder / "scratch", NOW) as staging:
        file = SourceFile(entity, name, path.stat().st_size, NOW)
        result = staging.stage(file, path)
        found = staging.connection.execute(
            f"select {shown} from staged where _problem is null order by _line"
        ).fetchall()
        bad = [
            Bad(row["line"], row["column_name"], row["reason"], row["row_text"])
            for batch in staging.quarantined()
            for row in batch.to_pylist()
        ]
    rows = [row[0] for row in found] if found and len(found[0]) == 1 else found
    return Staged(rows, sorted(bad, key=lambda row: row.line), result)


class Bench:
    """One entity's files staged and landed without dlt, into a warehouse like the real one."""

    def __init__(self, root: Path, entity: str = "tickets", *, snapshot: bool = False) -> None:
        self.root = root
        self.entity = ENTITIES[entity]
        self.is_snapshot = snapshot
        self.warehouse = root / "warehouse.duckdb"
        self.loads = 0

    def land(
        self,
        files: Mapping[str, Content],
        *,
        reread: Iterable[str] = (),
        mapping: TableMapping | None = None,
        former: TableMapping | None = None,
    ) -> list[tuple[str, bool]]:
        """Key and `_is_deleted` of the rows that were appended, by key."""
        with self._staging(mapping) as staging:
            self._stage(staging, files, reread)
            if former is not None:
                with self._staging(former) as before:
                    self._stage(before, files, ())
                    staging.remember(before)
            tables = list(Landing(staging, self.warehouse, self.is_snapshot).rows())
        self.loads += 1
        landed = pa.concat_tables([arrow_schema(self.entity).empty_table(), *tables])
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.register("landed", landed)
            table = f"raw_desk.{self.entity.name}"
            rows = f"select *, '{self.loads:05}' as _dlt_load_id from landed"
            connection.execute("create schema if not exists raw_desk")
            connection.execute(f"create table if not exists {table} as {rows} limit 0")
            there = {row[0] for row in connection.execute(f"describe {table}").fetchall()}
            for name, kind, *_ in connection.execute("describe landed").fetchall():
                if name not in there:
                    connection.execute(f"alter table {table} add column {name} {kind}")
            connection.execute(f"insert into {table} by name {rows}")
        return sorted(
            zip(*(landed[name].to_pylist() for name in ("_key", "_is_deleted")), strict=True)
        )

    def newest(self, columns: str) -> list[Any]:
        return newest(self.warehouse, self.entity.name, columns)

    def _staging(self, mapping: TableMapping | None) -> Staging:
        tables = {self.entity.name: mapping or TableMapping()}
        spec = FilesSpec("desk", self.root, tables=tables)
        return Staging(spec, self.entity, self.root / f"scratch{self.loads}", NOW)

    def _stage(self, staging: Staging, files: Mapping[str, Content], reread: Iterable[str]) -> None:
        for name, content in files.items():
            path = write(self.root / name, content)
            file = SourceFile(self.entity.name, name, path.stat().st_size, NOW)
            staging.stage(file, path, is_reread=name in reread)


def newest(warehouse: Path, entity: str, columns: str) -> list[Any]:
    """What staging sees: the newest row of each key, without the deleted ones."""
    updated = "updated_at desc nulls last," if ENTITIES[entity].has_updated_at else ""
    return query(
        warehouse,
        f"""select {columns} from (
            select *, row_number() over (partition by _key
                order by {updated} _dlt_load_id desc, _file desc, _line desc) as recency
            from {entity}
        ) where recency = 1 and not _is_deleted order by all""",
    )


def query(warehouse: Path, sql: str) -> list[Any]:
    """Rows of the raw tables of `desk`; of a single column its values."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("use raw_desk")
        rows = connection.execute(sql).fetchall()
    return [row[0] for row in rows] if rows and len(rows[0]) == 1 else rows


class Source:
    """A source called `desk`, its folder and its warehouse; an hour passes with each `load`."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.folder = root / "export"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.warehouse = root / "warehouse.duckdb"
        self.working = root / "working"
        self.settings = settings
        self.url: Path | str = self.folder
        self.now = NOW

    def put(self, name: str, content: Content, *, age_h: int = 0) -> None:
        """`age_h`: how long ago the file was written."""
        path = write(self.folder / name, content)
        modified = (self.now - timedelta(hours=age_h)).timestamp()
        os.utime(path, (modified, modified))

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    def load(
        self,
        *entities: str,
        reread: Iterable[tuple[str, str]] = (),
        reread_all: bool = False,
    ) -> Loaded:
        """Only `entities`, which is quicker, or all of them."""
        self.now += timedelta(hours=1)
        scratch = self.working / "scratch"
        run = SourceRun(self.warehouse, scratch, self.now, frozenset(reread), reread_all)
        spec = FilesSpec("desk", self.url, **self.settings)

        def make() -> DltSource:
            source = files_source(spec, run)
            return source.with_resources(*entities) if entities else source

        return load(build("desk", self.warehouse, self.working), make, run)

    def query(self, sql: str) -> list[Any]:
        return query(self.warehouse, sql)

    def newest(self, entity: str, columns: str) -> list[Any]:
        return newest(self.warehouse, entity, columns)

    def contents(self) -> Mapping[str, list[Any]]:
        """Every table without what differs from run to run, in a fixed order."""
        tables = self.query(
            "select table_name from duckdb_tables() where schema_name = 'raw_desk'"
            " and table_name not like '\\_dlt%' escape '\\' order by all"
        )
        left_out = "('_dlt_load_id', '_loaded_at', 'landed_at', 'loaded_at')"
        return {
            table: self.query(
                f"select columns(name -> name not in {left_out}) from {table} order by all"
            )
            for table in tables
        }


def set_aside(source: Source) -> list[QuarantinedRow]:
    """The quarantine as the command shows it."""
    with duckdb.connect(str(source.warehouse), read_only=True) as connection:
        return quarantined(connection, ["desk", "never_loaded"])
