"""Sync: at each tick every source is read, then those with an API until the next tick, and what
they bring is followed at once to the copy that people read.

The other jobs make everything, as assets with their checks. This one says of the same assets what
it has made of them: the tables that got rows, the queue, the figures, the copy.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic

import dagster as dg

from bookbag_orchestration.account import write_account
from bookbag_orchestration.borders import Border
from bookbag_orchestration.freshness import next_tick
from bookbag_orchestration.live_pass import Followed, LivePasses
from bookbag_orchestration.resources import Workplace, workplace
from bookbag_orchestration.samples import shown
from bookbag_orchestration.sections import AnySource
from bookbag_orchestration.steps import BEHIND, job_of
from bookbag_orchestration.watch import Watch
from expectations.suites import Failure
from ingestion import TABLES
from ingestion.pipeline import Loaded

JOB = "sync"
# The next one has to be at work when its tick comes, not to wait for this one's end.
MARGIN = timedelta(seconds=2)
LOOK_S = 2.0
# What a pass makes anew that people know by name.
FOLLOWED = (["marts", "live_queue"], ["marts", "kpi_values"], ["marts", "alerts"])


class Length(dg.Config):
    """How long to stay; without it, until the next tick of [schedules] sync."""

    minutes: float | None = None


def sync_job(place: Workplace) -> dg.JobDefinition:
    """One op that stays: a watch."""

    @dg.op(
        name="watch",
        pool=place.pool,
        description="Asks the sources until the next tick, and follows what they bring.",
    )
    def watch(context: dg.OpExecutionContext, config: Length) -> None:
        if place.published_inputs() is None:
            context.log.info("There is nothing to follow yet: `hourly` makes everything first.")
            return
        told: set[str] = set()
        held: set[str] = set()

        def brought(source: AnySource, loaded: Loaded) -> None:
            for table in TABLES[source.kind]:
                # The first time for all: it is known now how they stand.
                if (rows := loaded.rows.get(table, 0)) or source.name not in told:
                    context.log_event(
                        dg.AssetMaterialization(
                            [f"raw_{source.name}", table],
                            metadata={"new_rows": rows, BEHIND: loaded.is_behind},
                        )
                    )
            told.add(source.name)

        def followed(pass_: Followed) -> None:
            latency = pass_.latency
            context.log.info(
                f"{pass_.models} models followed; {latency.events} events, half of them seen"
                f" within {latency.median_s or 0:.0f} s, 95 % within {latency.p95_s or 0:.0f} s"
            )
            for key in FOLLOWED:
                context.log_event(dg.AssetMaterialization(key))
            context.log_event(
                dg.AssetMaterialization(
                    ["published", "bookbag"],
                    metadata={
                        "tables": len(pass_.published.rows),
                        "rows": sum(pass_.published.rows.values()),
                        "events": latency.events,
                        "latency_median_s": latency.median_s,
                        "latency_p95_s": latency.p95_s,
                    },
                )
            )

        def checked(border: Border, found: Sequence[Failure]) -> None:
            # Dagster keeps what belongs to no run for ever: what holds is told once a watch.
            if not found and border.told in held:
                return
            if found:
                held.discard(border.told)
            else:
                held.add(border.told)
            context.instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(
                    asset_key=dg.AssetKey(list(border.tables[0])),
                    check_name=border.name,
                    passed=not found,
                    metadata={
                        "failures": "\n".join(f"- {failure}" for failure in found) or "none",
                        "sample": shown([row for failure in found for row in failure.sample]),
                    },
                )
            )

        job, is_over = job_of(context.run), _until(context, config, place)
        with place.history.run(context.run_id, job):
            with place.alone(say=context.log.info), place.connect() as connection:
                write_account(connection, place.config)
            passes = LivePasses(place, context.run_id, job, checked)
            Watch(place, passes, is_over, brought, followed).run()

    @dg.job(name=JOB, description="Reads the sources and follows what they bring, until the next.")
    def sync() -> None:
        watch()

    return sync


def _until(context: dg.OpExecutionContext, config: Length, place: Workplace) -> Callable[[], bool]:
    """Whether the watch is over: its time has come, or another run of this account waits."""
    now = datetime.now(UTC)
    if config.minutes is not None:
        ends_at = now + timedelta(minutes=config.minutes)
    else:
        ends_at = next_tick(place.config.schedules.sync, place.config.account.timezone, now)
    waiting = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.QUEUED],
        tags={
            name: value
            for name, value in context.run.tags.items()
            if name == "dagster/code_location"
        },
    )
    seen_at = monotonic()

    def is_over() -> bool:
        nonlocal seen_at
        if datetime.now(UTC) >= ends_at - MARGIN:
            return True
        if monotonic() - seen_at < LOOK_S:
            return False
        seen_at = monotonic()
        return bool(context.instance.get_runs_count(waiting))

    return is_over


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(jobs=[sync_job(workplace())])
