"""Failures: each failed run is told once, with the cure, and its rest is made where it can be.

The incident itself is made by the alert step, from the history of the runs: one from the first
failure of a step until it ends well, however many runs fail in between.
"""

from datetime import UTC, datetime

import dagster as dg

from bookbag_orchestration.failure import goes_on, rest
from bookbag_orchestration.history import PASS
from bookbag_orchestration.pipeline_runs import published
from bookbag_orchestration.resources import Workplace, workplace
from bookbag_orchestration.steps import job_of

rest_job = dg.define_asset_job(
    "rest_of_failed",
    selection=rest(),
    description="What follows the sources, when a run has failed because of one of them.",
)
tell_job = dg.define_asset_job(
    "failure_told",
    selection=dg.AssetSelection.groups("alert", "publish"),
    description="The incident of a failed run, published beside the figures as they were.",
)
# They follow a failure; theirs starts nothing. A watch has followed what the others brought.
FOLLOWING = (rest_job.name, tell_job.name)
WATCH = "sync"


def following(place: Workplace, run_id: str, job: str) -> list[str]:
    """The jobs that a failed run asks for, in this order."""
    if job in FOLLOWING:
        return []
    jobs = [rest_job.name] if job != WATCH and goes_on(place, run_id) else []
    # The passes of a watch are runs of their own.
    if any(
        fault.first_run == run_id or fault.first_run.startswith(f"{run_id}{PASS}")
        for fault in place.faults()
    ):
        jobs.append(tell_job.name)
    return jobs


@dg.run_failure_sensor(
    name="failures",
    request_jobs=[rest_job, tell_job],
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells each failed run once, and has what does not hang on the failure go on.",
)
def failures(context: dg.RunFailureSensorContext) -> dg.SensorResult:
    place, run = workplace(), context.dagster_run
    place.history.close_killed()
    stats = context.instance.get_run_stats(run.run_id)
    begun = datetime.fromtimestamp(stats.start_time or stats.launch_time or 0, UTC)
    place.history.missed(run.run_id, job_of(run), begun, context.failure_event.message or "")
    said = published(place.history.error_of(run.run_id)) or "it was stopped before a step could say"
    jobs = following(place, run.run_id, run.job_name)
    context.log.error(f"{run.job_name} failed: {said} Next: {', '.join(jobs) or 'nothing'}.")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(f"{run.run_id} {job}", job_name=job) for job in jobs]
    )


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(jobs=[rest_job, tell_job], sensors=[failures])
