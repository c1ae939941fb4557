"""Wall-clock times of one zone → UTC, with the rule for the hours that a clock change breaks.

A time that the clocks skip is moved forward by the gap, one that they repeat is the first of the
two. Both say the same: the offset from before the change still holds. DuckDB's own conversion takes
the second of a repeated time, so whole columns are looked up here, in the zone's list of changes.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingestion.errors import IngestError

SKIPPED, REPEATED = 1, 2

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)
_MICROSECONDS = 1_000_000

Times = npt.NDArray[np.int64]


class WallClock:
    """One zone; every column is Arrow timestamp[us] without a zone, in and out."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        changes = _changes(zone)
        offsets = [changes[0][2], *(after for _, _, after in changes[1:])]
        self.is_utc = len(offsets) == 1 and offsets[0] == 0
        self._offsets = _as_times(offsets)
        self._breaks = _as_times([at + max(old, new) for at, old, new in changes[1:]])
        moved = [
            (at + min(old, new), at + max(old, new), new > old) for at, old, new in changes[1:]
        ]
        self._starts = _as_times([start for start, _, _ in moved])
        self._ends = _as_times([end for _, end, _ in moved])
        self._faults = np.array(
            [SKIPPED if is_gap else REPEATED for _, _, is_gap in moved], dtype=np.int8
        )

    def to_utc(self, walls: pa.Array) -> pa.Array:
        times = _times(walls)
        index = np.searchsorted(self._breaks, times, side="right")
        return _timestamps(times - self._offsets[index], walls)

    def fault(self, walls: pa.Array) -> pa.Array:
        """0, SKIPPED or REPEATED for each time."""
        times = _times(walls)
        faults = np.zeros(len(times), dtype=np.int8)
        if len(self._starts):
            index = np.searchsorted(self._starts, times, side="right") - 1
            inside = (index >= 0) & (times < self._ends[index])
            faults[inside] = self._faults[index[inside]]
        return pa.array(faults, pa.int8(), mask=_nulls(walls))


@lru_cache(maxsize=16)
def _changes(zone: str) -> tuple[tuple[int, int, int], ...]:
    """(second of the change in UTC, offset before, after); the first one stands for the start."""
    try:
        rules = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise IngestError(
            f"the time zone {zone!r} is unknown. Name one as the IANA does: Europe/Rome, UTC."
        ) from None
    first = _offset(_FIRST, rules)
    changes = [(0, first, first)]
    at, day = _FIRST, timedelta(days=1)
    while at < _LAST:
        before, after = _offset(at, rules), _offset(at + day, rules)
        if before != after:
            low, high = int(at.timestamp()), int((at + day).timestamp())
            while high - low > 1:
                middle = (low + high) // 2
                is_before = _offset(datetime.fromtimestamp(middle, UTC), rules) == before
                low, high = (middle, high) if is_before else (low, middle)
            changes.append((high, before, after))
        at += day
    return tuple(changes)


def _offset(at: datetime, rules: tzinfo) -> int:
    offset = at.astimezone(rules).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _as_times(seconds: list[int]) -> Times:
    return np.array(seconds, dtype=np.int64) * _MICROSECONDS


def _nulls(column: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False))


def _times(column: pa.Array) -> Times:
    return np.asarray(column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False))


def _timestamps(times: Times, like: pa.Array) -> pa.Array:
    return pa.array(times, pa.int64(), mask=_nulls(like)).cast(pa.timestamp("us"))
