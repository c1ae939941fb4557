"""What is told of incidents, to whom, when, and in which words."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from reports.incidents import Incident
from reports.outbox import RETRIES, Outbox
from reports.telling import Times, put_news
from tests.incident_support import incident, over

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIMES = Times(ROME)


class Desk:
    """An outbox, and everything that was put into it; everybody is told by `lead`."""

    def __init__(self, folder: Path, times: Times = TIMES) -> None:
        self.outbox, self.times = Outbox(folder), times
        self.route: Callable[[str], Sequence[str]] = lambda owner: ["lead"]

    def tell(self, *incidents: Incident, at: datetime = NOW) -> list[tuple[str, str, str]]:
        """(event, severity, subjects) of what is new and goes to somebody."""
        before = {each.message_id for each in self.outbox.messages()}
        put_news(self.outbox, incidents, self.route, self.times, at)
        return [
            (each.event, each.severity, " ".join(sorted(each.subjects)))
            for each in self.outbox.messages()
            if each.message_id not in before
        ]

    def send(self, at: datetime = NOW) -> list[str]:
        """What has left: its events."""
        left = [each for each in self.outbox.due(at) if self.outbox.begin(each)]
        for each in left:
            self.outbox.end(each, at)
        return [each.event for each in left]

    def fail(self, at: datetime = NOW) -> None:
        for each in self.outbox.due(at):
            self.outbox.begin(each)
            self.outbox.fail(each, "away", at + RETRIES[0])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_incident_is_told_once(desk: Desk) -> None:
    assert desk.tell(incident()) == [("opened", "warn", "a1")]
    assert desk.tell(incident(), at=NOW + DAY) == []
    assert desk.tell(incident(value=3.9, newest=datetime(2026, 11, 26)), at=NOW + 30 * DAY) == []


def test_one_that_gets_graver_is_told_again_once(desk: Desk) -> None:
    desk.tell(incident())
    desk.send()
    worse = incident(severity="high", score=-6.5)
    assert desk.tell(worse, at=NOW + HOUR) == [("worse", "high", "a1")]
    assert desk.tell(worse, at=NOW + 2 * HOUR) == []
    assert desk.tell(incident(), at=NOW + 3 * HOUR) == [], "it is not told that it is less grave"


@pytest.mark.parametrize(
    "silent",
    [
        incident(is_suppressed=True),
        incident(is_new=False),
        incident(is_recent=False),
        incident(state="acknowledged"),
        incident(state="expected"),
        over(incident()),
    ],
)
def test_what_nobody_has_to_hear_is_not_told(desk: Desk, silent: Incident) -> None:
    assert desk.tell(silent) == []


def test_that_it_is_over_is_told_to_who_was_told_that_it_began(desk: Desk) -> None:
    desk.tell(incident())
    desk.send()
    assert desk.tell(over(incident()), at=NOW + DAY) == [("recovered", "info", "a1")]
    assert desk.tell(over(incident()), at=NOW + 2 * DAY) == []


def test_what_people_have_settled_is_not_told_to_be_over(desk: Desk) -> None:
    desk.tell(incident())
    desk.send()
    settled = replace(over(incident()), state="wrong")
    assert desk.tell(settled, at=NOW + DAY) == []


def test_what_is_over_before_it_has_left_is_told_to_nobody(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Times(ROME, quiet=(time(22), time(7))))
    night = datetime(2026, 11, 26, 1, tzinfo=UTC)
    assert desk.tell(incident(), at=night) == [("opened", "warn", "a1")]
    assert desk.tell(over(incident()), at=night + HOUR) == []
    assert desk.send(NOW) == []


def test_incidents_of_one_event_are_one_message(desk: Desk) -> None:
    pair = [incident("a1"), incident("a2", group_id="a1", kpi="backlog", severity="high")]
    assert desk.tell(*pair) == [("opened", "high", "a1 a2")]
    desk.send()
    third = incident("a3", group_id="a1", kpi="handle_time")
    assert desk.tell(*pair, third, at=NOW + HOUR) == [], "it is no graver than what was told"
    assert desk.tell(*pair, third, at=NOW + 3 * DAY) == [], "and what was told still stands"
    graver = [replace(each, severity="critical") for each in (*pair, third)]
    assert desk.tell(*graver, at=NOW + 3 * DAY) == [("worse", "critical", "a1 a2 a3")]


def test_what_joined_is_told_when_it_is_left_alone(desk: Desk) -> None:
    first, joined = incident("a1"), incident("a2", group_id="a1", kpi="backlog")
    desk.tell(first)
    desk.send()
    assert desk.tell(first, joined, at=NOW + HOUR) == []
    assert desk.tell(over(first), joined, at=NOW + DAY) == [("recovered", "info", "a1")]
    late = replace(joined, is_new=False)
    assert desk.tell(over(first), late, at=NOW + 3 * DAY) == [("opened", "warn", "a2")]


def test_each_of_an_event_is_as_grave_as_it_is(desk: Desk) -> None:
    """A warning told with a critical one is told when it turns critical itself."""
    pair = [incident("a1", severity="critical"), incident("a2", group_id="a1", kpi="backlog")]
    desk.tell(*pair)
    desk.send()
    worse = replace(pair[1], severity="critical")
    later = [over(pair[0]), worse]
    assert desk.tell(*later, at=NOW + 3 * DAY) == [("worse", "critical", "a2")]


def test_an_event_is_over_when_what_is_left_of_it_is_settled(desk: Desk) -> None:
    pair = [incident("a1"), incident("a2", group_id="a1", kpi="backlog")]
    desk.tell(*pair)
    desk.send()
    wrong = replace(pair[0], state="wrong")
    assert desk.tell(wrong, over(pair[1]), at=NOW + DAY) == [("recovered", "info", "a2")]


def test_all_of_an_event_that_is_over_is_named_though_some_was_over_long_before(
    desk: Desk,
) -> None:
    pair = [incident("a1"), incident("a2", group_id="a1", kpi="backlog")]
    desk.tell(*pair)
    desk.send()
    first = over(pair[0])
    assert desk.tell(first, pair[1], at=NOW + DAY) == []
    old = replace(first, is_over_now=False)
    assert desk.tell(old, over(pair[1]), at=NOW + 9 * DAY) == [("recovered", "info", "a1 a2")]


def test_one_that_is_over_goes_out_of_what_waits(desk: Desk) -> None:
    pair = [incident("a1"), incident("a2", group_id="a1", kpi="backlog")]
    desk.tell(*pair)
    assert desk.tell(over(pair[0]), pair[1], at=NOW + HOUR) == [("opened", "warn", "a2")]
    assert [each.subjects for each in desk.outbox.due(NOW + HOUR)] == [{"a2": "warn"}]


def test_a_graver_message_takes_the_place_of_one_that_waits(desk: Desk) -> None:
    desk.tell(incident())
    desk.fail()
    worse = incident(severity="critical")
    assert desk.tell(worse, at=NOW + HOUR) == [("worse", "critical", "a1")]
    assert desk.send(NOW + HOUR) == ["worse"]


def test_that_it_is_over_is_told_though_the_last_word_did_not_arrive(desk: Desk) -> None:
    desk.tell(incident())
    desk.send()
    worse = incident(severity="high")
    desk.tell(worse, at=NOW + HOUR)
    (waiting,) = desk.outbox.due(NOW + HOUR)
    desk.outbox.begin(waiting)
    desk.outbox.fail(waiting, "away", None)
    assert desk.tell(over(worse), at=NOW + DAY) == [("recovered", "info", "a1")]


def test_what_is_taken_for_normal_is_not_called_recovered(desk: Desk) -> None:
    desk.tell(incident())
    desk.send()
    accepted = replace(over(incident()), is_accepted=True)
    desk.tell(accepted, at=NOW + DAY)
    told = desk.outbox.messages()[-1]
    assert told.title == "Taken for normal: CSAT, handled by people"
    assert "is taken for normal" in told.body and "back to normal" not in told.body


def test_a_channel_that_has_never_heard_of_it_is_not_told_again(desk: Desk) -> None:
    awake = incident(asked_for=date(2026, 11, 20), is_new=False)
    assert desk.tell(awake) == []


def test_an_event_is_over_when_all_of_it_is(desk: Desk) -> None:
    pair = [incident("a1"), incident("a2", group_id="a1", kpi="backlog")]
    desk.tell(*pair)
    desk.send()
    assert desk.tell(over(pair[0]), pair[1], at=NOW + DAY) == []
    assert desk.tell(*map(over, pair), at=NOW + 2 * DAY) == [("recovered", "info", "a1 a2")]


def test_a_figure_that_is_back_within_a_day_is_told_when_it_still_is_a_day_later(
    desk: Desk,
) -> None:
    first = incident("a1")
    desk.tell(first)
    desk.send()
    again = incident("a2")
    assert desk.tell(over(first), again, at=NOW + 12 * HOUR) == [("recovered", "info", "a1")]
    assert desk.tell(over(first), again, at=NOW + 23 * HOUR) == []
    assert desk.tell(over(first), again, at=NOW + 25 * HOUR) == [("opened", "warn", "a2")]


def test_an_hour_that_was_told_keeps_its_day_from_nobody(desk: Desk) -> None:
    hour = incident("a1", grain="hour")
    desk.tell(hour)
    desk.send()
    day = incident("a2")
    assert desk.tell(over(hour), day, at=NOW + 9 * HOUR) == [
        ("recovered", "info", "a1"), ("opened", "warn", "a2"),
    ]  # fmt: skip


def test_one_that_opens_again_is_told_again(desk: Desk) -> None:
    """Late figures have it stand again: within a day it is held back, and told after that."""
    desk.tell(incident())
    desk.send()
    desk.tell(over(incident()), at=NOW + 12 * HOUR)
    desk.send(NOW + 12 * HOUR)
    assert desk.tell(incident(), at=NOW + 13 * HOUR) == []
    assert desk.tell(incident(), at=NOW + 25 * HOUR) == [("opened", "warn", "a1")]
    desk.send(NOW + 25 * HOUR)
    assert desk.tell(over(incident()), at=NOW + 30 * HOUR) == [("recovered", "info", "a1")]


def test_what_gets_graver_after_weeks_is_told(desk: Desk) -> None:
    desk.tell(incident())
    desk.send()
    old = incident(severity="critical", rule="dead_feed", is_new=False)
    assert desk.tell(old, at=NOW + 10 * DAY) == [("worse", "critical", "a1")]


def test_what_was_taken_back_was_not_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Times(ROME, quiet=(time(22), time(7))))
    night = datetime(2026, 11, 26, 1, tzinfo=UTC)
    desk.tell(incident(), at=night)
    desk.tell(over(incident()), at=night + HOUR)
    assert desk.tell(incident(), at=night + 2 * HOUR) == [("opened", "warn", "a1")]
    assert desk.send(NOW) == ["opened"]


def test_that_it_is_over_is_not_told_where_it_stands_again_by_then(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Times(ROME, quiet=(time(22), time(7))))
    desk.tell(incident(), at=NOW)
    desk.send(NOW)
    night = datetime(2026, 11, 27, 1, tzinfo=UTC)
    assert desk.tell(over(incident()), at=night) == [("recovered", "info", "a1")]
    assert desk.tell(incident(), at=night + HOUR) == []
    assert desk.send(night + 12 * HOUR) == []


def test_what_could_not_be_delivered_in_time_is_not_told_after_it_is_over(desk: Desk) -> None:
    desk.tell(incident())
    desk.fail()
    assert desk.tell(over(incident()), at=NOW + HOUR) == []
    assert desk.send(NOW + DAY) == []


def test_what_was_told_as_worse_is_told_to_be_over(desk: Desk) -> None:
    first = incident("a1")
    desk.tell(first)
    desk.send()
    joined = incident("a2", group_id="a1", kpi="backlog", severity="critical")
    assert desk.tell(first, joined, at=NOW + HOUR) == [("worse", "critical", "a2")]
    desk.send(NOW + HOUR)
    assert desk.tell(first, over(joined), at=NOW + 3 * HOUR) == [("recovered", "info", "a2")]


def test_who_owns_what_joins_is_told_of_it(desk: Desk) -> None:
    desk.route = lambda owner: ["support"] if owner == "Support lead" else ["ai"]
    first = incident("a1", severity="high")
    assert desk.tell(first) == [("opened", "high", "a1")]
    desk.send()
    joined = incident("a2", group_id="a1", kpi="escalation_rate", owner="AI owner")
    assert desk.tell(first, joined, at=NOW + 6 * HOUR) == [("opened", "warn", "a2")]
    assert [each.channel for each in desk.outbox.messages()] == ["support", "ai"]


def test_it_goes_to_its_owner_and_to_nobody_else(desk: Desk) -> None:
    desk.route = lambda owner: {"Support lead": ["chat"], "CRM": []}.get(owner, ["all"])
    group = [incident("a1"), incident("a2", group_id="a1", owner="AI owner")]
    desk.tell(*group, incident("a3", kpi="nps", owner="CRM"))
    told = {each.channel: " ".join(sorted(each.subjects)) for each in desk.outbox.messages()}
    assert told == {"chat": "a1", "all": "a2"}


def test_who_snoozed_it_hears_of_it_on_the_day(desk: Desk) -> None:
    desk.tell(incident())
    desk.send()
    asleep = incident(state="snoozed", asked_for=date(2026, 11, 28))
    assert desk.tell(asleep, at=NOW + DAY) == []
    awake = replace(asleep, state="open")
    assert desk.tell(awake, at=NOW + 2 * DAY) == [("again 2026-11-28", "warn", "a1")]
    desk.send(NOW + 2 * DAY)
    assert desk.tell(awake, at=NOW + 3 * DAY) == []
    worse = replace(awake, severity="high")
    assert desk.tell(worse, at=NOW + 5 * DAY) == [("worse", "high", "a1")]


@pytest.mark.parametrize(
    ("at", "severity", "due"),
    [
        ("2026-11-26 08:00", "warn", "2026-11-26 08:00"),
        ("2026-11-26 23:30", "warn", "2026-11-27 07:00"),
        ("2026-11-27 06:59", "high", "2026-11-27 07:00"),
        ("2026-11-27 03:00", "critical", "2026-11-27 03:00"),
        ("2026-11-27 07:00", "warn", "2026-11-27 07:00"),
    ],
)
def test_quiet_hours_are_those_of_the_account(at: str, severity: str, due: str) -> None:
    times = Times(ROME, quiet=(time(22), time(7)))
    now, wanted = (datetime.fromisoformat(each).replace(tzinfo=ROME) for each in (at, due))
    assert times.due_at(now, severity) == wanted


def test_changes_for_the_better_are_told_together_once_a_day(desk: Desk) -> None:
    morning = datetime(2026, 11, 26, 9, tzinfo=ROME)
    night = morning - 6 * HOUR
    one, two = incident("a1", severity="info"), incident("a2", severity="info", kpi="nps")
    assert desk.tell(one, two, at=night) == [("digest", "info", "a1 a2")]
    assert desk.send(night) == []
    assert desk.send(morning) == ["digest"]
    three = incident("a3", severity="info", kpi="backlog")
    assert desk.tell(one, two, three, at=morning + 12 * HOUR) == []
    assert desk.tell(one, two, three, at=morning + 24 * HOUR) == [("digest", "info", "a3")]


def test_more_than_a_handful_is_counted(desk: Desk) -> None:
    many = [incident(f"a{each}", group_id="a0", kpi=f"kpi_{each}") for each in range(9)]
    desk.tell(*many)
    (told,) = desk.outbox.messages()
    assert "3 more: bookbag alerts --open" in told.body
    assert len(told.subjects) == 9
