"""Which weeks and months a report is about.

A week is named by ISO ("2026-W46") and is the account's week that holds that ISO week's Monday, so
a name means one week whatever day the account's weeks start on. A month is named "2026-10". Only
complete periods are reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from reports.errors import PeriodError

Grain = Literal["week", "month"]

WEEK = timedelta(days=7)
TREND = 13  # what sparklines and the scorecard show: a quarter of weeks, a year of months and one
_ISO_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True)
class Rhythm:
    """How often a report comes: its `name`, the `grain` of its periods, and the cadences of the
    KPIs that it shows beside the headlines (CAPABILITIES.md F14).
    """

    name: str
    grain: Grain
    cadences: frozenset[str]


WEEKLY = Rhythm("weekly", "week", frozenset({"live", "daily", "weekly"}))
MONTHLY = Rhythm("monthly", "month", frozenset({"monthly"}))


@dataclass(frozen=True)
class Period:
    """A week or month: local dates `starts_on` to before `ends_on`, and its name."""

    grain: Grain
    starts_on: date
    ends_on: date
    label: str

    @property
    def start(self) -> datetime:
        """Local midnight, as `kpi_values.period_start` has it."""
        return datetime.combine(self.starts_on, datetime.min.time())

    def back(self, periods: int) -> Period:
        """The period that lies so many before this one."""
        if self.grain == "week":
            return week_from(self.starts_on - periods * WEEK)
        return month_from(_months_later(self.starts_on, -periods))

    def trend(self) -> list[Period]:
        """The last 13 periods, oldest first, this one last."""
        return [self.back(periods) for periods in reversed(range(TREND))]


def week_from(starts_on: date) -> Period:
    """The week that starts on this date, named after the Monday in it."""
    monday = starts_on + timedelta(days=(8 - starts_on.isoweekday()) % 7)
    year, week, _ = monday.isocalendar()
    return Period("week", starts_on, starts_on + WEEK, f"{year}-W{week:02d}")


def month_from(starts_on: date) -> Period:
    """The month that starts on this date."""
    return Period("month", starts_on, _months_later(starts_on, 1), f"{starts_on:%Y-%m}")


def period_from(starts_on: date, grain: Grain) -> Period:
    """The period that starts on this date."""
    return week_from(starts_on) if grain == "week" else month_from(starts_on)


def period_named(text: str, grain: Grain, week_start: int) -> Period:
    """2026-W46 or 2026-10 → the week or month; `week_start` 1 = Monday … 7."""
    return week_named(text, week_start) if grain == "week" else month_named(text)


def week_named(text: str, week_start: int) -> Period:
    """2026-W46 → the account's week (`week_start` 1 = Monday … 7) that holds its Monday."""
    found = _ISO_WEEK.fullmatch(text.strip())
    if found is None:
        raise PeriodError(
            f"'{text}' is no week. A weekly report takes an ISO week such as 2026-W46, "
            "or no period at all for the latest complete week."
        )
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        return week_from(monday - timedelta(days=(1 - week_start) % 7))
    except (ValueError, OverflowError):
        raise PeriodError(
            f"There is no week '{text}'. ISO weeks are written 2026-W01 to 2026-W52, in some years "
            "W53."
        ) from None


def month_named(text: str) -> Period:
    """2026-10 → the calendar month."""
    found = _MONTH.fullmatch(text.strip())
    if found is None:
        raise PeriodError(
            f"'{text}' is no month. A monthly report takes a month such as 2026-10, "
            "or no period at all for the latest complete month."
        )
    try:
        return month_from(date(int(found[1]), int(found[2]), 1))
    except (ValueError, OverflowError):
        raise PeriodError(
            f"There is no month '{text}'. Months are written 2026-01 to 2026-12."
        ) from None


def _months_later(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
