"""What people say of incidents: seen, not now, expected, wrong.
 An answer stays when the next run finds the same again. What is expected is a day of the calendar
from then on: it is kept and not told, and teaches nothing of normal days.
"""

from datetime import date, datetime
from typing import Final

import duckdb

STATES: Final = {
    "ack": "acknowledged",
    "snooze": "snoozed",
    "expected": "expected",
    "wrong": "wrong",
}
# Of these nobody wants to hear again.
SETTLED: Final = ("expected", "wrong")

ANSWERS: Final = "alert_id varchar, answer varchar, until date, answered_at timestamptz"
EVENTS: Final = (
    "alert_id varchar, name varchar, kind varchar, starts_on date, ends_on date,"
    " expected_direction varchar, kpi varchar, channel varchar, category varchar,"
    " handling varchar, team varchar"
)

_EXPECTED = """
insert into raw_bookbag.told_events
select
    alert_id, 'said of ' || alert_id, 'promo', cast(coalesce(first_bucket, bucket) as date),
    cast(bucket as date), case when score < 0 then 'down' else 'up' end,
    kpi, nullif(channel, 'all'), nullif(category, 'all'), nullif(handling, 'all'),
    nullif(team, 'all')
from marts.alerts
where alert_id = ? and rule in {rules}"""

_AWAKE = f"""
update marts.alerts as alerts
set state = 'open'
where alerts.state = '{STATES["snooze"]}'
    and not exists (
        select 1 from raw_bookbag.alert_answers as answers
        where answers.alert_id = alerts.alert_id and answers.until > ?
    )"""


class UnknownAlertError(Exception):
    """No incident has this id; the message says where ids are told."""


def answer(
    connection: duckdb.DuckDBPyConnection,
    alert_id: str,
    said: str,
    now: datetime,
    until: date | None = None,
    learned: tuple[str, ...] = (),
) -> None:
    """Keeps an answer: ack, snooze (`until` a day), expected or wrong. `learned` are the rules of
    the detector, for which the expected becomes a day of the calendar. Raises UnknownAlertError.
    """
    found = connection.execute(
        "select count(*) from marts.alerts where alert_id = ?", [alert_id]
    ).fetchone()
    if not found or not found[0]:
        raise UnknownAlertError(
            f"There is no incident {alert_id!r}. `bookbag alerts` tells their ids."
        )
    connection.execute("begin")
    connection.execute("delete from raw_bookbag.alert_answers where alert_id = ?", [alert_id])
    connection.execute("delete from raw_bookbag.told_events where alert_id = ?", [alert_id])
    connection.execute(
        "insert into raw_bookbag.alert_answers values (?, ?, ?, ?)", [alert_id, said, until, now]
    )
    connection.execute(
        "update marts.alerts set state = ?, answer = ?, snoozed_until = ? where alert_id = ?",
        [STATES[said], said, until, alert_id],
    )
    if said == "expected":
        connection.execute(_EXPECTED.format(rules=learned), [alert_id])
    connection.execute("commit")


def wake(connection: duckdb.DuckDBPyConnection, today: date) -> None:
    """Incidents whose day has come are open again."""
    connection.execute(_AWAKE, [today])
