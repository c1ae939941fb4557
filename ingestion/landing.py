"""From read rows to the rows that must be appended: staged, reduced to what is new, bookkept.

Rows of all files of a run are parsed into a scratch database on disk, so that nothing is landed
before everything could be read and memory stays bounded. Then the newest row of each key is
compared with what the warehouse holds: a row that is there already is not appended again, whichever
file brings it, and whatever a killed run left behind.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from ingestion.contracts import ENTITIES, Entity
from ingestion.errors import IngestError
from ingestion.files import FilesSpec, Format, SourceFile, format_of, mapping_of
from ingestion.parsing import (
    JSON,
    MACROS,
    SQL_TYPES,
    Given,
    Parser,
    json_relation,
    literal,
    quoted,
)
from ingestion.reading import LINE, TEXT, Batch, Broken, DelimitedFile, is_json_lines, read_json_lines
from ingestion.zones import WallClock

MEMORY_LIMIT = "2GB"
ROWS_PER_BATCH = 100_000
META_COLUMNS = ("_key", "_row_hash", "_extra", "_file", "_line", "_is_deleted", "_loaded_at")

_ARROW_TYPES: dict[str, pa.DataType] = {
    "instant": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(18, 4),
    "double": pa.float64(),
}
_META_TYPES: dict[str, pa.DataType] = {
    "_line": pa.int64(),
    "_is_deleted": pa.bool_(),
    "_loaded_at": pa.timestamp("us", "UTC"),
}


@dataclass
class FileResult:
    """What became of one file in this run; counts are of rows."""

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


def arrow_schema(entity: Entity) -> pa.Schema:
    """The landed shape of an entity, without the columns that dlt adds."""
    fields = [(c.name, _ARROW_TYPES.get(c.type, pa.string())) for c in entity.columns]
    fields += [(name, _META_TYPES.get(name, pa.string())) for name in META_COLUMNS]
    return pa.schema(fields)


class Scratch:
    """One run of one source: `stage` each file, `settle` each entity, then `rows` of each."""

    def __init__(self, spec: FilesSpec, folder: Path, warehouse: Path, now: datetime) -> None:
        self.spec = spec
        self.warehouse = warehouse
        self.now = now
        self.schema = quoted(f"raw_{spec.name}")
        self.results: list[FileResult] = []
        folder.mkdir(parents=True, exist_ok=True)
        self.connection = duckdb.connect(
            str(folder / "scratch.duckdb"),
            config={
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(folder / "spill"),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
            },
        )
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute(MACROS)
        self.clock = WallClock(spec.timezone)
        if not self.clock.is_utc:
            self._add_clock()
        self.connection.execute(
            "create table broken (file_order integer, line bigint, reason varchar, text varchar)"
        )
        self._settled: set[str] = set()

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> "Scratch":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stage(self, file: SourceFile, path: Path, is_reread: bool) -> None:
        """Parses a file into the scratch table of its entity.

        Raises IngestError if a required column is missing or if no row could be read at all.
        """
        entity = ENTITIES[file.entity]
        self._create_table(entity)
        result = FileResult(file, len(self.results), is_reread)
        self.results.append(result)
        settings = format_of(self.spec, entity.name)
        mapping = mapping_of(self.spec, entity.name)
        parser = Parser(entity, mapping, settings, self.clock.is_utc, self.now)
        try:
            if file.name.endswith(".parquet"):
                self._stage_parquet(path, parser, result)
            elif is_json_lines(file.name):
                self._stage_json(path, settings, parser, result)
            else:
                self._stage_delimited(path, settings, parser, result)
        except duckdb.Error as error:
            raise IngestError(
                f"{self._where(result)} cannot be read: {str(error).splitlines()[0]} Check that"
                " the file is whole, and the table's settings in bookbag.toml."
            ) from error
        self._count(result, entity)

    def settle(self, snapshots: frozenset[str]) -> None:
        """Works out, per staged entity, which rows are new; `snapshots` name the entities whose
        rows vanish with the newest file."""
        staged = sorted({result.file.entity for result in self.results})
        has_warehouse = self.warehouse.exists()
        if has_warehouse:
            self.connection.execute(
                f"attach {literal(str(self.warehouse))} as warehouse (read_only)"
            )
        try:
            for name in staged:
                self._settle(ENTITIES[name], name in snapshots, has_warehouse)
                self._settled.add(name)
        finally:
            if has_warehouse:
                self.connection.execute("detach warehouse")

    def new_rows(self) -> int:
        """Rows that must be appended, tombstones included."""
        return sum(
            self._number(f"select count(*) from new_{name}")
            + self._number(f"select count(*) from gone_{name}")
            for name in self._settled
        )

    def rows(self, entity: Entity) -> Iterator[pa.Table]:
        """The rows to append, in the landed shape; first an empty table, so that it exists."""
        schema = arrow_schema(entity)
        yield schema.empty_table()
        if entity.name not in self._settled:
            return
        names = ", ".join(quoted(column) for column in entity.names)
        loaded_at = f"timestamp '{self.now.astimezone(UTC).replace(tzinfo=None)}' as _loaded_at"
        cursor = self.connection.cursor()
        reader = cursor.execute(
            f"select {names}, _key, _row_hash, _extra, _file, _line, _is_deleted, {loaded_at}"
            f" from (select staged.*, new._is_deleted from staged_{entity.name} as staged"
            f" inner join new_{entity.name} as new on staged.rowid = new.row)"
            f" union all by name select *, {loaded_at} from gone_{entity.name}"
        ).to_arrow_reader(ROWS_PER_BATCH)
        for batch in reader:
            yield pa.Table.from_batches([batch]).select(schema.names).cast(schema)
        cursor.close()

    def quarantined(self) -> str:
        """A select of entity, file, line, column_name, reason, row_text of this run's bad rows."""
        broken = """
            select entity, file, line, cast(null as varchar) as column_name, reason,
                text as row_text
            from broken inner join results using (file_order)"""
        bad = [
            f"""select entity, file, _line, _problem[1], _problem[2], _row_text
            from staged_{name} inner join results using (file_order) where _problem is not null"""
            for name in sorted(self._settled)
        ]
        return " union all ".join([broken, *bad])

    def _add_clock(self) -> None:
        stamp, tiny = "TIMESTAMP", "TINYINT"
        self.connection.create_function(
            "wall_to_utc", self.clock.to_utc, [stamp], stamp, type="arrow"  # type: ignore[arg-type]
        )
        self.connection.create_function(
            "wall_fault", self.clock.fault, [stamp], tiny, type="arrow"  # type: ignore[arg-type]
        )

    def _create_table(self, entity: Entity) -> None:
        columns = ", ".join(
            f"{quoted(c.name)} {SQL_TYPES.get(c.type, 'VARCHAR')}" for c in entity.columns
        )
        self.connection.execute(
            f"create table if not exists staged_{entity.name} ({columns}, _key varchar,"
            " _row_hash varchar, _extra varchar, _line bigint, _problem varchar[],"
            " _row_text varchar, _skipped integer, _repeated integer, _file varchar,"
            " file_order integer)"
        )

    def _where(self, result: FileResult) -> str:
        return f"source {self.spec.name}, table {result.file.entity}: {result.file.name}"

    def _stage_parquet(self, path: Path, parser: Parser, result: FileResult) -> None:
        relation = (
            f"read_parquet({literal(str(path))}, file_row_number = true, binary_as_string = true)"
        )
        described = self.connection.execute(f"describe select * from {relation}").fetchall()
        types = {name: kind for name, kind, *_ in described if name != "file_row_number"}
        self._check_columns(list(types), parser, result)
        result.rows_read = self._number(f"select count(*) from {relation}")
        everything = ", ".join(f"{quoted(name)}" for name in types)
        row = f"cast(to_json(struct_pack({everything})) as varchar)" if types else "''"
        numbered = (
            f"(select *, file_row_number + 1 as {LINE}, {row} as {TEXT} from {relation})"
        )
        given = {name: Given(quoted(name), kind) for name, kind in types.items()}
        self._insert(parser.select(numbered, given), result)

    def _stage_delimited(
        self, path: Path, settings: Format, parser: Parser, result: FileResult
    ) -> None:
        file = DelimitedFile(path, settings.delimiter, settings.encoding)
        if not file.columns:
            return
        self._check_columns(file.columns, parser, result)
        given = {name: Given(quoted(name)) for name in file.columns}
        select = parser.select("batch", given)
        for batch in file.batches():
            self._insert_batch(batch, select, result)
        self._check_readable(result)

    def _stage_json(
        self, path: Path, settings: Format, parser: Parser, result: FileResult
    ) -> None:
        seen: dict[str, None] = {}
        for batch in read_json_lines(path, settings.encoding):
            objects, broken = self._json_objects(batch)
            keys = self._json_keys(objects)
            seen.update(dict.fromkeys(keys))
            ours = {parser.their_name(name) for name in parser.entity.names}
            texts = [key for key in keys if key in ours or key in parser.mapping.rows]
            others = [key for key in keys if key not in texts]
            given = {key: Given(quoted(key)) for key in texts}
            given.update({key: Given(quoted(key), JSON) for key in others})
            relation = json_relation("batch", texts, others)
            self._insert_batch(Batch(objects, broken), parser.select(relation, given), result)
        if result.rows_read > result.rows_quarantined:
            self._check_columns(list(seen), parser, result)
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

    def _check_columns(self, columns: list[str], parser: Parser, result: FileResult) -> None:
        result.columns = parser.provided(columns)
        missing = [name for name in parser.entity.required if name not in result.columns]
        unknown = [name for name in parser.mapping.rows if name not in columns]
        wanted = [
            f"{name} (as {their!r})" if (their := parser.their_name(name)) != name else name
            for name in missing
        ] + [f"{name!r} (named in `rows`)" for name in unknown]
        if wanted:
            raise IngestError(
                f"{self._where(result)} has no column {', '.join(wanted)}; its columns are"
                f" {', '.join(columns)}. Name the file's own column in"
                f" tables.{result.file.entity}.columns, or correct the delimiter or the encoding."
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
            f"insert into staged_{result.file.entity} by name"
            f" select *, {literal(result.file.name)} as _file, {result.order} as file_order"
            f" from ({select})"
        )

    def _count(self, result: FileResult, entity: Entity) -> None:
        good, bad, skipped, repeated = self.connection.execute(
            "select count(*) filter (where _problem is null), count(_problem),"
            " coalesce(sum(_skipped), 0), coalesce(sum(_repeated), 0)"
            f" from staged_{entity.name} where file_order = ?",
            [result.order],
        ).fetchall()[0]
        result.rows_good = good
        result.rows_ignored = result.rows_read - result.rows_quarantined - good - bad
        result.rows_quarantined += bad
        result.dst_skipped, result.dst_repeated = int(skipped), int(repeated)

    def _settle(self, entity: Entity, is_snapshot: bool, has_warehouse: bool) -> None:
        name, run = entity.name, self.connection.execute
        updated = "updated_at" if entity.has_updated_at else "cast(null as timestamp)"
        always = "timestamp '0001-01-01'"
        newest = max(r.order for r in self.results if r.file.entity == name)
        landed = f"warehouse.{self.schema}.{quoted(name)}"
        is_landed = has_warehouse and self._exists(name)
        where = "" if is_snapshot else f"where _key in (select _key from staged_{name})"
        source = f"{landed} {where}" if is_landed else f"({self._nothing(entity)})"
        # Within one run as between runs: newest by updated_at, then by file and line.
        run(
            f"""create table winners_{name} as
            select _key, max_by(rowid, (coalesce({updated}, {always}), file_order, _line)) as row
            from staged_{name} where _problem is null group by _key"""
        )
        run(
            f"""create table landed_{name} as
            select _key, _row_hash, _file, _is_deleted, {updated} as updated_at
            from {source}
            qualify row_number() over (
                partition by _key
                order by {updated} desc nulls last, _dlt_load_id desc, _file desc, _line desc
            ) = 1"""
        )
        known = f"select distinct _key, _row_hash from {source}"
        rereads = ", ".join(str(r.order) for r in self.results if r.is_reread) or "-1"
        absent = (
            f"winners._key not in (select _key from staged_{name} where file_order = {newest})"
            if is_snapshot and self._all_keys_known(entity, newest)
            else "false"
        )
        run(
            f"""create table new_{name} as
            with candidates as (
                select winners.row, staged._key, staged._row_hash, staged._file,
                    staged.file_order, {updated.replace("updated_at", "staged.updated_at")}
                    as updated_at, {absent} as _is_deleted
                from winners_{name} as winners
                inner join staged_{name} as staged on staged.rowid = winners.row
            )
            select candidates.row, candidates._is_deleted
            from candidates
            left join landed_{name} as landed on candidates._key = landed._key
            left join ({known}) as known on candidates._key = known._key
                and candidates._row_hash = known._row_hash
            where landed._key is null
                or (candidates._is_deleted and not landed._is_deleted)
                or (not candidates._is_deleted and landed._is_deleted)
                or (not candidates._is_deleted
                    and candidates._row_hash != landed._row_hash
                    and coalesce(candidates.updated_at, {always})
                        >= coalesce(landed.updated_at, {always})
                    -- What an older file said before is no news when that file is read again.
                    and (known._key is null or landed._file = candidates._file
                        or candidates.file_order not in ({rereads})))"""
        )
        self._bury(entity, landed if is_landed else None, absent != "false")

    def _bury(self, entity: Entity, landed: str | None, is_wanted: bool) -> None:
        """Tombstones of rows that were landed before and that no file of this run has."""
        name = entity.name
        columns = ", ".join(quoted(column) for column in entity.names)
        source = landed if landed and is_wanted else f"({self._nothing(entity)})"
        updated = "updated_at desc nulls last," if entity.has_updated_at else ""
        newest = max(r.order for r in self.results if r.file.entity == name)
        instants = ", ".join(
            f"at_utc({quoted(c.name)}) as {quoted(c.name)}"
            for c in entity.columns
            if c.type == "instant" and landed and is_wanted
        )
        replaced = f"replace ({instants})" if instants else ""
        self.connection.execute(
            f"""create table gone_{name} as
            select * {replaced} from (
                select {columns}, _key, _row_hash, _extra, _file, _line, true as _is_deleted
                from (
                    select * from {source}
                    qualify row_number() over (
                        partition by _key
                        order by {updated} _dlt_load_id desc, _file desc, _line desc
                    ) = 1
                )
                where not _is_deleted
                    and _key not in (select _key from staged_{name} where file_order = {newest})
                    and _key not in (select _key from winners_{name})
            )"""
        )

    def _all_keys_known(self, entity: Entity, order: int) -> bool:
        """False while the file has rows that cannot be told apart from absent ones."""
        if self._number(f"select count(*) from broken where file_order = {order}"):
            return False
        bad = f"select count(*) from staged_{entity.name} where _problem is not null"
        return not self._number(f"{bad} and file_order = {order} and _key = _row_hash")

    def _exists(self, table: str) -> bool:
        return bool(
            self._number(
                "select count(*) from duckdb_tables() where database_name = 'warehouse'"
                f" and schema_name = {literal('raw_' + self.spec.name)}"
                f" and table_name = {literal(table)}"
            )
        )

    def _nothing(self, entity: Entity) -> str:
        """No landed row, in the landed shape."""
        columns = [
            f"cast(null as {SQL_TYPES.get(c.type, 'VARCHAR')}) as {quoted(c.name)}"
            for c in entity.columns
        ]
        columns += [
            f"cast(null as varchar) as {name}"
            for name in ("_key", "_row_hash", "_extra", "_file", "_dlt_load_id")
        ]
        columns += ["cast(null as bigint) as _line", "cast(null as boolean) as _is_deleted"]
        return f"select {', '.join(columns)} where false"

    def _number(self, query: str) -> int:
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def write_results(self) -> None:
        """The results as table `results`, for the bookkeeping that follows the load."""
        rows = [
            (r.order, r.file.entity, r.file.name, json.dumps(r.columns)) for r in self.results
        ]
        self.connection.execute(
            "create or replace table results"
            " (file_order integer, entity varchar, file varchar, columns varchar)"
        )
        if rows:
            self.connection.executemany("insert into results values (?, ?, ?, ?)", rows)
