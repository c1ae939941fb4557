"""What the detector keeps of series between two runs: in the schema of what bookbag knows of
itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

MEMORY: Final = (
    "series varchar, opened date, side integer, calm integer, last_opened date, last_closed date,"
    " last_side integer, since date, abnormal date[]"
)
JUDGED: Final = "judged_until date, newest date"
"""Up to when that is true, and the newest day that was judged."""


@dataclass(frozen=True)
class Kept:
    """What is kept of a series; see `Memory`. `abnormal`: days that were in a breach."""

    series: str
    opened: date | None
    side: int
    calm: int
    last_opened: date | None
    last_closed: date | None
    last_side: int
    since: date | None
    abnormal: Sequence[date]
