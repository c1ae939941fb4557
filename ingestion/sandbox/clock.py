"""What time it is in the sandbox: standing still for tests, or running with the wall.

The shop is made up to a day in the past, so a running sandbox moves the whole history by whole
weeks until now lies a little before its end: what is yet to happen then happens on its weekday.
"""

import time
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

WEEK = timedelta(weeks=1)
LEAD = timedelta(days=8)

SKEW: ContextVar[timedelta] = ContextVar("skew", default=timedelta(0))
"""By how much the server's clock is off while it answers one request."""


class Clock(Protocol):
    def now(self) -> datetime:
        """The present in the shop's world, with an offset."""
        ...


class FrozenClock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        self._at += by


class LiveClock:
    """Runs from the wall's time of its making, `speed` times as fast."""

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        self._start = (start or datetime.now(UTC)).astimezone(UTC)
        self._ticks = time.monotonic()
        self._speed = speed

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._ticks) * self._speed)


class SkewedClock:
    """Another clock, off by what the request at hand says."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now() + SKEW.get()


def seconds(instant: datetime) -> int:
    """Whole seconds since 1970."""
    return int(instant.timestamp())


def weeks_to(now: datetime, end: datetime) -> timedelta:
    """The whole weeks that bring `end` to 8 days after `now`, give or take half a week."""
    return round((now + LEAD - end) / WEEK) * WEEK


def last_instant(tables: Mapping[str, pa.Table]) -> datetime:
    """When the last ticket is opened; ValueError for a shop without tickets."""
    found = pc.max(tables["tickets"]["created_at"]).as_py()
    if not isinstance(found, datetime):
        raise ValueError("sandbox: the shop has no tickets; build it with more of them")
    return found


def shifted(tables: Mapping[str, pa.Table], by: timedelta) -> dict[str, pa.Table]:
    """The tables with every instant and date moved by `by`, which is whole days."""
    moved = {}
    for name, table in tables.items():
        for place, field in enumerate(table.schema):
            if pa.types.is_timestamp(field.type):
                column = pc.add(table.column(place), pa.scalar(by, pa.duration("us")))
            elif pa.types.is_date32(field.type):
                days = table.column(place).cast(pa.int32())
                column = pc.add(days, pa.scalar(by.days, pa.int32())).cast(pa.date32())
            else:
                continue
            table = table.set_column(place, field.name, column.cast(field.type))
        moved[name] = table
    return moved
