"""The oracle's figures of load and of agents' days, worked by hand on shops of a few rows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.oracle.tally import Cell
from tests.oracle.tiny import AGENTS, EVENTS, MESSAGES, TINY, TinyShop


def asked(instants: dict[str, list[datetime]]) -> str:
    """The messages of tickets that only ask."""
    rows = [
        f"{name}{number},{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ},customer"
        for name, began in instants.items()
        for number, at in enumerate(began)
    ]
    return f"{MESSAGES} {' '.join(rows)}"


def test_a_ticket_is_resolved_in_time_up_to_the_last_second_of_the_window(tmp_path: Path) -> None:
    asks = " ".join(f"{name},06-01T09:00,customer" for name in "ABCDE")
    shop = TinyShop(
        tmp_path,
        messages=f"{MESSAGES} {asks} F,06-09T08:00,customer C,06-03T09:00,customer",
        ticket_events=f"{EVENTS} A,06-08T09:00:00,resolved,human_agent B,06-08T09:00:01,resolved"
        " C,06-02T09:00,resolved C,06-09T09:00,resolved D,06-02T09:00,resolved"
        " D,06-08T10:00,reopened,human_agent F,06-09T09:00,closed",
    )
    # A on the last second, D reopened after it; B a second late, C back in it, E never.
    assert shop.cell("resolution_rate", "ratio", "day", "06-01") == (0.4, 2, 5, 5)
    # F's window is not over: as it stands now, at the newest row.
    assert shop.cell("resolution_rate", "ratio", "day", "06-09") == (1, 1, 1, 1)


def test_a_source_without_resolves_leaves_what_needs_them_unknown(tmp_path: Path) -> None:
    shop = TinyShop(
        tmp_path,
        messages=f"{MESSAGES} T,06-01T09:00,customer T,06-30T09:00,human_agent,A",
        support_costs="month,kind,amount 2026-06,payroll,100",
    )
    for kpi, stat in (("resolution_rate", "ratio"), ("queue_days", "value")):
        assert shop.cell(kpi, stat, "week", "06-15") == (None, None, None, 0)
    assert shop.cell("cost_per_resolution", "value", "month", "06-01") == (None, None, None, 0)
    assert shop.cell("cost_per_ticket", "value", "month", "06-01") == (100, 100, 1, 1)


def test_days_without_a_ticket_are_troughs(tmp_path: Path) -> None:
    days = [0] * 3 + [2] * 20 + [10] * 5
    first = datetime(2026, 6, 1, tzinfo=UTC)
    began = [
        first + timedelta(days=day, minutes=number)
        for day, tickets in enumerate(reversed(days))
        for number in range(tickets)
    ]
    shop = TinyShop(tmp_path, messages=asked({"mail": began, "late": [first + timedelta(days=28)]}))
    # Sorted, the tenth percentile lies 0.7 of the way from the third 0 to the first 2.
    expected = pytest.approx((10 / 1.4, 10, 1.4, 28))
    assert shop.cell("peak_to_trough", "value", "day", "06-28") == expected
    assert shop.cell("peak_to_trough", "value", "week", "06-22") == expected
    assert shop.cell("peak_to_trough", "max_min", "week", "06-22") == (None, 10, 0, 28)
    # Not loaded whole; not begun.
    assert shop.cell("peak_to_trough", "value", "day", "06-27") == (None, None, None, 0)
    assert not shop.has("peak_to_trough", "value", "day", "06-29")


@pytest.mark.parametrize(
    ("sunday", "odd"),
    [
        # 02:30 does not exist on the 8th of March: one ticket on each of the three other Sundays.
        ("03-08", ["02-15T07:30", "02-22T07:30", "03-01T07:30"]),
        # 01:30 comes twice on the 1st of November, in one hour of one day.
        ("11-01", ["10-11T05:30", "10-18T05:30", "11-01T05:30", "11-01T06:30"]),
    ],
)
def test_an_hour_of_the_week_is_averaged_over_the_days_that_have_it(
    sunday: str, odd: list[str], tmp_path: Path
) -> None:
    zone = ZoneInfo("America/New_York")
    last = datetime.fromisoformat(f"2026-{sunday}").replace(tzinfo=zone)
    first = last - timedelta(days=27)
    # 16 of the 168 hours have two tickets a week, this one has one, the other 151 have none.
    busy = [first + timedelta(days=7 * week, hours=hour) for week in range(4) for hour in range(16)]
    told = asked({"A": busy, "B": busy, "end": [last + timedelta(days=1, hours=1)]})
    told += "".join(f" odd{number},{at},customer" for number, at in enumerate(odd))
    shop = TinyShop(tmp_path, replace(TINY, timezone="America/New_York"), messages=told)
    # The ninetieth percentile lies 0.3 of the way from the last 0 to this hour's mean of 1.
    monday = f"{last - timedelta(days=6):%m-%d}"
    found = shop.cell("peak_to_trough", "hourly", "week", monday)
    assert found == pytest.approx((None, 0.3, 0, 168))


def test_only_customers_active_at_the_start_of_a_month_can_contact(tmp_path: Path) -> None:
    shop = TinyShop(
        tmp_path,
        tickets="ticket_id,customer_id,category,channel A,NEW,wismo,mail B,NEW,wismo,mail"
        " C,GONE,wismo,mail D,LATE,other,mail E,,other,chat",
        messages=f"{MESSAGES} A,06-02T09:00,customer B,06-03T09:00,customer"
        " C,06-02T09:00,customer D,06-20T09:00,customer E,06-30T09:00,customer",
        orders="order_id,placed_at,paid_at,customer_id,total"
        " 1,2026-04-15T00:00Z,2026-04-15T00:00Z,NEW,10"
        " 2,2025-08-01T00:00Z,2025-08-01T00:00Z,OLD,20"
        " 3,2025-01-01T00:00Z,2025-01-01T00:00Z,GONE,30"
        " 4,2026-06-10T00:00Z,2026-06-10T00:00Z,LATE,40",
    )

    def june(stat: str, **cut: str) -> Cell:
        return shop.cell("contact_rate", stat, "month", "06-01", **cut)

    assert june("ratio") == (0.5, 1, 2, 2)
    assert june("index") == (1, 0.5, 0.5, 2)
    assert june("ratio", customer_segment="new") == (1, 1, 1, 1)
    assert june("index", customer_segment="new") == (2, 1, 0.5, 1)
    assert june("ratio", customer_segment="returning") == (0, 0, 1, 1)
    assert june("index", customer_segment="returning") == (0, 0, 0.5, 1)
    # The 80th percentile of 10 and 20 is 18.
    assert june("ratio", customer_segment="high_value") == (0, 0, 1, 1)
    assert not shop.has("contact_rate", "ratio", "month", "06-01", customer_segment="inactive")
    assert june("ratio", category="wismo") == (0.5, 1, 2, 2)
    assert june("index", category="wismo") == (1, 0.5, 0.5, 2)
    assert not shop.has("contact_rate", "ratio", "month", "06-01", category="other"), "none active"
    assert june("match_rate") == (0.8, 4, 5, 5)
    assert june("match_rate", channel="chat") == (0, 0, 1, 1)
    assert shop.cell("contact_rate", "ratio", "month", "05-01") == (0, 0, 2, 2)
    assert shop.cell("contact_rate", "index", "month", "05-01") == (None, 0, 0, 2)


def test_the_queue_is_measured_in_days_of_the_resolves_of_a_whole_week(tmp_path: Path) -> None:
    asks = " ".join(f"{name},06-01T00:00,customer" for name in "ABCDE")
    shop = TinyShop(
        tmp_path,
        tickets="ticket_id,channel A,mail B,mail C,chat D,mail E,form",
        messages=f"{MESSAGES} {asks} A,06-20T00:00,customer",
        ticket_events=f"{EVENTS} A,06-02T09:00,resolved A,06-02T10:00,reopened,human_agent"
        " A,06-07T23:59,resolved C,06-07T10:00,resolved D,06-06T10:00,snoozed"
        " D,06-08T00:00,resolved",
    )
    # B and E wait; A was resolved twice, C once. D is not ours to answer, and resolved as the next
    # week begins.
    assert shop.cell("queue_days", "value", "day", "06-07") == pytest.approx(
        (2 / (3 / 7), 2, 3 / 7, 3)
    )
    assert shop.cell("queue_days", "value", "week", "06-01", channel="chat") == (0, 0, 1 / 7, 1)
    assert shop.cell("queue_days", "value", "week", "06-01", channel="form") == (None, 1, 0, 0)
    assert shop.cell("queue_days", "value", "day", "06-06") == (None, None, None, 0), (
        "not loaded whole"
    )
    assert shop.cell("queue_days", "value", "day", "06-15") == (None, 2, 0, 0), "nothing resolved"
    assert not shop.has("queue_days", "value", "day", "06-20"), "not begun"


WORK = (
    f"{MESSAGES} S,06-01T09:00,customer T,06-01T09:00,customer U,06-01T09:00,customer"
    " S,06-02T10:00,human_agent,A S,06-02T11:00,human_agent,A T,06-02T23:30,human_agent,A"
    " T,06-03T10:00,human_agent,B,,true U,06-03T10:00,human_agent,B,false"
    " U,06-03T11:00,ai_agent,BOT T,06-03T12:00,human_agent U,06-07T12:00,customer"
)
DONE = (
    f"{EVENTS} S,06-04T10:00,resolved,human_agent,B T,06-04T11:00,resolved"
    " U,06-04T12:00,resolved,automation"
)
OWNED = "ticket_id,channel,assignee_id S,mail,A T,chat,B U,mail,B"


def test_an_agent_day_is_one_with_a_reply_or_a_resolve(tmp_path: Path) -> None:
    tables = {"tickets": OWNED, "messages": WORK, "ticket_events": DONE, "agents": AGENTS}
    shop = TinyShop(tmp_path, TINY, **tables)

    def week(stat: str = "mean", **cut: str) -> Cell:
        return shop.cell("tickets_per_agent_day", stat, "week", "06-01", **cut)

    # A on the 2nd: S and T. B on the 4th: S, and T as its assignee, since nobody is named. Neither
    # notes nor automatic answers nor agents without a name nor the AI make a day.
    assert week() == (2, 4, 2, 2)
    assert week(team="two") == (2, 2, 1, 1)
    assert week(channel="chat") == (1, 2, 2, 2)
    assert week("utilisation") == (None, None, None, 0)
    shop = TinyShop(tmp_path, replace(TINY, timezone="Europe/Berlin"), **tables)
    assert week() == pytest.approx((4 / 3, 4, 3, 3)), "23:30 UTC is the 3rd there"


def test_a_resolve_that_names_nobody_is_an_agents_but_no_teams(tmp_path: Path) -> None:
    shop = TinyShop(
        tmp_path,
        messages=f"{MESSAGES} S,06-01T09:00,customer T,06-01T09:00,customer",
        ticket_events=f"{EVENTS} S,06-01T10:00,assigned,system,,A S,06-02T10:00,resolved"
        " T,06-01T10:00,assigned,system,,two T,06-03T10:00,resolved",
        agents=AGENTS,
    )
    # S is A's on the 2nd; T is assigned to team two, where B did nothing.
    assert shop.cell("tickets_per_agent_day", "mean", "week", "06-01") == (1, 1, 1, 1)
    assert shop.cell("tickets_per_agent_day", "mean", "week", "06-01", team="one") == (1, 1, 1, 1)


def test_within_a_rosters_span_the_rostered_days_count_worked_or_not(tmp_path: Path) -> None:
    roster = (
        "agent_id,starts_at,ends_at A,06-02T08:00,06-02T16:00 A,06-03T08:00,06-03T16:00"
        " A,06-03T18:00,06-03T20:00 BOT,06-07T08:00,06-07T16:00"
    )
    targets = (
        "kpi,stat,good,valid_from,team tickets_per_agent_day,,4,, tickets_per_agent_day,mean,5,"
        "2026-06-02, tickets_per_agent_day,,2,2026-05-01,one csat,mean,4,,one"
    )
    tables = {"tickets": OWNED, "messages": WORK, "ticket_events": DONE, "agents": AGENTS}
    shop = TinyShop(tmp_path, TINY, **tables, roster=roster, targets=targets)

    def week(stat: str = "mean", **cut: str) -> Cell:
        return shop.cell("tickets_per_agent_day", stat, "week", "06-01", **cut)

    # A's second day has no ticket; the 4th is after the last human shift, so B's work counts.
    assert week() == pytest.approx((4 / 3, 4, 3, 3))
    assert week(team="one") == (1, 2, 2, 2)
    assert week(channel="mail") == (1, 2, 2, 2)
    # The target of the 2nd is not yet in force when the week begins.
    assert week("utilisation") == pytest.approx((1 / 3, 4 / 3, 4, 3))
    assert week("utilisation", team="one") == (0.5, 1, 2, 2)
    assert week("utilisation", team="two") == (0.5, 2, 4, 1)
    later = f"{roster} A,06-05T08:00,06-05T16:00"
    shop = TinyShop(tmp_path, TINY, **tables, roster=later, targets=targets)
    assert week() == pytest.approx((2 / 3, 2, 3, 3)), "B was not rostered on the 4th"
