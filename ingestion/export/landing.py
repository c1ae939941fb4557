"""From staged rows to the rows that must be appended.

The newest row of each key is compared with what the warehouse holds: a row that is there already is
not appended again, whichever file brings it.
"""

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pyarrow as pa

from ingestion.contracts import Column, Entity
from ingestion.export.spelling import SQL_TYPES, literal, quoted
from ingestion.export.staging import ROWS_PER_BATCH, Staging

META_COLUMNS = ("_key", "_row_hash", "_extra", "_file", "_line", "_is_deleted", "_loaded_at")

_ALWAYS = "timestamp '0001-01-01'"
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


def arrow_schema(entity: Entity) -> pa.Schema:
    """The landed shape of an entity, without the columns that dlt adds."""
    fields = [(c.name, _ARROW_TYPES.get(c.type, pa.string())) for c in entity.columns]
    fields += [(name, _META_TYPES.get(name, pa.string())) for name in META_COLUMNS]
    return pa.schema(fields)


class Landing:
    """What of the staged rows is new, against `raw_<source>.<entity>` of the warehouse.

    `is_snapshot`: rows that the newest file lacks are gone, and land as tombstones.
    """

    def __init__(self, staging: Staging, warehouse: Path, is_snapshot: bool) -> None:
        self.staging = staging
        self.entity: Entity = staging.entity
        self._run = staging.connection.execute
        self._newest = max(result.order for result in staging.results)
        self._names = ", ".join(quoted(column) for column in self.entity.names)
        updated = "updated_at desc nulls last," if self.entity.has_updated_at else ""
        self._newest_landed = (
            "qualify row_number() over (partition by _key order by"
            f" {updated} _dlt_load_id desc, _file desc, _line desc) = 1"
        )
        has_warehouse = warehouse.exists()
        if has_warehouse:
            self._run(f"attach {literal(str(warehouse))} as warehouse (read_only)")
        try:
            self._settle(is_snapshot, has_warehouse)
        finally:
            if has_warehouse:
                self._run("detach warehouse")

    def rows(self) -> Iterator[pa.Table]:
        """The rows to append, tombstones included, in the landed shape."""
        schema = arrow_schema(self.entity)
        now = self.staging.now.astimezone(UTC).replace(tzinfo=None)
        loaded_at = f"timestamp '{now}' as _loaded_at"
        meta = "_key, _row_hash, _extra, _file, _line, _is_deleted"
        reader = self._run(
            f"select {self._names}, {meta}, {loaded_at} from (select staged.*, new._is_deleted"
            " from staged inner join new on staged.rowid = new.row)"
            f" union all by name select *, {loaded_at} from gone"
        ).to_arrow_reader(ROWS_PER_BATCH)
        for batch in reader:
            yield pa.Table.from_batches([batch]).select(schema.names).cast(schema)

    def _settle(self, is_snapshot: bool, has_warehouse: bool) -> None:
        landed = self._landed() if has_warehouse else None
        nothing = f"({self._nothing()})"
        where = "" if is_snapshot else "where _key in (select _key from staged)"
        known = f"{landed} {where}" if landed else nothing
        can_bury = is_snapshot and self._all_keys_known()
        self._choose(known, is_snapshot, can_bury)
        number = self.staging.number
        # A row that the new settings cannot even split may be the one that is missed.
        has_former = number("select 1 from former limit 1") and not number(
            "select count(*) from broken"
        )
        has_unnamed = number(
            f"select 1 from staged where {self._unnamed} and file_order in ({self._rereads()})"
            " limit 1"
        )
        can_be_gone = can_bury or has_former or has_unnamed
        self._bury(landed if can_be_gone else None, nothing, can_bury)

    def _choose(self, known: str, is_snapshot: bool, can_bury: bool) -> None:
        updated = "updated_at" if self.entity.has_updated_at else "cast(null as timestamp)"
        staged_updated = updated.replace("updated_at", "staged.updated_at")
        # What the newest snapshot says is news even if it was said before.
        rereads = self._rereads(self._newest if is_snapshot else None)
        newest_keys = f"(select _key from staged where file_order = {self._newest})"
        absent = f"winners._key not in {newest_keys}" if can_bury else "false"
        # Within one run as between runs: newest by updated_at, then by file and line.
        self._run(
            f"""create or replace table winners as
            select _key, max_by(rowid, (coalesce({updated}, {_ALWAYS}), file_order, _line)) as row
            from staged where _problem is null group by _key"""
        )
        self._run(
            f"""create or replace table landed as
            select _key, _row_hash, _file, _is_deleted, {updated} as updated_at
            from {known} {self._newest_landed}"""
        )
        self._run(
            f"""create or replace table new as
            with candidates as (
                select winners.row, staged._key, staged._row_hash, staged._file,
                    staged.file_order, {staged_updated} as updated_at, {absent} as _is_deleted
                from winners
                inner join staged on staged.rowid = winners.row
            ),
            known as (select distinct _key, _row_hash from {known})
            select candidates.row, candidates._is_deleted
            from candidates
            left join landed on candidates._key = landed._key
            left join known on candidates._key = known._key
                and candidates._row_hash = known._row_hash
            where landed._key is null
                or (candidates._is_deleted and not landed._is_deleted)
                or (not candidates._is_deleted and landed._is_deleted)
                or (not candidates._is_deleted
                    and candidates._row_hash != landed._row_hash
                    and coalesce(candidates.updated_at, {_ALWAYS})
                        >= coalesce(landed.updated_at, {_ALWAYS})
                    -- What an older file said before is no news when that file is read again.
                    and (known._key is null or landed._file = candidates._file
                        or candidates.file_order not in ({rereads})))"""
        )

    def _bury(self, landed: str | None, nothing: str, is_snapshot: bool) -> None:
        """Tombstones of landed rows that no file of this run has.

        Of a snapshot that is all of them; else what the files said only under former settings, and
        rows without a key that differ in what the contract does not know: a column was added.
        """
        source = landed or nothing
        instants = ", ".join(
            f"at_utc({quoted(c.name)}) as {quoted(c.name)}"
            for c in self.entity.columns
            if c.type == "instant" and landed
        )
        self._run(
            f"""create or replace table gone as
            select * {f"replace ({instants})" if instants else ""} from (
                select {self._names}, _key, _row_hash, _extra, _file, _line, true as _is_deleted
                from (select * from {source} {self._newest_landed})
                where not _is_deleted
                    and ({str(is_snapshot).lower()} or _key in (select _key from former)
                        or ({self._unnamed} and (_file, _row_hash) in
                            (select (_file, _row_hash) from staged)))
                    and _key not in (select _key from staged where _key is not null)
            )"""
        )

    def _all_keys_known(self) -> bool:
        """False while the newest file has rows that cannot be told apart from absent ones."""
        in_newest = f"file_order = {self._newest}"
        lost = self.staging.number(f"select count(*) from broken where {in_newest}")
        keyless = self.staging.number(
            f"select count(*) from staged where {in_newest} and _problem is not null"
            f" and {self._unnamed}"
        )
        return not lost and not keyless

    @property
    def _unnamed(self) -> str:
        """Whether a row is told apart only by a hash of it."""
        names = [f"{quoted(name)} is null" for name in self.entity.key]
        return f"({' or '.join(names) or 'true'})"

    def _rereads(self, but: int | None = None) -> str:
        """The orders of files that are read again, as the inside of a list."""
        orders = [r.order for r in self.staging.results if r.is_reread and r.order != but]
        return ", ".join(map(str, orders)) or "-1"

    def _landed(self) -> str | None:
        """The landed table, with columns that it lacks since the contract has grown as NULL."""
        schema, table = f"raw_{self.staging.spec.name}", self.entity.name
        found = self._run(
            "select column_name from duckdb_columns() where database_name = 'warehouse'"
            " and schema_name = ? and table_name = ?",
            [schema, table],
        ).fetchall()
        there = {name for (name,) in found}
        if not there:
            return None
        name = f"warehouse.{quoted(schema)}.{quoted(table)}"
        lacking = ", ".join(_null(c) for c in self.entity.columns if c.name not in there)
        return f"(select *, {lacking} from {name})" if lacking else name

    def _nothing(self) -> str:
        """No landed row, in the landed shape."""
        columns = [_null(column) for column in self.entity.columns]
        columns += [
            f"cast(null as varchar) as {name}"
            for name in ("_key", "_row_hash", "_extra", "_file", "_dlt_load_id")
        ]
        columns += ["cast(null as bigint) as _line", "cast(null as boolean) as _is_deleted"]
        return f"select {', '.join(columns)} where false"


def _null(column: Column) -> str:
    return f"cast(null as {SQL_TYPES.get(column.type, 'VARCHAR')}) as {quoted(column.name)}"
