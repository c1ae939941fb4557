"""What readers of the published copy are told of lateness: which source, and what waits for it.

Marked while copying and not in the models, so that a source which fails is marked although nothing
new is built. All sources together reach as far as the slowest, so a late one makes every KPI late.
"""

from collections.abc import Mapping, Sequence

import duckdb

from bookbag_orchestration.resources import SyncState

FRESHNESS = "source_freshness"
# Columns that the copy has and the model has not.
MARKED: Mapping[str, Mapping[str, str]] = {
    FRESHNESS: {
        "synced_at": "When its last whole sync ended (UTC); NULL = never.",
        "is_late": "True if that is too long ago for its kind, or its newest sync failed.",
    }
}


def note_syncs(copy: duckdb.DuckDBPyConnection, syncs: Sequence[SyncState]) -> None:
    """Makes the temporary table that the marks are read from."""
    copy.execute(
        "create or replace temp table syncs"
        " (source varchar, synced_at timestamptz, is_late boolean)"
    )
    for sync in syncs:
        copy.execute(
            "insert into syncs values (?, ?, ?)",
            [sync.source, sync.synced_at, sync.is_late or sync.is_failed],
        )


def marked(table: str, syncs: Sequence[SyncState], origin: str, columns: str = "*") -> str:
    """The query of a mart as it is published; `columns` of it are read from `origin`."""
    if table == FRESHNESS:
        return (
            f"select origin.*, syncs.synced_at, coalesce(syncs.is_late, false) as is_late"
            f" from (select {columns} from {origin}) as origin left join syncs using (source)"
        )
    late = [sync for sync in syncs if sync.is_late or sync.is_failed]
    if table == "kpi_status" and late:
        note = "late: " + ", ".join(map(_told, late))
        return (
            f"select {columns} replace (concat_ws('; ', context_note, '{note}') as context_note)"
            f" from {origin}"
        )
    return f"select {columns} from {origin}"


def _told(sync: SyncState) -> str:
    if sync.synced_at is None:
        return f"{sync.source}, never loaded"
    return f"{sync.source}, last loaded {sync.synced_at:%Y-%m-%d %H:%M} UTC"
