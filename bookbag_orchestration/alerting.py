"""The incidents as they are now: what the marts, the syncs and the history of the runs say.

Figures that were built and have not passed their check open and close none, so that what is
half-built is not told.
"""

from datetime import datetime

from bookbag_orchestration.pipeline_runs import published
from bookbag_orchestration.resources import Workplace
from expectations.anomalies.incidents import Fault, Incidents, update_incidents


def bring_up_to_date(place: Workplace, now: datetime) -> Incidents | None:
    """The incidents of the warehouse; None where no mart has been built yet."""
    faults = [
        Fault(broken.name, broken.since, published(broken.error) or "") for broken in place.faults()
    ]
    if not place.is_built():
        return None
    with place.connect() as connection:
        return update_incidents(
            connection,
            now,
            place.late_sources(now),
            place.allowances(),
            faults,
            is_judged=place.history.is_judged(),
        )
