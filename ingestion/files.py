"""Sources of kind `files`: a folder of exported files in the open export format.

Grain: one row of a file is one row of its entity. No cursor: a file whose size and time, or whose
content, are as at the last load is skipped; of a changed one only new and changed rows land.
Deletions are seen only with `snapshot = true`. No limits: everything is local or one fsspec URL.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import dlt
import pyarrow as pa
from dlt.sources import DltResource, DltSource

from ingestion.contracts import ENTITIES, Entity
from ingestion.errors import IngestError
from ingestion.export.filling import FileResult
from ingestion.export.folder import Folder, SourceFile, sha256_of
from ingestion.export.landing import Landing, arrow_schema
from ingestion.export.mapping import (
    FilesSpec,
    check_mapping,
    format_of,
    hash_of,
    settings_of,
    spec_of,
)
from ingestion.export.staging import Staging
from ingestion.quarantine import FILE_LOADS, QUARANTINE
from ingestion.run import SourceRun

_UNKNOWN = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class _Change:
    """A file to read, and what the state will say of it once it is loaded.

    `former` has the settings that it was landed with, if they were others.
    """

    file: SourceFile
    mark: dict[str, Any]
    is_reread: bool
    former: FilesSpec | None


def files_source(
    spec: FilesSpec, run: SourceRun, prepare: Callable[[], object] = lambda: None
) -> DltSource:
    """One resource an entity; each also yields the rows it sets aside and a row a file it read.

    `prepare` is called once, before the folder is first looked at. Raises IngestError, when run, if
    a file lacks a required column or none of its rows is readable.
    """
    check_mapping(spec)

    @cache
    def folder() -> Folder:
        prepare()
        return Folder(spec, run.scratch)

    def resource(entity: Entity) -> DltResource:
        return dlt.resource(
            lambda: _land(entity, folder(), run),
            name=entity.name,
            write_disposition="append",
            schema_contract={"tables": "evolve", "columns": "evolve", "data_type": "freeze"},
        )

    @dlt.source(name=spec.name, max_table_nesting=0)
    def exported() -> list[DltResource]:
        return [resource(entity) for entity in ENTITIES.values()]

    return exported()


def _land(entity: Entity, folder: Folder, run: SourceRun) -> Iterator[Any]:
    """The new rows of one entity. Its tables are made even when there is no row."""
    yield arrow_schema(entity).empty_table()
    yield dlt.mark.with_table_name(QUARANTINE.empty_table(), "quarantine")
    yield dlt.mark.with_table_name(FILE_LOADS.empty_table(), "file_loads")
    spec = folder.spec
    run.sync.finished.add(entity.name)
    state = dlt.current.resource_state()
    changes = list(_changes(entity, folder, state, run))
    if not changes:
        return
    with Staging(spec, entity, run.scratch, run.now) as staging:
        for change in changes:
            path = folder.local_path(change.file.name)
            staging.stage(change.file, path, is_reread=change.is_reread)
            if change.former is not None:
                with (
                    suppress(IngestError),
                    Staging(change.former, entity, run.scratch / "former", run.now) as former,
                ):
                    former.stage(change.file, path)
                    staging.remember(former)
        is_snapshot = format_of(spec, entity.name).snapshot
        yield from Landing(staging, run.warehouse, is_snapshot).rows()
        for bad in staging.quarantined():
            yield dlt.mark.with_table_name(_quarantine_rows(entity, bad, run), "quarantine")
        loads = _file_loads(staging.results, changes, run)
        yield dlt.mark.with_table_name(loads, "file_loads")
    known = state["files"]
    known.update({change.file.name: change.mark for change in changes})
    used = {mark["mapping"] for mark in known.values()}
    state["mappings"] = {
        **{name: kept for name, kept in state.get("mappings", {}).items() if name in used},
        hash_of(settings_of(spec, entity.name)): settings_of(spec, entity.name),
    }


def _changes(
    entity: Entity, folder: Folder, state: dict[str, Any], run: SourceRun
) -> Iterator[_Change]:
    """Files of the entity to read, in load order; of others the state gets their new time.

    By name; the files of a snapshot by time, since the newest one says what is still there.
    """
    spec = folder.spec
    known: dict[str, dict[str, Any]] = state.setdefault("files", {})
    mapping = hash_of(settings_of(spec, entity.name))
    is_snapshot = format_of(spec, entity.name).snapshot
    files = [file for file in folder.files if file.entity == entity.name]
    if is_snapshot:
        files.sort(key=lambda file: (file.modified_at or _UNKNOWN, file.name))
    contents = {mark["sha256"] for mark in known.values()}
    has_changes = False
    for file in files:
        before = known.get(file.name)
        # An older snapshot that arrives late is judged by the newest, which is read with it.
        is_judge = is_snapshot and has_changes and file is files[-1]
        must_read = is_judge or run.reads_again(entity.name, file.name)
        is_same_mapping = before is not None and before["mapping"] == mapping
        stamp = {"size": file.size, "modified_at": str(file.modified_at or "")}
        is_untouched = before is not None and before.items() >= stamp.items()
        if is_untouched and is_same_mapping and file.modified_at and not must_read:
            continue
        content = sha256_of(folder.local_path(file.name))
        mark = {**stamp, "sha256": content, "mapping": mapping}
        is_same_content = before is not None and before["sha256"] == content
        if is_same_content and is_same_mapping and not must_read:
            known[file.name] = mark
            continue
        has_changes = True
        former = None
        if before is not None and not is_same_mapping:
            former = spec_of(spec, entity.name, state["mappings"][before["mapping"]])
        # A copy under another name says nothing new either.
        yield _Change(file, mark, before is not None or content in contents, former)


def _quarantine_rows(entity: Entity, bad: pa.Table, run: SourceRun) -> pa.Table:
    size = len(bad)
    columns = {
        "entity": pa.array([entity.name] * size, pa.string()),
        **{name: bad[name] for name in bad.column_names},
        "landed_at": pa.array([run.now] * size, pa.timestamp("us", "UTC")),
    }
    return pa.table(columns).select(QUARANTINE.names).cast(QUARANTINE)


def _file_loads(results: list[FileResult], changes: list[_Change], run: SourceRun) -> pa.Table:
    rows = [
        {
            "entity": result.file.entity,
            "file": result.file.name,
            "size": result.file.size,
            "modified_at": result.file.modified_at,
            "sha256": change.mark["sha256"],
            "columns": ";".join(result.columns),
            "rows_read": result.rows_read,
            "rows_good": result.rows_good,
            "rows_ignored": result.rows_ignored,
            "rows_quarantined": result.rows_quarantined,
            "dst_skipped": result.dst_skipped,
            "dst_repeated": result.dst_repeated,
            "loaded_at": run.now,
        }
        for result, change in zip(results, changes, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=FILE_LOADS)
