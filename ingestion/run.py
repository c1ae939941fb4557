"""What every source is given when it runs: where to land, where to work, and what time it is."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class SourceRun:
    """One run of one source.

    `reread` names (entity, file) pairs that are read again although they have not changed.
    """

    warehouse: Path
    scratch: Path
    now: datetime
    reread: frozenset[tuple[str, str]] = frozenset()
