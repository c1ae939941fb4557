"""Reports are asked for once a period, whatever the clock, the daemon or a run does meanwhile.

Dates and instants are worked out by hand from the calendar, in UTC.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from bookbag_orchestration.defs import schedules
from bookbag_orchestration.defs.report import report_asset
from bookbag_orchestration.report_periods import calendars
from bookbag_orchestration.report_requests import ACCOUNT, ACCOUNT_TAG, PARTITION, requested
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.steps import reporting
from tests.operations_support import NEW_YORK, ROME, office, utc

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Daemon:
    """What Dagster does between two looks of the sensor, at whatever time a test says it is."""

    place: Workplace
    instance: dg.DagsterInstance
    cursor: str | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def publish(self, data_as_of: datetime) -> None:
        self.place.published.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(str(self.place.published / "bookbag.duckdb")) as copy:
            copy.execute("create schema if not exists marts")
            copy.execute(
                "create or replace table marts.kpi_status as select ?::timestamptz as data_as_of",
                [data_as_of],
            )

    def tick(self, now: datetime) -> Sequence[dg.RunRequest]:
        result = requested(self.place, self.instance, self.cursor, now)
        self.cursor = result.cursor
        requests = list(result.run_requests or ())
        self.asked += [(str(each.job_name), str(each.partition_key)) for each in requests]
        return requests

    def make(self, requests: Sequence[dg.RunRequest], account: str = "acme") -> None:
        for each in requests:
            name = str(each.job_name).removesuffix("_report")
            self.instance.report_runless_asset_event(
                dg.AssetMaterialization(
                    ["reports", f"{name}_summary"],
                    partition=each.partition_key,
                    metadata={ACCOUNT: account},
                )
            )

    def live(self, now: datetime) -> None:
        """All is well: the data are there, and what is asked for is made."""
        self.publish(now)
        self.make(self.tick(now))


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


def weeks(first: date, last: date) -> list[tuple[str, str]]:
    days = range(0, (last - first).days + 1, 7)
    return [("weekly_report", f"{first + timedelta(days=day)}") for day in days]


def months(first: int, last: int) -> list[tuple[str, str]]:
    return [("monthly_report", f"2026-{month:02d}") for month in range(first, last + 1)]


@pytest.mark.parametrize(
    ("zone", "week_start", "first", "last"),
    [
        (ROME, "monday", date(2026, 2, 23), date(2026, 11, 2)),
        # The week from 1 November is due an hour after the end.
        (NEW_YORK, "sunday", date(2026, 2, 22), date(2026, 10, 25)),
    ],
)
def test_each_period_of_a_year_of_changing_clocks_is_asked_for_once_and_in_order(
    tmp_path: Path,
    instance: dg.DagsterInstance,
    zone: str,
    week_start: str,
    first: date,
    last: date,
) -> None:
    daemon = Daemon(office(tmp_path, zone, week_start=week_start), instance)
    daemon.publish(utc("2027-01-01 00:00"))
    now = utc("2026-03-02 13:00")  # Monday: the week before is due, and so is February
    while now < utc("2026-11-09 11:00"):
        daemon.make(daemon.tick(now))
        now += 5 * HOUR
    asked = {job: [one for one in daemon.asked if one[0] == job] for job, _ in daemon.asked}
    assert asked["weekly_report"] == weeks(first, last)
    assert asked["monthly_report"] == months(2, 10)


def test_after_an_outage_what_was_missed_comes_once_when_its_data_are_there(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    """Off from Saturday 31 October to Tuesday 3 November, over a month's end and a Monday."""
    daemon = Daemon(office(tmp_path, ROME), instance)
    daemon.live(utc("2026-10-31 10:00"))
    assert daemon.asked == [("weekly_report", "2026-10-19"), ("monthly_report", "2026-09")]
    back = utc("2026-11-03 10:00")
    for minutes in range(3):  # nothing has been synced yet
        assert daemon.tick(back + minutes * MINUTE) == []
    daemon.publish(back + 5 * MINUTE)
    requests = daemon.tick(back + 6 * MINUTE)
    assert [each.partition_key for each in requests] == ["2026-10-26", "2026-10"]
    daemon.make(requests)
    for minutes in range(7, 20):
        daemon.live(back + minutes * MINUTE)
    assert len(daemon.asked) == 4


def test_several_missed_periods_come_oldest_first(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    daemon = Daemon(office(tmp_path, NEW_YORK), instance)
    daemon.live(utc("2026-08-31 12:00"))
    daemon.asked.clear()
    daemon.live(utc("2026-11-03 12:00"))
    missed = weeks(date(2026, 8, 31), date(2026, 10, 26)) + months(8, 10)
    assert daemon.asked == missed
    daemon.live(utc("2026-11-03 12:01"))
    assert daemon.asked == missed


def test_a_period_that_is_not_made_is_not_forgotten_over_newer_ones(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    daemon = Daemon(office(tmp_path, ROME), instance)
    daemon.live(utc("2026-09-28 06:00"))
    daemon.asked.clear()
    daemon.publish(utc("2026-10-12 06:00"))
    oldest, *newer = daemon.tick(utc("2026-10-12 06:00"))
    assert daemon.asked == weeks(date(2026, 9, 28), date(2026, 10, 5)) + months(9, 9)
    daemon.make(newer)
    (again,) = daemon.tick(utc("2026-10-13 06:00"))
    assert again.partition_key == oldest.partition_key == "2026-09-28"
    daemon.make([again])
    daemon.live(utc("2026-10-19 04:59"))  # a minute before the next one
    assert len(daemon.asked) == 4
    daemon.live(utc("2026-10-19 05:00"))
    assert daemon.asked[4:] == [("weekly_report", "2026-10-12")]


def test_a_new_installation_begins_with_the_newest_period(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    daemon = Daemon(office(tmp_path, ROME), instance)
    now = utc("2026-11-26 10:00")
    assert daemon.tick(now) == []  # nothing is published
    daemon.live(now)
    newest = [("weekly_report", "2026-11-16"), ("monthly_report", "2026-10")]
    assert daemon.asked == newest
    # A backfill of an old week from the UI has no bearing on what lies between.
    daemon.make([dg.RunRequest(job_name="weekly_report", partition_key="2026-03-02")])
    daemon.live(now + MINUTE)
    assert daemon.asked == newest


def fail() -> None:
    raise ValueError


def run_of(
    instance: dg.DagsterInstance, key: str, does: Callable[[], object] = fail, **tags: str
) -> dg.ExecuteInProcessResult:
    """A run of a partition that does something, and ends without its report."""

    @dg.op
    def work() -> None:
        does()

    @dg.job
    def weekly_report() -> None:
        work()

    return weekly_report.execute_in_process(
        instance=instance, tags={PARTITION: key, **tags}, raise_on_error=False
    )


@pytest.mark.parametrize("does", [fail, list])
def test_a_run_that_did_not_make_its_report_is_tried_again_after_a_pause(
    tmp_path: Path, instance: dg.DagsterInstance, does: Callable[[], object]
) -> None:
    daemon = Daemon(office(tmp_path, ROME), instance)
    now = datetime.now(UTC)
    daemon.publish(now)
    (week, month) = daemon.tick(now)
    daemon.make([month])
    run_of(instance, str(week.partition_key), does)
    assert daemon.tick(now + MINUTE) == []
    (again,) = daemon.tick(now + 20 * MINUTE)
    assert again.partition_key == week.partition_key
    assert again.run_key != week.run_key
    daemon.make([again])
    assert daemon.tick(now + 40 * MINUTE) == []


def test_what_is_asked_for_twice_has_one_run_key_and_what_runs_is_not_asked_for(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    daemon = Daemon(office(tmp_path, ROME), instance)
    now = datetime.now(UTC)
    daemon.publish(now)
    first = daemon.tick(now)
    daemon.cursor = None  # the daemon was stopped before it could keep its place
    assert [each.run_key for each in daemon.tick(now)] == [each.run_key for each in first]
    week, month = first
    daemon.make([month])
    seen = []

    def look() -> None:
        seen.append(daemon.tick(now + MINUTE))
        # Killed with its machine, it would look as if it ran, for ever.
        seen.append(daemon.tick(now + 7 * HOUR))

    assert run_of(instance, str(week.partition_key), look).success
    assert [len(requests) for requests in seen] == [0, 1]


def test_accounts_that_share_a_dagster_do_not_take_each_others_reports_for_theirs(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    now = datetime.now(UTC)
    acme = Daemon(office(tmp_path / "acme", ROME, id="acme"), instance)
    other = Daemon(office(tmp_path / "other", ROME, id="other"), instance)
    acme.live(now)
    other.publish(now)
    requests = other.tick(now)
    assert len(requests) == 2
    key = str(requests[0].partition_key)
    run_of(instance, key, fail, **{ACCOUNT_TAG: "acme"})
    assert len(other.tick(now)) == 2
    run_of(instance, key, fail, **{ACCOUNT_TAG: "other"})
    assert len(other.tick(now)) == 1


def test_a_fixed_instant_is_the_clock_and_what_is_not_judged_is_not_reported(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    place = office(tmp_path, ROME)
    fixed = utc("2026-06-03 12:00")
    place = replace(place, config=place.config.model_copy(update={"as_of": fixed}))
    daemon = Daemon(place, instance)
    daemon.publish(fixed)
    history = place.history
    with history.run("1", "sync"), history.step("1", "transform", "all", "sync") as told:
        told.rows = 7
    assert daemon.tick(utc("2026-11-26 10:00")) == []
    with history.run("2", "sync"):
        with history.step("2", "transform", "all", "sync") as told:
            told.rows = 7
        with history.step("2", "check", "marts", "sync"):
            pass
    daemon.tick(utc("2026-11-26 10:00"))
    assert daemon.asked == [("weekly_report", "2026-05-25"), ("monthly_report", "2026-05")]


def test_the_sensor_asks_for_jobs_that_are_there_and_for_partitions_that_they_have(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = office(tmp_path, ROME)
    Daemon(place, instance).publish(datetime.now(UTC))
    monkeypatch.setattr(schedules, "workplace", lambda: place)
    definitions = dg.Definitions(
        assets=[report_asset(place, calendar) for calendar in calendars(place.config)],
        jobs=[schedules.weekly_job, schedules.monthly_job],
        sensors=[schedules.reports],
        resources={"progress": reporting(place)},
    )
    context = dg.build_sensor_context(
        instance=instance, repository_def=definitions.get_repository_def()
    )
    found = schedules.reports.evaluate_tick(context)
    jobs = [each.job_name for each in found.run_requests or ()]
    assert jobs == ["weekly_report", "monthly_report"]
    for each in found.run_requests or ():
        partitions = definitions.resolve_job_def(str(each.job_name)).partitions_def
        assert partitions is not None and partitions.has_partition_key(str(each.partition_key))
