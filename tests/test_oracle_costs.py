"""The oracle's figures of handle time, surveys and money, worked by hand on shops of a few rows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.oracle.handling_time import sessions
from tests.oracle.tally import Cell
from tests.oracle.tiny import AGENTS, EVENTS, MESSAGES, TinyShop


def test_sessions_chain_over_ten_minutes_and_end_two_minutes_later() -> None:
    nine = datetime(2026, 6, 1, 9, tzinfo=UTC)

    def spent(*after: int) -> list[int]:
        return [seconds for _, seconds in sessions(nine + timedelta(seconds=s) for s in after)]

    assert spent(600, 0) == [720]
    assert spent(0, 601) == [120, 120]
    assert spent(*range(0, 3481, 580)) == [3600]
    assert spent(*range(0, 6001, 600)) == [3600], "a session is an hour at the most"


def test_handle_time_is_estimated_from_all_that_an_agent_does(tmp_path: Path) -> None:
    shop = TinyShop(
        tmp_path,
        messages=f"{MESSAGES} T,06-01T09:00,customer T,06-01T09:10,human_agent,A,false"
        " T,06-01T09:20,human_agent,A T,06-01T09:34,human_agent,B,,true"
        " T,06-01T10:00,human_agent T,06-01T10:05,human_agent T,06-01T09:01,ai_agent,BOT,false"
        " T,06-01T10:16,human_agent,A,false T,06-01T12:00,human_agent,A",
        ticket_events=f"{EVENTS} T,06-01T09:30:01,status_changed,human_agent,A,pending"
        " T,06-01T09:35,assigned,,A,B T,06-01T10:15,resolved,automation"
        " T,06-01T10:15:01,created,human_agent,",
        agents=AGENTS,
    )
    # A: 600 + 120; after 601 s another of 299 + 120. B: 120. Unknown: 300 + 120. What begins
    # after the resolve is not of it.
    total = 720 + 419 + 120 + 420
    for stat in ("mean", "mean_estimated"):
        assert shop.cell("handle_time", stat, "day", "06-01") == (total, total, 1, 1)
    assert shop.cell("handle_time", "mean_tracked", "day", "06-01") == (None, None, None, 0)


def test_handle_time_takes_the_best_method_that_a_ticket_has(tmp_path: Path) -> None:
    names = "LHTMRO"
    shop = TinyShop(
        tmp_path,
        tickets="ticket_id,merged_into L H T M R O X,T",
        messages=MESSAGES
        + " ".join(
            f"{name},06-01T09:00,customer {name},06-01T09:30,human_agent,A" for name in "LHTMRX"
        )
        + " O,06-01T09:00,customer O,06-01T09:30,ai_agent,BOT R,06-02T09:00,customer",
        ticket_events=EVENTS
        + " ".join(f"{name},06-01T10:00,resolved,system" for name in names)
        + " R,06-02T10:00,resolved,system",
        time_entries="entry_id,ticket_id,agent_id,started_at,seconds,method"
        " 1,L,A,06-01T09:30,50,helpdesk 2,L,A,06-01T10:00:01,70,tracked"  # L: late
        " 3,H,A,06-01T10:00,50,helpdesk"
        " 4,T,X9,06-01T09:30,0, 5,T,A,06-01T09:40,30, 6,T,A,06-01T09:30,900,helpdesk"
        " 7,M,BOT,06-01T09:30,800,tracked"  # M: not by a human
        " 8,R,A,06-01T09:30,40, 9,R,A,06-02T09:30,60,"  # R: again on the 2nd
        " 10,O,A,06-01T09:30,80, 11,X,A,06-01T09:30,7000,",  # O: the AI's alone; X: merged
        agents=AGENTS,
    )

    def first(stat: str, **cut: str) -> Cell:
        return shop.cell("handle_time", stat, "day", "06-01", **cut)

    assert first("mean_helpdesk") == (50, 50, 1, 1)
    assert first("mean_tracked") == (35, 70, 2, 2)
    assert first("mean_estimated") == (120, 120, 1, 1)
    assert first("mean") == (60, 240, 4, 4)
    assert first("median") == (45, None, None, 4)
    assert not shop.has("handle_time", "mean", "day", "06-01", handling="ai_only")
    assert shop.cell("handle_time", "mean_tracked", "day", "06-02") == (100, 100, 1, 1)


def test_a_ticket_that_is_open_at_the_end_of_a_period_has_no_handle_time_there(
    tmp_path: Path,
) -> None:
    shop = TinyShop(
        tmp_path,
        messages=f"{MESSAGES} T,06-01T09:00,customer T,06-01T09:30,human_agent,A",
        ticket_events=f"{EVENTS} T,06-01T10:00,resolved,human_agent,A"
        " T,06-01T10:05,reopened,human_agent,A T,06-02T10:00,resolved,system",
    )
    assert shop.cell("handle_time", "mean", "day", "06-01") == (None, None, None, 0)
    assert shop.cell("handle_time", "mean", "week", "06-01") == (540, 540, 1, 1)


def test_a_survey_is_answered_within_seven_days_of_its_sending(tmp_path: Path) -> None:
    shop = TinyShop(
        tmp_path,
        tickets="ticket_id,merged_into,is_spam A B C D M,A S,,true",
        messages=MESSAGES + " ".join(f"{name},06-01T09:00,customer" for name in "ABCDMS"),
        ticket_events=EVENTS
        + " ".join(f"{name},06-02T09:00,survey_sent" for name in "ABCDMS")
        + " A,06-01T09:30,resolved C,06-01T09:30,resolved D,06-01T09:30,resolved",
        csat_responses="ticket_id,rated_at,score,target M,06-09T09:00:00,4, B,06-09T09:00:01,4,"
        " C,06-02T08:59:59,4, C,06-03T09:00,5, S,06-03T09:00,5, D,06-02T09:00,1,ai",
    )
    # A's by the ticket merged into it, on the last second; D's at once. B's is late, C's began
    # before and was only changed after. The merged ticket's own survey is nothing, the spam's too.
    assert shop.cell("csat_response_rate", "ratio", "month", "06-01") == (0.5, 2, 4, 4)
    assert shop.cell("csat_response_rate", "ratio_resolved", "month", "06-01") == pytest.approx(
        (4 / 3, 4, 3, 3)
    )
    assert shop.cell("csat_response_rate", "ratio", "week", "06-08") == (None, 0, 0, 0)


def test_parity_adjusted_for_mix_weighs_categories_with_five_ratings_on_both_sides(
    tmp_path: Path,
) -> None:
    ratings = {
        "a": {"ai": [5] * 5, "human": [4] * 5},
        "b": {"ai": [3] * 7, "human": [4] * 5},
        "c": {"ai": [1] * 4, "human": [5] * 20},
    }
    given = [
        (category, side, score)
        for category, sides in ratings.items()
        for side, scores in sides.items()
        for score in scores
    ]
    names = range(len(given))
    shop = TinyShop(
        tmp_path,
        tickets="ticket_id,category,channel "
        + " ".join(f"T{n},{given[n][0]},{given[n][0]}-mail" for n in names),
        messages=MESSAGES + " ".join(f"T{n},06-01T09:00,customer" for n in names),
        csat_responses="ticket_id,rated_at,score,target "
        + " ".join(f"T{n},06-01T10:00,{given[n][2]},{given[n][1]}" for n in names)
        + " T0,06-01T11:00,1,ticket",  # of no side: the ticket was never answered
    )
    # Ten ratings say +1, twelve −1. The smaller side has ten.
    expected = pytest.approx(((10 - 12) / 22, None, None, 10))
    assert shop.cell("csat_parity", "mix_adjusted", "week", "06-01") == expected
    assert shop.cell("csat_parity", "mix_adjusted", "week", "06-01", channel="a-mail") == (
        1, None, None, 5,
    )  # fmt: skip
    assert not shop.has("csat_parity", "mix_adjusted", "week", "06-01", channel="c-mail")


def test_a_month_costs_what_was_booked_for_it(tmp_path: Path) -> None:
    shop = TinyShop(
        tmp_path,
        tickets="ticket_id,team A,one B,one C,two D,",
        messages=f"{MESSAGES} A,06-30T23:00,customer A,07-01T01:00,human_agent,A"
        " A,07-02T01:00,ai_agent B,06-02T09:00,customer B,06-02T10:00,ai_agent,,false"
        " C,06-02T09:00,customer C,06-02T10:00,ai_agent D,06-02T09:00,customer",
        ticket_events=f"{EVENTS} C,06-02T11:00,resolved A,07-03T09:00,resolved"
        " D,06-03T11:00,resolved D,06-04T11:00,reopened,human_agent",
        support_costs="month,kind,amount,team 2026-06,payroll,100,one 2026-06,tools,20.5,"
        " 2026-06,ai,0.5,two 2026-06,payroll,9,three 2026-08,payroll,7,one",
        cost_rates="handling,unit_cost,valid_from ai,0.9,2026-01-01 human,6,2026-07-01",
    )

    def june(kpi: str, stat: str = "value", **cut: str) -> Cell:
        return shop.cell(kpi, stat, "month", "06-01", **cut)

    # C was answered and resolved, D resolved; A was asked in June and answered in July, B got a
    # draft only.
    assert june("cost_per_ticket") == (65, 130, 2, 2)
    assert june("cost_per_ticket", team="two") == (0.5, 0.5, 1, 1)
    assert june("cost_per_ticket", team="one") == (None, 100, 0, 0)
    assert june("cost_per_ticket", team="unassigned") == (None, None, 1, 1)
    assert june("cost_per_ticket", team="three") == (None, 9, 0, 0)
    assert shop.cell("cost_per_ticket", "value", "month", "07-01") == (None, None, 1, 1)
    # D is open again: one ticket is resolved. Its AI reply cost 0.90, and no human wrote.
    assert june("cost_per_resolution") == (130, 130, 1, 1)
    assert june("cost_per_resolution", "value_ai") == (0.9, 0.9, 1, 1)
    assert june("cost_per_resolution", "value_human") == (None, None, 0, 0)
    july = shop.cell("cost_per_resolution", "value_human", "month", "07-01")
    assert july == pytest.approx((6.9, 6.9, 1, 1)), "both sides of the hybrid"


def test_the_ai_saves_what_a_human_would_have_cost_and_taken(tmp_path: Path) -> None:
    ours = " ".join(
        f"{name},{day}T09:00,customer {name},{day}T09:10,ai_agent" for name, day in SAVED.items()
    )
    shop = TinyShop(
        tmp_path,
        tickets="ticket_id,category,channel A,wismo,chat B,wismo,chat C,other,mail K,wismo,mail"
        " H1,wismo,mail H2,wismo,chat H3,wismo,mail H4,other,mail",
        messages=f"{MESSAGES} {ours} K,06-15T08:59,customer"
        + "".join(f" H{n},03-01T09:00,customer H{n},03-01T10:00,human_agent,A" for n in range(1, 5))
        + " A,08-01T09:00,customer",
        ticket_events=EVENTS
        + " ".join(f"{name},{day}T10:00,resolved,,,confirmed" for name, day in SAVED.items())
        + " H1,04-01T10:00,resolved H2,04-02T10:00,resolved H3,06-30T10:00,resolved"
        " H4,04-02T00:00,resolved",
        time_entries="entry_id,ticket_id,agent_id,started_at,seconds 1,H1,A,03-01T10:00,36000"
        " 2,H2,A,03-01T10:00,600 3,H3,A,03-01T10:00,1200 4,H4,A,03-01T10:00,60",
        cost_rates="handling,unit_cost,valid_from,valid_to ai,1,2026-01-01,"
        " human,6,2026-01-01,2026-06-02 human,8,2026-06-03,",
    )

    def june(stat: str, **cut: str) -> Cell:
        return shop.cell("ai_savings", stat, "month", "06-01", **cut)

    # A on the last day of the old rate, B after it, C of the other category; K came back soon.
    assert june("value") == (5 + 7 + 7, None, None, 3)
    assert june("value", category="wismo") == (12, None, None, 2)
    # The 90 days begin on the 2nd of April: H2's 600 s and H3's 1200, not H1's; H4's 60 s.
    assert june("hours", category="wismo") == (1800 / 3600, None, None, 2)
    assert june("hours") == pytest.approx(((1800 + 60) / 3600, None, None, 3))
    assert june("hours", channel="chat") == (1800 / 3600, None, None, 2), "of all channels"
    assert not shop.has("ai_savings", "value", "month", "06-01", channel="none")
    assert shop.cell("ai_savings", "value", "month", "07-01") == (None, None, None, 0)


SAVED = {"A": "06-02", "B": "06-05", "C": "06-05", "K": "06-08"}


def test_savings_are_unknown_without_a_rate_or_a_human_of_the_category(tmp_path: Path) -> None:
    shop = TinyShop(
        tmp_path,
        messages=f"{MESSAGES} T,06-01T09:00,customer T,06-01T09:10,ai_agent O,06-20T09:00,customer",
        ticket_events=f"{EVENTS} T,06-01T10:00,resolved,,,confirmed",
        cost_rates="handling,unit_cost,valid_from,valid_to ai,1,2026-01-01,"
        " human,5,2026-01-01,2026-05-31 human,6,2026-06-02,",
    )
    for stat in ("value", "hours"):
        assert shop.cell("ai_savings", stat, "month", "06-01") == (None, None, None, 1)
