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
    add_backlog(marts)
    judge_with_two_weeks(marts, SPIKE)
    assert marts.alerts("kpi") == []


def add_backlog(marts: Marts) -> None:
    """About 50 that wait, and 500 for an hour."""
    backlog = np.random.default_rng(5).poisson(50.0, HOURS).astype(float)
    backlog[SPIKE] = 500
    marts.add("backlog", backlog, grain=HOUR, attribution="as_of")


def judge_with_two_weeks(marts: Marts, place: int) -> None:
    """As the marts are: of what stands they have the hours of two weeks."""
    marts.connection.execute(
        "delete from marts.kpi_values where kpi = 'backlog' and period_start < ?",
        [hour(place + 1 - 14 * 24)],
    )
    marts.judge_hour(place)


def test_hours_of_the_backlog_are_learned_from_run_to_run() -> None:
    marts = Marts()
    add_backlog(marts)
    for place in (*range(20 * 24, SPIKE, 3 * 24), SPIKE - 1):
        judge_with_two_weeks(marts, place)
    assert marts.alerts("kpi") == []
    judge_with_two_weeks(marts, SPIKE)
    told = marts.alerts("kpi, grain, rule, first_bucket, value")
    assert told == [("backlog", "hour", "anomaly", hour(SPIKE), 500.0)]
    marts.connection.execute("delete from marts.alerts where kpi = 'backlog'")
    kept = marts.connection.execute(
        "select count(*), count(distinct period_start), min(period_start)"
        " from raw_bookbag.anomaly_hours"
    ).fetchone()
    # From two weeks before the first run on, an hour each.
    assert kept == (hours := SPIKE - (20 * 24 - 14 * 24), hours, hour(20 * 24 - 14 * 24 + 1))


def test_hours_of_what_stands_do_not_add_up() -> None:
    """Half as much again for twelve hours: of tickets that come it is many, of tickets that wait it
    is the same ones, seen twelve times.
    """
    marts = Marts()
    level = np.random.default_rng(6).poisson(50.0, HOURS).astype(float)
    level[SPIKE - 11 : SPIKE + 1] = 70
    marts.add("tickets_created", level, grain=HOUR)
    marts.add("backlog", level, grain=HOUR, attribution="as_of")
    marts.judge_hour(SPIKE)
    ((kpi, rule),) = marts.alerts("kpi, rule")
    assert kpi == "tickets_created" and rule in ("anomaly_3h", "anomaly_6h", "anomaly_12h")


def test_hours_that_no_run_has_seen_are_not_taken_for_an_empty_backlog() -> None:
    """bookbag stood still for three weeks: what it knew before is too long ago."""
    marts = Marts()
    add_backlog(marts)
    judge_with_two_weeks(marts, 20 * 24)
    judge_with_two_weeks(marts, SPIKE - 14)
    judge_with_two_weeks(marts, SPIKE)
    assert marts.alerts("kpi") == []
    (first,) = marts.connection.execute(
        "select min(period_start) from raw_bookbag.anomaly_hours"
    ).fetchone() or (None,)
    assert first == hour(SPIKE - 14 + 1 - 14 * 24)


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
