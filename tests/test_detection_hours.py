"""Hours of the marts: what is out of line is an incident within the hour, and over when it is."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from expectations.anomalies.detection import detect
from expectations.anomalies.grains import HOUR
from tests.anomaly_support import BEGIN, Figures, Marts, on

HOURS = 60 * 24
CLOCK = np.array([4] * 7 + [20, 40, 60, 70, 70, 60, 55, 60, 60, 50, 40, 30, 20, 15] + [8] * 3)
# Wednesday of the last week, 14:00.
SPIKE = 58 * 24 + 14


def busy(share: float = 1.0, seed: int = 1) -> Figures:
    """Tickets an hour of a shop that sleeps at night."""
    means = share * CLOCK[np.arange(HOURS) % 24]
    return np.random.default_rng(seed).poisson(means).astype(float)


@pytest.fixture
def marts() -> Marts:
    """One hour with twice the tickets, by chat."""
    marts = Marts()
    mail, chat = busy(0.5, 1), busy(0.5, 2)
    chat[SPIKE] += 60
    for name, tickets in (("email", mail), ("chat", chat)):
        marts.add("tickets_created", tickets, slice={"channel": name}, grain=HOUR)
    marts.add("tickets_created", mail + chat, grain=HOUR)
    return marts


def hour(place: int) -> datetime:
    return on(0) + timedelta(hours=place)


def test_an_hour_that_is_out_of_line_is_told_when_it_is_over(marts: Marts) -> None:
    marts.judge_hour(SPIKE - 1)
    assert marts.alerts("kpi") == []
    marts.judge_hour(SPIKE)
    told = "grain, rule, first_bucket, bucket, severity, opened_at"
    ((grain, rule, first, newest, severity, opened_at),) = marts.alerts(told)
    assert (grain, rule, first, newest) == ("hour", "anomaly", hour(SPIKE), hour(SPIKE))
    assert severity in ("warn", "high")
    assert opened_at.replace(tzinfo=None) == hour(SPIKE + 1)
    ((drill_down,),) = marts.alerts("drill_down")
    assert '"segment": "chat"' in drill_down
    marts.judge_hour(SPIKE + 14)
    ((state, recovered_at),) = marts.alerts("state, recovered_at")
    assert state == "recovered"
    assert hour(SPIKE + 2) < recovered_at.replace(tzinfo=None) <= hour(SPIKE + 14)


def test_an_hour_is_judged_the_same_whenever_it_is(marts: Marts) -> None:
    """A run each hour, one run at the end, and that run again."""
    for place in range(SPIKE - 3, SPIKE + 5):
        marts.judge_hour(place, again=False)
    columns = "alert_id, grain, rule, state, first_bucket, bucket, value, lower, upper, score"
    by_hour = marts.alerts(columns)
    assert len(by_hour) == 1
    marts.judge_hour(SPIKE + 4)
    assert marts.alerts(columns) == by_hour
    marts.connection.execute(
        "delete from marts.alerts; delete from raw_bookbag.anomaly_memory;"
        "delete from raw_bookbag.anomaly_judged"
    )
    marts.judge_hour(SPIKE + 4)
    assert marts.alerts(columns) == by_hour


def test_a_feed_that_stops_by_day_is_dead_within_hours_and_one_at_night_is_not() -> None:
    marts = Marts()
    tickets = busy()
    tickets[SPIKE:] = 0
    marts.add("tickets_created", tickets, grain=HOUR)
    marts.judge_hour(SPIKE + 2)
    assert marts.alerts("rule, severity") == [("dead_feed", "critical")]


def test_thin_series_and_hours_that_are_kept_for_days_are_not_watched() -> None:
    """A ticket every two hours; and a backlog of which there are two weeks."""
    marts = Marts()
    thin = np.zeros(HOURS)
    thin[::2] = 1
    thin[SPIKE] = 40
    marts.add("tickets_created", thin, grain=HOUR)
    backlog = np.full(HOURS, 50.0)
    backlog[SPIKE] = 500
    young = np.arange(HOURS) < HOURS - 14 * 24
    marts.add("backlog", backlog, grain=HOUR, attribution="as_of", skip=young)
    marts.judge_hour(SPIKE)
    assert marts.alerts("kpi") == []


def test_days_and_hours_are_judged_side_by_side(marts: Marts) -> None:
    days = np.array([CLOCK.sum()] * 60, float)
    days[55] *= 2
    marts.add("tickets_created", days)
    marts.judge_hour(SPIKE)
    found = {(grain, first.date()) for grain, first in marts.alerts("grain, first_bucket")}
    wanted = {("day", BEGIN + timedelta(55)), ("hour", BEGIN + timedelta(58))}
    assert found == wanted
    judged = marts.connection.execute("select grain from raw_bookbag.anomaly_judged order by 1")
    assert judged.fetchall() == [("day",), ("hour",)]


def test_a_thin_feed_that_dies_stays_dead_while_it_is() -> None:
    """A little more than a ticket an hour: after two dead days it would be too thin to begin."""
    quiet, dies = Marts(), 56 * 24
    tickets = np.random.default_rng(7).poisson(1.03, HOURS).astype(float)
    tickets[dies:] = 0
    quiet.add("tickets_created", tickets, grain=HOUR, slice={"channel": "sms"})
    quiet.add("tickets_created", tickets + busy(), grain=HOUR)
    for hours in (20, 60):
        quiet.judge_hour(dies + hours)
        assert quiet.alerts("channel, rule, state") == [("sms", "dead_feed", "open")]


def test_a_change_of_the_clock_is_no_incident() -> None:
    """In Berlin the hour from 2 of March 29 is skipped, and that of October 25 doubled."""
    for clock_change, tickets in (
        (datetime(2026, 3, 29, 2), 0.0),
        (datetime(2026, 10, 25, 2), 80.0),
    ):
        marts = Marts()
        first = clock_change - timedelta(days=50)
        flat = np.random.default_rng(2).poisson(40, 51 * 24).astype(float)
        at = int((clock_change - first) / HOUR.step)
        flat[at] = tickets
        skip = (np.arange(len(flat)) == at) if not tickets else None
        marts.add("tickets_created", flat, grain=HOUR, skip=skip)
        marts.connection.execute(
            "update marts.kpi_values set period_start = period_start + ?", [first - on(0)]
        )
        marts.judge_hour(int((first - on(0)) / HOUR.step) + at + 3)
        found = marts.alerts("first_bucket")
        marts.connection.execute("update marts.account set timezone = 'Europe/Berlin'")
        marts.connection.execute(
            "delete from marts.alerts; delete from raw_bookbag.anomaly_memory;"
            "delete from raw_bookbag.anomaly_judged"
        )
        detect(marts.connection, clock_change)
        assert (found, marts.alerts("first_bucket")) == ([(clock_change,)], [])
