"""Sources of kind `files`: a folder of exported files in the open export format.

Grain: one row of a file is one row of its entity. No cursor: a file whose size and time, or whose
content, are as at the last load is skipped; of a changed one only new and changed rows land.
Deletions are seen only with `snapshot = true`. No limits: everything is local or one fsspec URL.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import dlt
import pyarrow as pa
from dlt.sources import DltResource, DltSource

from ingestion.contracts import ENTITIES, Entity
from ingestion.export.filling import FileResult
from ingestion.export.folder import (
    FilesSpec,
    Folder,
    SourceFile,
    check_mapping,
    format_of,
    mapping_hash,
    sha256_of,
)
from ingestion.export.landing import Landing, arrow_schema
from ingestion.export.staging import Staging
from ingestion.quarantine import FILE_LOADS, QUARANTINE
from ingestion.run import SourceRun


@dataclass(frozen=True)
class _Change:
    """A file to read, and what the state will say of it once it is loaded."""

    file: SourceFile
    mark: dict[str, Any]
    is_reread: bool
    is_remapped: bool


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
    known: dict[str, dict[str, Any]] = dlt.current.resource_state().setdefault("files", {})
    changes = list(_changes(entity, folder, known, run.reread))
    if not changes:
        return
    with Staging(spec, entity, run.scratch, run.now) as staging:
        for change in changes:
            path = folder.local_path(change.file.name)
            staging.stage(
                change.file, path, is_reread=change.is_reread, is_remapped=change.is_remapped
            )
        is_snapshot = format_of(spec, entity.name).snapshot
        yield from Landing(staging, run.warehouse, is_snapshot).rows()
        for bad in staging.quarantined():
            yield dlt.mark.with_table_name(_quarantine_rows(entity, bad, run), "quarantine")
        loads = _file_loads(staging.results, changes, run)
        yield dlt.mark.with_table_name(loads, "file_loads")
    known.update({change.file.name: change.mark for change in changes})


def _changes(
    entity: Entity,
    folder: Folder,
    known: dict[str, dict[str, Any]],
    reread: frozenset[tuple[str, str]],
) -> Iterator[_Change]:
    """Files of the entity to read, in load order; others get their new time into `known`.

    By name; the files of a snapshot by time, since the newest one says what is still there.
    """
    mapping = mapping_hash(folder.spec, entity.name)
    is_snapshot = format_of(folder.spec, entity.name).snapshot
    files = [file for file in folder.files if file.entity == entity.name]
    if is_snapshot:
        files.sort(key=lambda file: (file.modified_at, file.name))
    contents = {mark["sha256"] for mark in known.values()}
    has_changes = False
    for file in files:
        before = known.get(file.name)
        stamp = {"size": file.size, "modified_at": file.modified_at.isoformat()}
        must_read = (entity.name, file.name) in reread or (
            # An older snapshot that arrives late is judged by the newest.
            is_snapshot and has_changes and file is files[-1]
        )
        is_same_mapping = before is not None and before["mapping"] == mapping
        if before and is_same_mapping and not must_read and before.items() >= stamp.items():
            continue
        content = sha256_of(folder.local_path(file.name))
        is_same_content = before is not None and before["sha256"] == content
        mark = {**stamp, "sha256": content, "mapping": mapping}
        if is_same_content and is_same_mapping and not must_read:
            known[file.name] = mark
            continue
        has_changes = True
        # A copy under another name says nothing new either.
        is_reread = before is not None or content in contents
        yield _Change(file, mark, is_reread, is_same_content)


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
