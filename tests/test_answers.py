"""What people say of incidents stays said, whatever the next run finds."""

import csv
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from expectations.anomalies.answers import UnknownAlertError, answer, wake
from expectations.anomalies.incidents import LEARNED_RULES
from tests.anomaly_support import Marts, drawn, of_categories, on
from tests.support import bookbag, call, landed, published

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def marts() -> Marts:
    """A shop with 90 more parcels than usual on three days, of which the second has just ended."""
    marts = Marts()
    of_categories(marts, {"parcel": (100, 90)})
    marts.connection.execute(
        "update marts.kpi_values set value = value + 90"
        " where category in ('all', 'parcel') and period_start in (?, ?)",
        [on(101), on(102)],
    )
    marts.judge(101)
    return marts


def say(marts: Marts, said: str, until: date | None = None) -> str:
    ((alert_id,),) = marts.alerts("alert_id")
    answer(marts.connection, alert_id, said, NOW, until, LEARNED_RULES)
    return str(alert_id)


def test_who_is_at_it_stays_so_until_it_is_over(marts: Marts) -> None:
    say(marts, "ack")
    marts.judge(102)
    assert marts.alerts("state, recovered_at is null") == [("acknowledged", True)]
    marts.judge(106)
    assert marts.alerts("state, recovered_at is null") == [("recovered", False)]


def test_a_snoozed_one_is_open_again_on_its_day(marts: Marts) -> None:
    say(marts, "snooze", date(2026, 4, 20))
    wake(marts.connection, date(2026, 4, 19))
    assert marts.alerts("state") == [("snoozed",)]
    wake(marts.connection, date(2026, 4, 20))
    assert marts.alerts("state") == [("open",)]


def test_what_was_no_incident_stays_none(marts: Marts) -> None:
    say(marts, "wrong")
    assert marts.judge(102).open == 0
    assert marts.alerts("state") == [("wrong",)]
    marts.judge(106)
    assert marts.alerts("state, recovered_at is null") == [("wrong", False)]


def test_the_expected_is_a_day_of_the_calendar(marts: Marts) -> None:
    """It is kept, told by nobody, and one incident still."""
    alert_id = say(marts, "expected")
    assert marts.judge(102).open == 0
    told = marts.alerts("category, alert_id, is_suppressed, context")
    ((_, found, is_suppressed, context),) = [row for row in told if row[0] == "all"]
    assert (found, is_suppressed) == (alert_id, True)
    assert alert_id in context


def test_a_second_answer_takes_the_place_of_the_first(marts: Marts) -> None:
    say(marts, "expected")
    say(marts, "ack")
    marts.judge(102)
    assert marts.alerts("state, is_suppressed") == [("acknowledged", False)]


def test_nobody_answers_what_was_not_asked(marts: Marts) -> None:
    with pytest.raises(UnknownAlertError, match="no incident 'x'"):
        answer(marts.connection, "x", "ack", NOW)


def test_the_command_keeps_an_answer_and_publishes_it(golden: Path, home: Path) -> None:
    (good, one), (bad, two), *_ = landed(
        home, "select kpi, min(alert_id) from marts.alerts where state = 'open' group by kpi"
    )
    assert "is acknowledged" in bookbag("alerts", "ack", one, "--home", home)
    assert "is wrong" in bookbag("alerts", "wrong", two, "--home", home)
    said = f"select state, answer from marts.alerts where alert_id in ('{one}', '{two}') order by 1"
    wanted = [("acknowledged", "ack"), ("wrong", "wrong")]
    assert landed(home, said) == published(home, said) == wanted
    told = bookbag("alerts", "precision", "--format", "csv", "--home", home).splitlines()[1:]
    assert list(csv.reader(told)) == [
        [bad, "0", "0", "1", "0", "0.0"], [good, "0", "1", "0", "0", "1.0"],
    ]  # fmt: skip
    called = call("alerts", "wrong", "nothing", "--home", home)
    assert called.code == 2
    assert "no incident 'nothing'" in called.err


@pytest.fixture
def home(golden: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(golden, tmp_path / "home"))


def test_what_is_expected_of_a_team_is_not_of_another() -> None:
    marts = Marts()
    for seed, team in enumerate(("care", "returns")):
        tickets = drawn(40, seed)
        tickets[100 + 2 * seed] += 80
        marts.add("tickets_created", tickets, slice={"team": team})
    marts.judge(100)
    say(marts, "expected")
    marts.judge(102)
    found = marts.connection.execute(
        "select team, is_suppressed from marts.alerts order by team"
    ).fetchall()
    assert found == [("care", True), ("returns", False)]
