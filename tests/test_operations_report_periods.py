"""When reports are due: by the clock of the account, over its changes, ends of months and of years.

Dates and instants are worked out by hand from the calendar, in UTC.
"""

from datetime import UTC, date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bookbag_orchestration.config import ConfigError, load_config
from bookbag_orchestration.report_periods import calendars
from tests.operations_support import NEW_YORK, ROME, calendar_of, office, utc

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "week_start", "key", "label", "ends_at", "due_at"),
    [
        # The clock goes from 02:00 to 03:00 on Sunday 29 March, and back on Sunday 25 October.
        (ROME, "monday", "2026-03-23", "2026-W13", "2026-03-29 22:00", "2026-03-30 05:00"),
        (ROME, "monday", "2026-10-19", "2026-W43", "2026-10-25 23:00", "2026-10-26 06:00"),
        # On Sunday 8 March, and back on Sunday 1 November.
        (NEW_YORK, "monday", "2026-03-02", "2026-W10", "2026-03-09 04:00", "2026-03-09 11:00"),
        (NEW_YORK, "monday", "2026-10-26", "2026-W44", "2026-11-02 05:00", "2026-11-02 12:00"),
        # From Sunday on: named after the Monday in it, and due on the Monday after its Saturday.
        (NEW_YORK, "sunday", "2026-11-15", "2026-W47", "2026-11-22 05:00", "2026-11-23 12:00"),
        (NEW_YORK, "sunday", "2026-03-08", "2026-W11", "2026-03-15 04:00", "2026-03-16 11:00"),
        (ROME, "monday", "2026-12-28", "2026-W53", "2027-01-03 23:00", "2027-01-04 06:00"),
        (ROME, "monday", "2027-01-04", "2027-W01", "2027-01-10 23:00", "2027-01-11 06:00"),
        # There is no midnight on 6 September: the clock goes from 24:00 to 01:00.
        ("America/Santiago", "sunday", "2026-08-30", "2026-W36", "2026-09-06 04:00",
         "2026-09-07 10:00"),
    ],
)  # fmt: skip
def test_weeks_end_and_are_due_by_the_clock_of_the_account(
    tmp_path: Path, zone: str, week_start: str, key: str, label: str, ends_at: str, due_at: str
) -> None:
    calendar = calendar_of(office(tmp_path, zone, week_start=week_start), "weekly")
    period = calendar.period_of(key)
    assert (period.label, calendar.key_of(period)) == (label, key)
    assert calendar.ends_at(period) == utc(ends_at)
    assert calendar.due_at(period) == utc(due_at)
    window = calendar.partitions.time_window_for_partition_key(key)
    assert window.end.astimezone(UTC) == utc(ends_at)
    assert f"{window.start:%Y-%m-%d}" == key


@pytest.mark.parametrize(
    ("zone", "day", "key", "ends_at", "due_at"),
    [
        (ROME, 1, "2026-03", "2026-03-31 22:00", "2026-04-01 05:00"),
        (ROME, 1, "2026-10", "2026-10-31 23:00", "2026-11-01 06:00"),
        (ROME, 1, "2026-12", "2026-12-31 23:00", "2027-01-01 06:00"),
        # The first of November is the very day on which the clock goes back.
        (NEW_YORK, 1, "2026-10", "2026-11-01 04:00", "2026-11-01 12:00"),
        (ROME, 31, "2026-01", "2026-01-31 23:00", "2026-02-28 06:00"),
        (ROME, 31, "2028-01", "2028-01-31 23:00", "2028-02-29 06:00"),
        (ROME, 31, "2026-02", "2026-02-28 23:00", "2026-03-31 05:00"),
        (ROME, 31, "2026-03", "2026-03-31 22:00", "2026-04-30 05:00"),
    ],
)
def test_months_end_and_are_due_by_the_clock_of_the_account(
    tmp_path: Path, zone: str, day: int, key: str, ends_at: str, due_at: str
) -> None:
    calendar = calendar_of(office(tmp_path, zone, monthly=(day, "07:00")), "monthly")
    period = calendar.period_of(key)
    assert (period.label, calendar.key_of(period)) == (key, key)
    assert calendar.ends_at(period) == utc(ends_at)
    assert calendar.due_at(period) == utc(due_at)
    window = calendar.partitions.time_window_for_partition_key(key)
    assert window.end.astimezone(UTC) == utc(ends_at)


@pytest.mark.parametrize(
    ("zone", "at", "key", "due_at"),
    [
        # 02:30 is not there on 29 March: the clock goes on at 03:00. On 25 October it is there
        # twice: the first, in summer time.
        (ROME, "02:30", "2026-03-16", "2026-03-29 01:00"),
        (ROME, "02:30", "2026-10-12", "2026-10-25 00:30"),
        (NEW_YORK, "02:30", "2026-02-23", "2026-03-08 07:00"),
        (NEW_YORK, "01:30", "2026-10-19", "2026-11-01 05:30"),
    ],
)
def test_an_hour_that_is_not_there_or_there_twice_is_one_instant(
    tmp_path: Path, zone: str, at: str, key: str, due_at: str
) -> None:
    calendar = calendar_of(office(tmp_path, zone, weekly=("sunday", at)), "weekly")
    period = calendar.period_of(key)
    due = utc(due_at)
    assert calendar.due_at(period) == due
    assert calendar.due(due - MINUTE) == [period.back(1)]
    assert calendar.due(due) == [period]
    assert calendar.due(due + 6 * DAY) == [period]


def test_all_partitions_are_periods_and_back(tmp_path: Path) -> None:
    for week_start in ("monday", "thursday", "sunday"):
        for calendar in calendars(office(tmp_path, ROME, week_start=week_start).config):
            keys = calendar.partitions.get_partition_keys(current_time=utc("2026-11-26 12:00"))
            periods = [calendar.period_of(key) for key in keys]
            assert [calendar.key_of(period) for period in periods] == list(keys)
            assert all(one.ends_on == next_.starts_on for one, next_ in pairwise(periods))
            assert periods[-1].ends_on <= date(2026, 11, 26) < periods[-1].ends_on + 31 * DAY


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ('weekly = { day = "mon" }', "reports.weekly.day: Input should be 'monday'"),
        ("monthly = { day = 32 }", "reports.monthly.day: Input should be less than or equal to 31"),
        ('monthly = { day = "monday" }', "reports.monthly.day"),
        ('weekly = { at = "24:00" }', "reports.weekly.at"),
    ],
)
def test_a_day_that_is_none_is_refused(tmp_path: Path, given: str, message: str) -> None:
    path = tmp_path / "bookbag.toml"
    source = '[[source]]\nname = "a"\nkind = "files"\npath = "."\n'
    path.write_text(f'[account]\nid = "a"\n[reports]\n{given}\n{source}')
    with pytest.raises(ConfigError, match=message):
        load_config(path)
    path.write_text(f'[account]\nid = "a"\n[reports]\nmonthly = {{ at = "06:30" }}\n{source}')
    assert load_config(path).reports.monthly.day == 1
