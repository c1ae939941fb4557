"""The calendar: days that are known to be unlike others, and what they did the last time.
 A day of the calendar teaches nothing about normal ones. What an event did when it last came is
what it is expected to do again; one that comes for the first time excuses what is said of it and no
more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

# What an event has moved takes some days to settle; after a public holiday the next day.
TAIL, TAIL_OF_HOLIDAY = timedelta(days=3), timedelta(days=1)
PUBLIC_HOLIDAY: Final = "public_holiday"
CLOSURES: Final = ("closure", "holiday", PUBLIC_HOLIDAY)
LAUNCH: Final = "launch"


@dataclass(frozen=True)
class Event:
    """Days that are not like others: `starts_on` to `ends_on`, both included, local."""

    name: str
    kind: str
    starts_on: date
    ends_on: date
    expected: Literal["up", "down"] | None = None

    @property
    def direction(self) -> int:
        """Where counts are expected to go: 1 up, -1 down."""
        if self.expected:
            return 1 if self.expected == "up" else -1
        return -1 if self.kind in CLOSURES else 1

    def covers(self, day: date) -> bool:
        """Whether a day is one of the event's, or of the days after it."""
        tail = TAIL_OF_HOLIDAY if self.kind == PUBLIC_HOLIDAY else TAIL
        return self.starts_on <= day <= self.ends_on + tail

    @property
    def yearly(self) -> tuple[str, str]:
        """What is the same when it comes again: "BFCM 2026" is "BFCM"."""
        return re.sub(r"\b(19|20)\d\d\b", "", self.name).strip(), self.kind

    def like(self, day: date, before: "Event") -> date:
        """The day of an earlier time that was as this one: as far into it, or as far behind its end
        where it is over. One that lasts longer now goes on as its last day was.
        """
        if day > self.ends_on:
            return before.ends_on + (day - self.ends_on)
        return min(before.starts_on + (day - self.starts_on), before.ends_on)


@dataclass(frozen=True)
class Calendar:
    """Events, in the order in which they begin."""

    events: Sequence[Event] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "events", tuple(sorted(self.events, key=lambda e: e.starts_on)))

    def at(self, day: date) -> Event | None:
        """The event of a day; of several the one that began last. A launch is none: it is the
        beginning of something new.
        """
        found = [each for each in self.events if each.kind != LAUNCH and each.covers(day)]
        return found[-1] if found else None

    def before(self, event: Event) -> Event | None:
        """When the event came the last time; None if it is the first."""
        found = [
            each
            for each in self.events
            if each.yearly == event.yearly and each.ends_on < event.starts_on
        ]
        return found[-1] if found else None

    def launched(self, day: date) -> Event | None:
        """The last launch up to a day: what was before it is not what is to be expected."""
        found = [each for each in self.events if each.kind == LAUNCH and each.starts_on <= day]
        return found[-1] if found else None
