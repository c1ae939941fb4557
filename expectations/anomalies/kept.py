"""What the detector keeps of series between two runs: in the schema of what bookbag knows of
itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

MEMORY: Final = (
    "grain varchar, series varchar, opened timestamp, side integer, calm integer,"
    " last_opened timestamp, last_closed timestamp, last_side integer, since timestamp,"
    " abnormal timestamp[]"
)
JUDGED: Final = "grain varchar, judged_until timestamp, newest timestamp"
"""Up to when that is true, and the newest bucket that was judged; a row a grain."""


@dataclass(frozen=True)
class Kept:
    """What is kept of a series; see `Memory`. `abnormal`: buckets that were in a breach."""

    grain: str
    series: str
    opened: datetime | None
    side: int
    calm: int
    last_opened: datetime | None
    last_closed: datetime | None
    last_side: int
    since: datetime | None
    abnormal: Sequence[datetime]
