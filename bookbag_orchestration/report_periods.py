"""When each report is due, and its periods as Dagster's partitions.

Pure: an account's zone, the day its weeks start on and the day and hour of `[reports]` come in, and
nothing looks at a clock. A partition is named by the first day of its week ("2026-11-16"), since
weeks may begin on any day and a key must be a date, or by its month ("2026-10").
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from bookbag_orchestration.sections import WEEKDAYS, Config, MonthlyDelivery, WeeklyDelivery
from reports.periods import MONTHLY, WEEKLY, Period, Rhythm, month_from, week_from

# Earlier periods have no partition; those before the data have one, and no figures.
FIRST_YEAR = 2010
MIDNIGHT, MINUTE, DAY = time(), timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """The periods of one report. `first_weekday` 1 = Monday … 7."""

    rhythm: Rhythm
    zone: ZoneInfo
    first_weekday: int
    delivery: WeeklyDelivery | MonthlyDelivery

    @property
    def name(self) -> str:
        """weekly or monthly."""
        return self.rhythm.name

    @property
    def asset_key(self) -> dg.AssetKey:
        return dg.AssetKey(["reports", f"{self.name}_summary"])

    @property
    def partitions(self) -> dg.TimeWindowPartitionsDefinition:
        """A partition a period that is over, by the clock of the account's zone."""
        if self.rhythm is MONTHLY:
            return dg.MonthlyPartitionsDefinition(
                start_date=f"{FIRST_YEAR}-01", timezone=self.zone.key, fmt="%Y-%m"
            )
        return dg.WeeklyPartitionsDefinition(
            start_date=f"{FIRST_YEAR}-01-01",
            timezone=self.zone.key,
            fmt="%Y-%m-%d",
            day_offset=self.first_weekday % 7,
        )

    def key_of(self, period: Period) -> str:
        """The partition of a period."""
        return f"{period.starts_on:%Y-%m}" if period.grain == "month" else f"{period.starts_on}"

    def period_of(self, key: str) -> Period:
        """The period of a partition."""
        if self.rhythm is MONTHLY:
            return month_from(date.fromisoformat(f"{key}-01"))
        return week_from(date.fromisoformat(key))

    def ends_at(self, period: Period) -> datetime:
        """The instant from which on nothing can happen in a period any more."""
        return instant(period.ends_on, MIDNIGHT, self.zone)

    def due_at(self, period: Period) -> datetime:
        """When the report of a period is to be made: never before its end, nor after the next one
        has ended.
        """
        at, ends_on = time.fromisoformat(self.delivery.at), period.ends_on
        if isinstance(self.delivery, WeeklyDelivery):
            days = (WEEKDAYS.index(self.delivery.day) - ends_on.weekday()) % 7
            return instant(ends_on + days * DAY, at, self.zone)
        last = (month_from(ends_on).ends_on - DAY).day
        return instant(ends_on.replace(day=min(self.delivery.day, last)), at, self.zone)

    def due(self, now: datetime, since: str | None = None) -> list[Period]:
        """What is due at `now`, oldest first, from the partition `since` on; only the newest where
        that is not given.
        """
        found = []
        for period in self._backwards_from(now):
            if since is not None and self.key_of(period) < since:
                break
            if self.due_at(period) <= now:
                found.append(period)
                if since is None:
                    break
        return found[::-1]

    def _backwards_from(self, now: datetime) -> Iterator[Period]:
        today = now.astimezone(self.zone).date()
        period = month_from(today.replace(day=1))
        if self.rhythm is WEEKLY:
            period = week_from(today - (today.isoweekday() - self.first_weekday) % 7 * DAY)
        while period.starts_on.year >= FIRST_YEAR:
            yield period
            period = period.back(1)


def calendars(config: Config) -> tuple[Calendar, ...]:
    """Those of an account's reports."""
    zone, first = ZoneInfo(config.account.timezone), config.account.first_weekday
    return (
        Calendar(WEEKLY, zone, first, config.reports.weekly),
        Calendar(MONTHLY, zone, first, config.reports.monthly),
    )


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A local time as an instant, in UTC. One that the clock shows twice is the first; one that it
    leaps over is where it goes on.
    """
    local = datetime.combine(day, at)
    while local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        local += MINUTE
    return local.replace(tzinfo=zone).astimezone(UTC)
