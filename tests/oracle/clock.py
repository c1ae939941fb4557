"""Local time and the business clock (K1, K2, K3).

A schedule is expanded day by day in its own zone into spans of real instants, so that a day of 23
or 25 hours has what it has; a ticket's clock reads, at each instant, the schedule in force there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .export import Hours
from .shop import Shop

SKEW_S = 300  # K2: a duration down to −300 s is clock skew and 0, below it is unknown
MARGIN = timedelta(days=2)  # schedules reach a little beyond what the files hold


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a wall time: a skipped one moves on by the gap, a repeated is the first."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def local_of(instant: datetime, zone: ZoneInfo) -> datetime:
    """The wall time of an instant, without its zone."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def seconds(start: datetime | None, end: datetime | None) -> int | None:
    """K2: whole seconds from `start` to `end`, None where either is missing or it cannot be."""
    if start is None or end is None:
        return None
    taken = int((end - start).total_seconds())
    if taken < -SKEW_S:
        return None
    return max(taken, 0)


class Schedule:
    """The opening hours of one schedule over a range of dates, as merged spans of instants."""

    def __init__(
        self, hours: Iterable[Hours], holidays: set[date], first: date, last: date
    ) -> None:
        spans = []
        for row in hours:
            zone = ZoneInfo(row.timezone)
            for day in _days(first, last):
                if day.isoweekday() == row.weekday and day not in holidays:
                    spans.append((_wall(day, row.opens, zone), _wall(day, row.closes, zone)))
        self._starts: list[datetime] = []
        self._ends: list[datetime] = []
        for start, end in sorted(spans):
            if end <= start:
                continue
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)
        self._before = [0.0]  # open seconds before each span
        for start, end in zip(self._starts, self._ends, strict=True):
            self._before.append(self._before[-1] + (end - start).total_seconds())

    def open_seconds(self, start: datetime, end: datetime) -> float:
        """Seconds of opening between two instants."""
        return self._open_until(end) - self._open_until(start)

    def _open_until(self, instant: datetime) -> float:
        at = bisect_right(self._starts, instant) - 1
        if at < 0:
            return 0.0
        within = min(instant, self._ends[at]) - self._starts[at]
        return self._before[at] + within.total_seconds()


def schedules_of(shop: Shop) -> dict[str, Schedule]:
    """Every schedule of the shop by name, over the span of its data."""
    first = (shop.first_loaded - MARGIN).date()
    last = (shop.data_as_of + MARGIN).date()
    names = {row.schedule for row in shop.hours}
    return {
        name: Schedule(
            [row for row in shop.hours if row.schedule == name],
            {row.date for row in shop.holidays if row.schedule == name},
            first,
            last,
        )
        for name in names
    }


class TicketClock:
    """The business clock of one ticket, across all schedules that it had.

    `sets` are its `schedule_set` events in order. One that names no known schedule sets nothing.
    """

    def __init__(
        self, schedules: dict[str, Schedule], team: str, sets: list[tuple[datetime, str | None]]
    ) -> None:
        self._in_force: list[tuple[datetime, Schedule | None]] = [
            (datetime.min.replace(tzinfo=UTC), _unset(schedules, team))
        ]
        for at, name in sets:
            if name in schedules:
                self._in_force.append((at, schedules[name or ""]))

    def seconds(self, start: datetime | None, end: datetime | None) -> int | None:
        """Business seconds from `start` to `end`; None without a schedule at any part of it."""
        calendar = seconds(start, end)
        if start is None or end is None or calendar is None:
            return None
        end = max(start, end)
        total = 0.0
        bounds = [at for at, _ in self._in_force[1:]] + [datetime.max.replace(tzinfo=UTC)]
        for (since, schedule), until in zip(self._in_force, bounds, strict=True):
            rules = since <= start < until or (since < end and until > start)
            if not rules:
                continue
            if schedule is None:
                return None
            total += max(schedule.open_seconds(max(since, start), min(until, end)), 0.0)
        return int(total)


def _unset(schedules: dict[str, Schedule], team: str) -> Schedule | None:
    """What is in force where no event set one: named like the team, `default`, the only one."""
    for name in (team, "default"):
        if name in schedules:
            return schedules[name]
    return next(iter(schedules.values())) if len(schedules) == 1 else None


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _wall(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """The instant of HH:MM on a local day; 24:00 is the next day's midnight."""
    hour, minute = (int(part) for part in clock.split(":")[:2])
    if hour == 24:
        return instant_of(datetime.combine(day + timedelta(days=1), time()), zone)
    return instant_of(datetime.combine(day, time(hour, minute)), zone)
