"""The timetable on one screen, in the account's time zone, and the sensors that watch between runs.

sync        reads the sources, stays until its next tick, and follows what they bring
hourly      makes everything of it, with every check; what only whole builds make is an hour old
whole       has it made at once where there is nothing to follow yet
watch       has a sync go on that has given way to another run
daily       the same when the day is over
reports     each week and each month, once, when its day and hour of [reports] have come
freshness   a source that is late or fails, or is so no more: incidents are brought up to date
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from bookbag_orchestration.report_requests import JOB, requested
from bookbag_orchestration.resources import Workplace, workplace
from bookbag_orchestration.sections import ApiSource

SYNC = "sync"
# The tag by which Dagster says whose run it is: each account is a location of its own.
CODE_LOCATION = "dagster/code_location"
# A first load may take hours; `hourly` goes on with it then.
AGAIN = timedelta(minutes=30)
hourly_job, daily_job = (
    dg.define_asset_job(
        name,
        selection=dg.AssetSelection.all() - dg.AssetSelection.groups("report"),
        description="Ingest, transform, check, alert, publish: everything, from end to end.",
    )
    for name in ("hourly", "daily")
)
weekly_job, monthly_job = (
    dg.define_asset_job(
        JOB.format(name),
        selection=dg.AssetSelection.assets(["reports", f"{name}_summary"]),
        description=f"One {name} summary with its scorecard.",
    )
    for name in ("weekly", "monthly")
)
alert_job = dg.define_asset_job(
    "alerts",
    selection=dg.AssetSelection.groups("alert", "publish"),
    description="Incidents brought up to date and published.",
)


def schedules(place: Workplace) -> list[dg.ScheduleDefinition]:
    config, running = place.config, dg.DefaultScheduleStatus.RUNNING
    times = [
        (SYNC, config.schedules.sync),
        (hourly_job.name, config.schedules.hourly),
        (daily_job.name, config.schedules.daily),
    ]
    return [
        dg.ScheduleDefinition(
            job_name=job,
            cron_schedule=cron,
            execution_timezone=config.account.timezone,
            default_status=running,
        )
        for job, cron in times
    ]


@dg.sensor(
    job=hourly_job,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Has everything made where nothing is, where it was by another bookbag, or where a"
    " build did not end well.",
)
def whole(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    place, now = workplace(), datetime.now(UTC)
    if place.published_inputs() is not None and not place.has_other_models():
        yield dg.SkipReason("there is something to follow")
    elif place.history.at_work():
        yield dg.SkipReason("a run is at work")
    elif context.cursor and now < datetime.fromisoformat(context.cursor) + AGAIN:
        yield dg.SkipReason(f"asked for at {context.cursor}")
    else:
        context.update_cursor(now.isoformat(timespec="seconds"))
        yield dg.RunRequest(run_key=f"whole@{now:%Y-%m-%dT%H:%M:%S}")


@dg.sensor(
    job_name=SYNC,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Has the watch go on when the run that it has given way to is over.",
)
def watch(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    sources = workplace().config.sources
    newest = newest_run(context)
    if not any(isinstance(source, ApiSource) for source in sources):
        yield dg.SkipReason("there is no source to be asked again")
    elif newest is None or newest.job_name == SYNC or not newest.is_finished:
        yield dg.SkipReason("a run is at work, or the watch came to its own end")
    else:
        yield dg.RunRequest(run_key=f"after {newest.run_id}")


def newest_run(context: dg.SensorEvaluationContext) -> dg.DagsterRun | None:
    """The run of this account that was asked for last."""
    origin = context.code_location_origin
    tags = {CODE_LOCATION: origin.location_name} if origin else {}
    found = context.instance.get_runs(dg.RunsFilter(tags=tags), limit=1)
    return found[0] if found else None


@dg.sensor(
    jobs=[weekly_job, monthly_job],
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for each report that is due and not made: once, whatever was missed.",
)
def reports(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    return requested(workplace(), context.instance, context.cursor, datetime.now(UTC))


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


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(
        jobs=[hourly_job, daily_job, weekly_job, monthly_job, alert_job],
        schedules=schedules(workplace()),
        sensors=[whole, watch, reports, freshness],
    )
