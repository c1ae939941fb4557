"""The incidents as they are now: what the marts, the syncs and the history of the runs say.

Figures that were built and have not passed their check open and close none, so that what is
half-built is not told.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from bookbag_orchestration.account import keep_tables
from bookbag_orchestration.pipeline_runs import published
from bookbag_orchestration.publishing import refresh
from bookbag_orchestration.resources import LOOK_WAIT_S, Workplace
from bookbag_orchestration.telling import note_told, put
from expectations.anomalies.answers import UnknownAlertError, answer, wake
from expectations.anomalies.incidents import (
    COMPLETE,
    LEARNED_RULES,
    Fault,
    Incidents,
    count_incidents,
    note_changed,
    remember_incidents,
    update_incidents,
)


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
        keep_tables(connection)
        late, allowances = place.late_sources(now), place.allowances()
        remember_incidents(connection)
        update_incidents(connection, now, late, allowances, faults, is_judged=is_judged)
        if is_judged:
            # Not before it is needed: numpy and scipy take a second to load.
            from expectations.anomalies.detection import detect
            from expectations.anomalies.grouping import group_incidents

            country = place.config.account.home_country
            detect(connection, now, again=not is_live, country=country)
            group_incidents(connection)
        wake(connection, now.astimezone(ZoneInfo(place.config.account.timezone)).date())
        note_changed(connection, now)
        note_told(place, connection)
        put(place, connection, now)
        return count_incidents(connection, now)


def say(place: Workplace, alert_id: str, said: str, until: date | None = None) -> None:
    """Keeps what somebody says of an incident, and publishes it. Raises UnknownAlertError, and
    WarehouseBusyError while a run takes too long.
    """
    if not place.is_built():
        raise UnknownAlertError("Nothing has been built yet. `bookbag run` does it.")
    now = datetime.now(UTC)
    with place.alone(LOOK_WAIT_S):
        with place.connect() as connection:
            for added in COMPLETE:
                connection.execute(added)
            answer(connection, alert_id, said, now, until, LEARNED_RULES)
        refresh(place, now)
