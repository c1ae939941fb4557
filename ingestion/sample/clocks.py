"""Days, opening hours and the shopping calendar of the shop's own zone.

Instants are whole seconds since 1970 in UTC and days are numbers since 1970-01-01, both int64, so
that columns of them can be worked on at once; only here do they meet the zone's rules.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from ingestion.sample.dice import Floats, Ints

DAY_S = 86_400
HOUR_S = 3_600
EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    return (day - EPOCH).days


def day_of_number(number: int) -> date:
    return EPOCH + timedelta(days=number)


def add_months(day: date, months: int) -> date:
    """First of the month that lies `months` after the month of `day`."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """`weekday` 0 is Monday; a negative `nth` counts from the end of the month."""
    if nth > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    last = add_months(date(year, month, 1), 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7 + 7 * (-nth - 1))


def thanksgiving(year: int) -> date:
    return nth_weekday(year, 11, 3, 4)


def holidays(year: int) -> dict[date, str]:
    return {
        date(year, 1, 1): "New Year's Day",
        nth_weekday(year, 5, 0, -1): "Memorial Day",
        date(year, 7, 4): "Independence Day",
        nth_weekday(year, 9, 0, 1): "Labor Day",
        thanksgiving(year): "Thanksgiving",
        date(year, 12, 25): "Christmas Day",
    }


class Days:
    """The local days from `first` to `last`, with the instant each begins."""

    def __init__(self, zone: ZoneInfo, first: int, last: int) -> None:
        self.zone, self.first, self.last = zone, first, last
        self.numbers: Ints = np.arange(first, last + 1, dtype=np.int64)
        self.dates = [day_of_number(number) for number in range(first, last + 1)]
        starts = [self.instant(day, 0) for day in [*self.dates, day_of_number(last + 1)]]
        self.starts: Ints = np.array(starts, dtype=np.int64)
        self.weekdays: Ints = (self.numbers + 3) % 7

    def instant(self, day: date, minute: int) -> int:
        """`minute` of the local day; 1440 is the next midnight."""
        day, minute = (day + timedelta(days=1), 0) if minute == 1440 else (day, minute)
        local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=self.zone)
        return int(local.astimezone(UTC).timestamp())

    def index(self, instants: Ints) -> Ints:
        """Position of the local day, the last one for what lies beyond."""
        found = np.searchsorted(self.starts, instants, side="right") - 1
        return np.clip(found, 0, len(self.numbers) - 1)

    def at(self, index: Ints, share: Floats) -> Ints:
        """The instant at a share of a day, which has 23, 24 or 25 hours."""
        safe = np.clip(index, 0, len(self.numbers) - 1)
        length = self.starts[safe + 1] - self.starts[safe]
        return self.starts[safe] + (share * length).astype(np.int64)


class OpenTime:
    """Time that counts only while it is open, at a rate that may differ by day.

    `starts`, `ends` and `rates` describe the open intervals in order.
    """

    def __init__(self, starts: Ints, ends: Ints, rates: Floats) -> None:
        self.starts, self.ends, self.rates = starts, ends, rates
        worth = (ends - starts) * rates
        self._after: Floats = np.cumsum(worth)
        self._before: Floats = self._after - worth

    def passed(self, instants: Ints) -> Floats:
        """Open time from the beginning up to each instant."""
        at = np.clip(np.searchsorted(self.starts, instants, side="right") - 1, 0, None)
        within = np.clip(instants, self.starts[at], self.ends[at]) - self.starts[at]
        return np.asarray(self._before[at] + within * self.rates[at])

    def reached(self, passed: Floats) -> Ints:
        """The instant at which that much open time has passed."""
        at = np.searchsorted(self._after, passed, side="right")
        at = np.minimum(at, len(self.starts) - 1)
        into = (passed - self._before[at]) / self.rates[at]
        return self.starts[at] + np.ceil(into).astype(np.int64)

    def later(self, instants: Ints, seconds: Floats) -> Ints:
        """Each instant plus so many open seconds."""
        return self.reached(self.passed(instants) + seconds)


def open_time(
    days: Days, hours: dict[int, tuple[int, int]], closed: set[date], rates: Floats
) -> OpenTime:
    """Opening hours by weekday (0 Monday; minutes of the day) as intervals, holidays left out."""
    starts, ends, kept = [], [], []
    for position, day in enumerate(days.dates):
        span = hours.get(day.weekday())
        if span is None or day in closed:
            continue
        starts.append(days.instant(day, span[0]))
        ends.append(days.instant(day, span[1]))
        kept.append(rates[position])
    return OpenTime(np.array(starts), np.array(ends), np.array(kept, dtype=np.float64))


def shape(profile: list[float]) -> Callable[[Floats], Floats]:
    """Uniform draws → shares of the day, by the weight of each hour."""
    edges = np.concatenate([[0.0], np.cumsum(profile)])
    edges /= edges[-1]
    hours = np.arange(len(profile) + 1) / len(profile)
    return lambda drawn: np.asarray(np.interp(drawn, edges, hours))
