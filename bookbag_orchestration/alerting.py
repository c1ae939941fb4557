"""The incidents as they are now: what the marts, the syncs and the history of the runs say.

Figures that were built and have not passed their check open and close none, so that what is
half-built is not told.
"""

from datetime import datetime

from bookbag_orchestration.pipeline_runs import published
from bookbag_orchestration.resources import Workplace
from expectations.anomalies.incidents import Fault, Incidents, count_incidents, update_incidents


def bring_up_to_date(place: Workplace, now: datetime, *, is_live: bool = False) -> Incidents | None:
    """The incidents of the warehouse; None where no mart has been built yet. What `is_live` looks
    for anomalies only when a day has ended.
    """
    faults = [
        Fault(broken.name, broken.since, published(broken.error) or "") for broken in place.faults()
    ]
    if not place.is_built():
        return None
    is_judged = place.history.is_judged()
    with place.connect() as connection:
        late, allowances = place.late_sources(now), place.allowances()
        update_incidents(connection, now, late, allowances, faults, is_judged=is_judged)
        if is_judged:
            # Not before it is needed: numpy and scipy take a second to load.
            from expectations.anomalies.detection import detect

            detect(connection, now, again=not is_live)
        return count_incidents(connection, now)
