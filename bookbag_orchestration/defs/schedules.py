"""The timetable on one screen, in the account's time zone, and the sensors that watch between runs.

sync        brings in what is new and builds on it; cron of [schedules] sync
daily       the same with every check, when the day is over
weekly      the weekly summary, on its day and hour of [reports]
freshness   a source that is late or fails, or is so no more: incidents are brought up to date
thresholds  a newly published copy: its breaches become incidents within a minute
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from bookbag_orchestration.resources import Workplace, workplace
from bookbag_orchestration.sections import WEEKDAYS

sync_job = dg.define_asset_job(
    "sync",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("report"),
    description="Ingest, transform, check, alert, publish.",
)
daily_job = dg.define_asset_job(
    "daily", selection=dg.AssetSelection.all(), description="The whole chain, once a day."
)
weekly_job = dg.define_asset_job(
    "weekly_report",
    selection=dg.AssetSelection.groups("report"),
    description="The weekly summary and the scorecard.",
)
alert_job = dg.define_asset_job(
    "alerts",
    selection=dg.AssetSelection.groups("alert", "publish"),
    description="Incidents brought up to date and published.",
)


def cron_of(day: str | int, at: str) -> str:
    """`monday` or a day of the month, and HH:MM, as cron."""
    hour, minute = (int(part) for part in at.split(":"))
    if isinstance(day, int):
        return f"{minute} {hour} {day} * *"
    return f"{minute} {hour} * * {(WEEKDAYS.index(day) + 1) % 7}"


def schedules(place: Workplace) -> list[dg.ScheduleDefinition]:
    config, running = place.config, dg.DefaultScheduleStatus.RUNNING
    weekly = config.reports.weekly
    times = [
        (sync_job, config.schedules.sync),
        (daily_job, config.schedules.daily),
        (weekly_job, cron_of(weekly.day, weekly.at)),
    ]
    return [
        dg.ScheduleDefinition(
            job=job,
            cron_schedule=cron,
            execution_timezone=config.account.timezone,
            default_status=running,
        )
        for job, cron in times
    ]


@dg.sensor(
    job=alert_job,
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for incidents to be brought up to date when a source has gone quiet.",
)
def freshness(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    place, now = workplace(), datetime.now(UTC)
    if not place.warehouse.exists():
        yield dg.SkipReason("nothing has been loaded yet")
        return
    late = ",".join(place.late_sources(now))
    found = f"{late};{','.join(fault.name for fault in place.faults())}"
    if found != (context.cursor or ";"):
        # Also when all is well again: where nothing new lands, nobody else would say so.
        context.update_cursor(found)
        yield dg.RunRequest(run_key=f"{found}@{now:%Y-%m-%dT%H:%M}", tags={"late": late})
    elif late:
        yield dg.RunRequest(run_key=f"{late}@{now:%Y-%m-%dT%H}", tags={"late": late})
    else:
        yield dg.SkipReason("every source is fresh")


@dg.sensor(
    job=alert_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for incidents to be brought up to date when new figures are published.",
)
def thresholds(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    manifest = workplace().published / "manifest.json"
    if not manifest.exists():
        yield dg.SkipReason("nothing has been published yet")
        return
    tables = json.loads(manifest.read_text())["tables"]
    figures = tables["marts.kpi_status"]["sha256"]
    if context.cursor == figures:
        yield dg.SkipReason("no new figures")
        return
    context.update_cursor(figures)
    yield dg.RunRequest(run_key=figures)


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(
        jobs=[sync_job, daily_job, weekly_job, alert_job],
        schedules=schedules(workplace()),
        sensors=[freshness, thresholds],
    )
