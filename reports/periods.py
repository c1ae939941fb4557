"""Which weeks a report is about.

A week is named by ISO ("2026-W46") and is the account's week that holds that ISO week's Monday, so
a name means one week whatever day the account's weeks start on. Only complete weeks are reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from reports.errors import PeriodError

WEEK = timedelta(days=7)
TREND_WEEKS = 13  # a quarter: what sparklines and the scorecard show
_ISO_WEEK = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True)
class Period:
    """One week: local dates `starts_on` to before `ends_on`, and its ISO name."""

    starts_on: date
    ends_on: date
    label: str

    @property
    def start(self) -> datetime:
        """Local midnight, as `kpi_values.period_start` has it."""
        return datetime.combine(self.starts_on, datetime.min.time())

    def back(self, weeks: int) -> Period:
        """The week that lies `weeks` before this one."""
        return week_from(self.starts_on - weeks * WEEK)

    def trend(self) -> list[Period]:
        """The last 13 weeks, oldest first, this one last."""
        return [self.back(weeks) for weeks in reversed(range(TREND_WEEKS))]


def week_from(starts_on: date) -> Period:
    """The week that starts on this date, named after the Monday in it."""
    monday = starts_on + timedelta(days=(8 - starts_on.isoweekday()) % 7)
    year, week, _ = monday.isocalendar()
    return Period(starts_on, starts_on + WEEK, f"{year}-W{week:02d}")


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
