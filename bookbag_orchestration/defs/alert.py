"""Alert: breaches of the KPI contracts and quiet sources become incidents with an owner."""

from datetime import UTC, datetime
from time import monotonic

import dagster as dg

from bookbag_orchestration.resources import FRESHNESS_ALLOWANCE, WAREHOUSE_POOL, Progress, workplace
from expectations.anomalies.incidents import update_incidents


@dg.asset(
    key=["marts", "alerts"],
    group_name="alert",
    deps=[["marts", "kpi_values"], ["marts", "kpi_status"], ["marts", "kpi_catalog"],
          ["marts", "source_freshness"], ["marts", "account"]],
    description="Incidents: one row from breach to recovery, with owner and response protocol.",
    kinds={"duckdb"},
    pool=WAREHOUSE_POOL,
)  # fmt: skip
def alerts(progress: dg.ResourceParam[Progress]) -> dg.MaterializeResult[None]:
    started = monotonic()
    place, now = workplace(), datetime.now(UTC)
    with place.connect() as connection:
        late = place.late_sources(connection, now)
        incidents = update_incidents(connection, now, late, FRESHNESS_ALLOWANCE)
    progress.line("alert", f"{incidents.open} open, {incidents.new} new", monotonic() - started)
    return dg.MaterializeResult(metadata={"open": incidents.open, "new": incidents.new})
