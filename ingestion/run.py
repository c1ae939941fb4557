"""What every source is given when it runs: where to land, where to work, and what time it is."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class SourceRun:
    """One run of one source.

    `reread` names (entity, file) pairs that are read again although they have not changed;
    `reread_all` means every one.
    """

    warehouse: Path
    scratch: Path
    now: datetime
    reread: frozenset[tuple[str, str]] = frozenset()
    reread_all: bool = False

    def reads_again(self, entity: str, file: str) -> bool:
        return self.reread_all or (entity, file) in self.reread
