"""How old what we have may be: windows by the kind of source and the timetable.

A helpdesk or shop may miss one sync; files come once a day. The same windows
are the freshness policies that Dagster shows and what makes a source late in `source_freshness` and
an incident, so that they never differ.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

import dagster as dg

from bookbag_orchestration.sections import AnySource, ApiSource, Config

# A day of 25 hours, and an hour in which the sync may do its work.
DAILY = timedelta(hours=26)
MISSED_SYNCS = 2
_BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
# Spans that hold each gap of a timetable of hours and weekdays, of days of the month, of months.
_HOURS, _DAYS, _MONTHS = timedelta(days=15), timedelta(days=124), timedelta(days=1500)
_FORMAT = "%Y-%m-%dT%H:%M:%S"


@cache
def longest_gap(cron: str) -> timedelta:
    """The longest time between two ticks. Raises ValueError where years pass without one."""
    _, _, day, month, _ = cron.split()
    span = _MONTHS if month != "*" else _DAYS if day != "*" else _HOURS
    ticks = dg.TimeWindowPartitionsDefinition(
        start=_BEGIN, cron_schedule=cron, fmt=_FORMAT
    ).get_partition_keys(current_time=_BEGIN + span)
    instants = [datetime.strptime(tick, _FORMAT) for tick in ticks]
    if len(instants) > 1:
        return max(later - tick for tick, later in pairwise(instants))
    raise ValueError(f"{cron!r} is no timetable: years pass without a tick")


def next_tick(cron: str, timezone: str, now: datetime) -> datetime:
    """The first tick at or after `now`, which is no later than the clock's."""
    ticks = dg.TimeWindowPartitionsDefinition(
        start=_BEGIN,
        cron_schedule=cron,
        fmt=_FORMAT,
        timezone=timezone,
        # The window that runs now, and the one that begins with the tick.
        end_offset=2,
    )
    window = ticks.get_next_partition_window(now)
    if window is None:
        raise ValueError(f"{cron!r} is no timetable: it has no tick after {now}")
    return window.start


def allowance(source: AnySource, config: Config) -> timedelta:
    """How long ago the last whole sync of a source may be."""
    if isinstance(source, ApiSource):
        return MISSED_SYNCS * longest_gap(config.schedules.sync)
    return DAILY


def source_policy(source: AnySource, config: Config) -> dg.FreshnessPolicy:
    """Of each raw table of the source: a sync materializes all of them."""
    return dg.FreshnessPolicy.time_window(fail_window=allowance(source, config))


def mart_policy() -> dg.FreshnessPolicy:
    """Of the marts and the published copy, which are made when something new has landed."""
    return dg.FreshnessPolicy.time_window(fail_window=DAILY)
