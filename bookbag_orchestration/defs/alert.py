"""Alert: breaches of the KPI contracts, late sources and failing steps become incidents, and those
who own the answer are told.

Each has an owner and a cure. Figures that were built and have not passed their check open and close
none, so that what is half-built is not told.
"""

from datetime import UTC, datetime
from time import monotonic

import dagster as dg

from bookbag_orchestration.alerting import bring_up_to_date
from bookbag_orchestration.freshness import mart_policy
from bookbag_orchestration.resources import READ, Progress, Workplace, workplace
from bookbag_orchestration.steps import recorded
from bookbag_orchestration.telling import send

# A sensor has a minute; one receiver that does not answer takes a quarter of it.
SENDING_S = 30.0


def alerts_asset(place: Workplace) -> dg.AssetsDefinition:
    """The incidents, beside the marts that they come from."""

    @dg.asset(
        key=["marts", "alerts"],
        group_name="alert",
        deps=[["marts", table] for table in READ],
        description="Incidents: one row from breach to recovery, with owner and response protocol.",
        kinds={"duckdb"},
        freshness_policy=mart_policy(),
        pool=place.pool,
    )
    @recorded(place, "alert")
    def alerts(progress: dg.ResourceParam[Progress]) -> dg.MaterializeResult[None]:
        started = monotonic()
        incidents = bring_up_to_date(place, datetime.now(UTC))
        if incidents is None:
            progress.line("alert", "nothing is built yet", monotonic() - started)
            return dg.MaterializeResult(metadata={"open": 0, "new": 0})
        said = f"{incidents.open} open, {incidents.new} new"
        progress.line("alert", said, monotonic() - started)
        return dg.MaterializeResult(metadata={"open": incidents.open, "new": incidents.new})

    return alerts


@dg.sensor(
    name="telling",
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends what the runs have put into the outbox, and tries again what has failed.",
)
def telling() -> dg.SkipReason:
    sent = send(workplace(), SENDING_S)
    return dg.SkipReason(f"{sent.arrived} messages arrived, {sent.failed} did not")


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(assets=[alerts_asset(workplace())], sensors=[telling])
