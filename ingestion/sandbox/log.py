"""A change log: when each thing changed, in an order that can be paged.

Every incremental API is a walk along one of these, so finding where a page starts is a binary
search, and a page costs what it holds and no more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
NEVER = np.iinfo(np.int64).max
BLOCK = 4096


class Entry(NamedTuple):
    """Thing `number` changed for the `n`-th time (from 0) at `at`, in seconds since 1970."""

    at: int
    number: int
    n: int


@dataclass(frozen=True)
class Log:
    """Entries sorted by (at, number, n); `until` is when the same thing changes next."""

    at: Ints
    number: Ints
    n: Ints
    until: Ints

    @classmethod
    def of(cls, entries: Iterable[tuple[int, int, int]]) -> "Log":
        rows = np.array(list(entries), dtype=np.int64).reshape(-1, 3)
        rows = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
        at, number, n = (np.ascontiguousarray(rows[:, place]) for place in range(3))
        by_thing = np.lexsort((n, number))
        until = np.full(len(rows), NEVER)
        same = number[by_thing[1:]] == number[by_thing[:-1]]
        until[by_thing[:-1][same]] = at[by_thing[1:][same]]
        return cls(at, number, n, until)

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, place: int) -> Entry:
        return Entry(int(self.at[place]), int(self.number[place]), int(self.n[place]))

    def start(self, at: int) -> int:
        """Place of the first entry not before `at`."""
        return int(np.searchsorted(self.at, at, "left"))

    def end(self, at: int) -> int:
        """Place behind the last entry not after `at`."""
        return int(np.searchsorted(self.at, at, "right"))

    def behind(self, at: int, number: int) -> int:
        """Place behind the entries of `number` at `at` and all that come before them."""
        first, last = self.start(at), self.end(at)
        return first + int(np.searchsorted(self.number[first:last], number, "right"))

    def current(self, first: int, last: int, as_of: int) -> Iterator[Entry]:
        """Of the places `first` to `last` (not included), in order, each that is its thing's last
        change as of `as_of`: every changed thing comes once, where it stands now."""
        while first < last:
            stop = min(first + BLOCK, last)
            for place in np.flatnonzero(self.until[first:stop] > as_of):
                yield self[first + int(place)]
            first = stop

    def newest_first(self, as_of: int, before: tuple[int, int] | None = None) -> Iterator[Entry]:
        """As `current` for all there is as of `as_of`, but latest change first, starting below
        (at, number) `before`."""
        stop = self.end(as_of)
        if before is not None:
            at, number = before
            first, last = self.start(at), self.end(at)
            below = first + int(np.searchsorted(self.number[first:last], number, "left"))
            stop = min(stop, below)
        while stop > 0:
            first = max(0, stop - BLOCK)
            for place in np.flatnonzero(self.until[first:stop] > as_of)[::-1]:
                yield self[first + int(place)]
            stop = first

    def count(self, as_of: int, since: int = 0) -> int:
        """How many things changed between `since` and `as_of` (both included)."""
        first, last = self.start(since), self.end(as_of)
        return int(np.count_nonzero(self.until[first:last] > as_of))
