"""The oracle's figures of reviews and NPS (Q8, Q10), worked by hand."""

from pathlib import Path

import pytest

from tests.oracle import Account
from tests.oracle.estimates import wilson
from tests.oracle.told import EVENTS, MESSAGES, UTC, Figures


def ai_tickets(names: str, asked: str) -> tuple[str, str]:
    """Messages and events of tickets that the AI answers and resolves, as assumed, at once."""
    messages = "".join(f"{n} {asked}:00 customer\n{n} {asked}:01 ai_agent\n" for n in names.split())
    events = "".join(f"{n} {asked}:02 resolved assumed ai_agent\n" for n in names.split())
    return messages, events


def test_wilsons_interval_is_that_of_the_books() -> None:
    assert wilson(2 / 3, 3) == pytest.approx((0.20766, 0.93851), abs=1e-5)
    assert wilson(1.0, 10) == pytest.approx((10 / (10 + 1.959963984540054**2), 1.0))


def test_a_category_weighs_what_the_ai_resolved_of_it(tmp_path: Path) -> None:
    """a: 6 resolved, 1 of 2 right; b: 3 resolved, 1 of 1 right; c: 1 resolved, none judged.

    (6 × 1/2 + 3 × 1) / 9 = 2/3 over an effective n of 81 / (36/2 + 9/1) = 3.
    """
    names = {"a": "A1 A2 A3 A4 A5 A6", "b": "B1 B2 B3", "c": "C1"}
    messages, events = ai_tickets(" ".join(names.values()), "06-10T09:00")
    tickets = "".join(f"{n} {c} chat\n" for c, listed in names.items() for n in listed.split())
    figures = Figures(
        tmp_path,
        tickets=("ticket_id category channel", f"{tickets} H1 a email"),
        messages=(
            MESSAGES,
            f"{messages} H1 06-10T09:00 customer\n H1 06-10T10:00 human_agent",
        ),
        ticket_events=(EVENTS, f"{events} H1 06-10T11:00 resolved - human_agent"),
        qa_reviews=(
            "ticket_id reviewed_at is_correct episode_seq",
            "A1 06-11 false -\n A1 06-12 true 1\n A2 06-12 false -\n B1 07-30 true -\n"
            "A3 06-12 true 2\n H1 06-12 false -\n X 06-12 true -",
        ),
    )
    kpi = "resolution_accuracy"
    assert figures.cell(kpi, "ratio", "2026-06") == pytest.approx((2 / 3, 2, 3, 3))
    assert figures.cell(kpi, "low", "2026-06")[::3] == pytest.approx((0.20766, 3), abs=1e-5)
    assert figures.cell(kpi, "high", "2026-06")[::3] == pytest.approx((0.93851, 3), abs=1e-5)
    assert figures.cell(kpi, "ratio", "2026-06", category="a") == (0.5, 1, 2, 2)
    assert figures.cell(kpi, "ratio", "2026-06", channel="chat").n == 3
    assert not figures.has(kpi, "ratio", "2026-06", category="c")
    assert not figures.has(kpi, "ratio", "2026-06", channel="email"), "the AI resolved nothing"
    assert figures.cell(kpi, "ratio", "2026-07") == (None, None, None, 0)


def test_the_proxy_looks_for_any_sign_that_it_was_not_right(tmp_path: Path) -> None:
    """R is back after 168 h, N a second later; B, G and T were rated badly, N middling.

    H is answered by a human in a later episode. C is none of the AI's: a human wrote at the very
    second of its resolve, which comes before it. So one, N, of six.
    """
    messages, events = ai_tickets("C N R B G H T", "06-10T09:00")
    figures = Figures(
        tmp_path,
        tickets=("ticket_id", "C\nN\nR\nB\nG\nH\nT"),
        messages=(
            MESSAGES,
            f"{messages} R 06-17T09:00:02 customer\n N 06-17T09:00:03 customer\n"
            "H 06-30T09:00 customer\n H 06-30T10:00 human_agent\nC 06-10T09:00:02 human_agent",
        ),
        ticket_events=(EVENTS, events),
        csat_responses=(
            "ticket_id rated_at score scale target",
            "N 06-11 3 1-5 ticket\nB 06-12 1 1-3 ticket\nG 06-13 bad good_bad ai\n"
            "T 06-13 5 1-5 ai\nT 06-14 2 1-5 ticket",
        ),
    )
    assert figures.cell("resolution_accuracy", "proxy", "2026-06") == (1 / 6, 1, 6, 6)


def test_nps_takes_the_latest_answer_of_ninety_local_days(tmp_path: Path) -> None:
    """June in New York ends with 30 June; its 90 days begin on 2 April at 04:00 UTC.

    A 10 → 3, B 9 (on the first second), C 7, D 10 (one second too early): 1 − 1 of 3.
    """
    account = Account("micro", "America/New_York", as_of=UTC.as_of)
    figures = Figures(
        tmp_path,
        account,
        tickets=("ticket_id customer_id", "T1 A\nT2 B\nT3 C"),
        messages=(
            MESSAGES,
            "T1 02-09T12:00 customer\nT2 04-02T04:00 customer\nT3 01-21T12:00 customer",
        ),
        nps_responses=(
            "customer_id responded_at score",
            "A 05-01T12:00 10\nA 05-10T12:00 3\nB 04-02T04:00 9\nC 04-21T12:00 7\n"
            "D 04-02T03:59:59 10",
        ),
    )
    assert figures.cell("nps", "value", "2026-06") == (0.0, None, None, 3)
    assert figures.cell("nps", "promoters", "2026-06") == pytest.approx((1 / 3, 1, 3, 3))
    assert figures.cell("nps", "detractors", "2026-06") == pytest.approx((1 / 3, 1, 3, 3))
    assert figures.cell("nps", "value", "2026q2") == figures.cell("nps", "value", "2026-06")
    # A wrote 90 days to the second before; B at the very second, which is not before; C's too, 90.
    assert figures.cell("nps", "value_supported", "2026-06") == (-50.0, None, None, 2)
    assert figures.cell("nps", "value_unsupported", "2026-06") == (100.0, None, None, 1)
    # In April A had not answered; D had.
    assert figures.cell("nps", "value", "2026-04") == pytest.approx((200 / 3, None, None, 3))
    assert figures.cell("nps", "responses", "2026-04", customer_segment="inactive").n == 3
    assert figures.cell("nps", "value", "2026-08") == (None, None, None, 0)
    assert figures.cell("nps", "responses", "2026-08") == (0.0, None, None, 0)
