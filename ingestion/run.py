"""What every source is given when it runs: where to land, where to work, and what time it is."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any


@dataclass
class Sync:
    """How far one sync has come. It is loaded in passes, each of which commits what it has read.

    `documents` is what one pass may read, so that memory and what a crash can cost stay small;
    `seconds` is what the whole sync may take: what is left then is for the next one.

    Tables: `begun` by this sync; `unknown`, never read to their end before it; `up_to_date`, but
    for what is to be read again; `finished` with that too. `handed` is what a table's reader leaves
    to those of later tables.
    """

    documents: int = 20_000
    seconds: float | None = None
    begun: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    up_to_date: set[str] = field(default_factory=set)
    finished: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    seen: dict[str, set[str]] = field(default_factory=dict)
    handed: dict[str, Any] = field(default_factory=dict)
    passes: int = 0
    _read: int = 0
    _began: float = field(default_factory=monotonic)

    def begin_pass(self) -> None:
        self.passes += 1
        self._read = 0

    def read(self, documents: int) -> None:
        self._read += documents

    @property
    def must_pause(self) -> bool:
        """Whether the pass is to end at the next page's edge."""
        return self._read >= self.documents or self.is_late

    @property
    def is_late(self) -> bool:
        return self.seconds is not None and monotonic() - self._began >= self.seconds


@dataclass(frozen=True)
class SourceRun:
    """One run of one source.

    `reread` names (entity, file) pairs that are read again although they have not changed;
    `reread_all` means every one, and of an API all from `start_date` on; `reread_since`, of an API
    what changed from then on, with all that hangs on it.
    """

    warehouse: Path
    scratch: Path
    now: datetime
    reread: frozenset[tuple[str, str]] = frozenset()
    reread_all: bool = False
    reread_since: datetime | None = None
    sync: Sync = field(default_factory=Sync)

    def reads_again(self, entity: str, file: str) -> bool:
        return self.reread_all or (entity, file) in self.reread
