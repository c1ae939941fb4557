"""The oracle's figures of what the AI resolved, reviews and NPS (E1, Q8, Q10), worked by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.oracle.estimates import wilson
from tests.oracle.tiny import EVENTS, MESSAGES, SETTLED, TinyShop


def ai_tickets(names: str, asked: str) -> tuple[str, str]:
    """Messages and events of tickets that the AI answers and resolves, as assumed, at once."""
    messages = " ".join(f"{n},{asked}:00,customer {n},{asked}:01,ai_agent" for n in names.split())
    events = " ".join(f"{n},{asked}:02,resolved,ai_agent,,assumed" for n in names.split())
    return messages, events


def test_silence_is_consent_unless_broken_up_to_the_last_second_of_the_wait(tmp_path: Path) -> None:
    """24 hours on a chat, 72 elsewhere: A and C are back on the last second, B and D one later."""
    asks = " ".join(f"{n},06-10T09:00,customer {n},06-10T09:01,ai_agent" for n in "ABCD")
    shop = TinyShop(
        tmp_path,
        SETTLED,
        tickets="ticket_id,channel A,chat B,chat C,email D,email",
        messages=f"{MESSAGES} {asks} A,06-11T09:01:00,customer B,06-11T09:01:01,customer"
        " C,06-13T09:01:00,customer D,06-13T09:01:01,customer",
        ticket_events=f"{EVENTS} " + " ".join(f"{n},06-10T09:02,resolved,ai_agent" for n in "ABCD"),
    )
    for channel in ("chat", "email"):
        found = shop.cell("deflection_rate", "ratio", "day", "06-10", channel=channel)
        assert found == (0.5, 1, 2, 2)


def test_wilsons_interval_is_that_of_the_books() -> None:
    assert wilson(2 / 3, 3) == pytest.approx((0.20766, 0.93851), abs=1e-5)
    assert wilson(1.0, 10) == pytest.approx((10 / (10 + 1.959963984540054**2), 1.0))


def test_a_category_weighs_what_the_ai_resolved_of_it(tmp_path: Path) -> None:
    """a: 6 resolved, 1 of 2 right; b: 3 resolved, 1 of 1 right; c: 1 resolved, none judged.

    (6 × 1/2 + 3 × 1) / 9 = 2/3 over an effective n of 81 / (36/2 + 9/1) = 3.
    """
    names = {"a": "A1 A2 A3 A4 A5 A6", "b": "B1 B2 B3", "c": "C1"}
    messages, events = ai_tickets(" ".join(names.values()), "06-10T09:00")
    tickets = " ".join(f"{n},{c},chat" for c, listed in names.items() for n in listed.split())
    shop = TinyShop(
        tmp_path,
        SETTLED,
        tickets=f"ticket_id,category,channel {tickets} H1,a,email",
        messages=f"{MESSAGES} {messages} H1,06-10T09:00,customer H1,06-10T10:00,human_agent",
        ticket_events=f"{EVENTS} {events} H1,06-10T11:00,resolved,human_agent",
        qa_reviews="ticket_id,reviewed_at,is_correct,episode_seq"
        " A1,06-11,false, A1,06-12,true,1 A2,06-12,false, B1,07-30,true,"
        " A3,06-12,true,2 H1,06-12,false, X,06-12,true,",
    )
    kpi = "resolution_accuracy"
    assert shop.cell(kpi, "ratio", "month", "06-01") == pytest.approx((2 / 3, 2, 3, 3))
    assert shop.cell(kpi, "low", "month", "06-01")[::3] == pytest.approx((0.20766, 3), abs=1e-5)
    assert shop.cell(kpi, "high", "month", "06-01")[::3] == pytest.approx((0.93851, 3), abs=1e-5)
    assert shop.cell(kpi, "ratio", "month", "06-01", category="a") == (0.5, 1, 2, 2)
    assert shop.cell(kpi, "ratio", "month", "06-01", channel="chat").n == 3
    assert not shop.has(kpi, "ratio", "month", "06-01", category="c")
    assert not shop.has(kpi, "ratio", "month", "06-01", channel="email"), "the AI resolved nothing"
    assert shop.cell(kpi, "ratio", "month", "07-01") == (None, None, None, 0)


def test_the_proxy_looks_for_any_sign_that_it_was_not_right(tmp_path: Path) -> None:
    """R is back after 168 h, N a second later; B, G and T were rated badly, N middling.

    H is answered by a human in a later episode. C is none of the AI's: a human wrote at the very
    second of its resolve, which comes before it. So one, N, of six.
    """
    messages, events = ai_tickets("C N R B G H T", "06-10T09:00")
    shop = TinyShop(
        tmp_path,
        SETTLED,
        messages=f"{MESSAGES} {messages} R,06-17T09:00:02,customer N,06-17T09:00:03,customer"
        " H,06-30T09:00,customer H,06-30T10:00,human_agent C,06-10T09:00:02,human_agent",
        ticket_events=EVENTS + events,
        csat_responses="ticket_id,rated_at,score,scale,target"
        " N,06-11,3,1-5,ticket B,06-12,1,1-3,ticket G,06-13,bad,good_bad,ai"
        " T,06-13,5,1-5,ai T,06-14,2,1-5,ticket",
    )
    assert shop.cell("resolution_accuracy", "proxy", "month", "06-01") == (1 / 6, 1, 6, 6)


def test_nps_takes_the_latest_answer_of_ninety_local_days(tmp_path: Path) -> None:
    """June in New York ends with 30 June; its 90 days begin on 2 April at 04:00 UTC.

    A 10 → 3, B 9 (on the first second), C 7, D 10 (one second too early): 1 − 1 of 3.
    """
    shop = TinyShop(
        tmp_path,
        replace(SETTLED, timezone="America/New_York"),
        tickets="ticket_id,customer_id T1,A T2,B T3,C",
        messages=f"{MESSAGES} T1,02-09T12:00,customer T2,04-02T04:00,customer"
        " T3,01-21T12:00,customer",
        nps_responses="customer_id,responded_at,score A,05-01T12:00,10 A,05-10T12:00,3"
        " B,04-02T04:00,9 C,04-21T12:00,7 D,04-02T03:59:59,10",
    )
    assert shop.cell("nps", "value", "month", "06-01") == (0.0, None, None, 3)
    assert shop.cell("nps", "promoters", "month", "06-01") == pytest.approx((1 / 3, 1, 3, 3))
    assert shop.cell("nps", "detractors", "month", "06-01") == pytest.approx((1 / 3, 1, 3, 3))
    assert shop.cell("nps", "value", "quarter", "04-01") == shop.cell(
        "nps", "value", "month", "06-01"
    )
    # A wrote 90 days to the second before; B at the very second, which is not before; C's too, 90.
    assert shop.cell("nps", "value_supported", "month", "06-01") == (-50.0, None, None, 2)
    assert shop.cell("nps", "value_unsupported", "month", "06-01") == (100.0, None, None, 1)
    # In April A had not answered; D had.
    assert shop.cell("nps", "value", "month", "04-01") == pytest.approx((200 / 3, None, None, 3))
    assert shop.cell("nps", "responses", "month", "04-01", customer_segment="inactive").n == 3
    assert shop.cell("nps", "value", "month", "08-01") == (None, None, None, 0)
    assert shop.cell("nps", "responses", "month", "08-01") == (0.0, None, None, 0)
