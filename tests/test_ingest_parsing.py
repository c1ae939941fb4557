"""Cells → values of the contract, the row's key, and what is set aside and why."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.ingest_support import NOW, Bad, stage


def values(folder: Path, entity: str, column: str, *texts: object, **settings: Any) -> list[Any]:
    """The column's values of rows that are else alike, or the reason why one was set aside."""
    rows_of: dict[str, dict[str, Any]] = {
        "tickets": {"ticket_id": "1"},
        "orders": {"order_id": "1", "placed_at": "2026-01-01"},
        "schedules": {"schedule": "s", "timezone": "UTC", "weekday": 1, "opens": "08:00",
                      "closes": "24:00"},
        "support_costs": {"month": "2026-01", "kind": "tools", "amount": 1},
        "calendar_context": {"name": "x", "kind": "promo", "starts_on": "1999-01-01",
                             "ends_on": "2199-01-01"},
        "time_entries": {"ticket_id": "1", "agent_id": "a", "started_at": "2026-01-01",
                         "seconds": 1},
        "fx_rates": {"date": "2026-01-01", "currency": "EUR", "rate": 1},
        "nps_responses": {"customer_id": "1", "responded_at": "2026-01-01", "score": 1},
    }  # fmt: skip
    rows = [{**rows_of[entity], column: text} for text in texts]
    staged = stage(folder, f"{entity}.jsonl", rows, f'_line, "{column}"', entity=entity, **settings)
    found = dict(staged.rows) | {bad.line: bad.reason for bad in staged.bad}
    return [found[n + 1] for n in range(len(texts))]


def test_ids_stay_as_they_are_written(tmp_path: Path) -> None:
    text = "ticket_id,order_id\n007,1e3\n 8 ,1.0\n9,2026-01-01\n"
    staged = stage(tmp_path, "tickets.csv", text, "ticket_id, order_id")

    assert staged.rows == [("007", "1e3"), ("8", "1.0"), ("9", "2026-01-01")]


def test_numbers(tmp_path: Path) -> None:
    refused = [f"no number: {text}" for text in ("1,5", "1.234.567", "12,34", "$5", "nan", "1e20")]
    found = values(
        tmp_path, "orders", "total", "1", "+2.50", "-0.00005", ".5", "1,234.50", "1e3", 7, 0.1,
        "1,5", "1.234.567", "12,34", "$5", "nan", "1e20",
    )  # fmt: skip

    assert found[:8] == [
        Decimal(1), Decimal("2.5"), Decimal("-0.0001"), Decimal("0.5"), Decimal("1234.5"),
        Decimal(1000), Decimal(7), Decimal("0.1"),
    ]  # fmt: skip
    assert found[8:] == refused
    assert values(tmp_path, "fx_rates", "rate", "0.123456789", "inf", "nan") == [
        0.123456789, "no number: inf", "no number: nan",
    ]  # fmt: skip


def test_a_decimal_comma_is_for_texts_not_for_numbers_that_are_numbers(tmp_path: Path) -> None:
    found = values(
        tmp_path, "orders", "total", "1,5", "1.234,50", "1.234", "2.5", 2.5, 1.234, 3, decimal=","
    )
    assert found == [
        Decimal("1.5"), Decimal("1234.5"), Decimal(1234), "no number: 2.5", Decimal("2.5"),
        Decimal("1.234"), Decimal(3),
    ]  # fmt: skip

    table = pa.table(
        {
            "order_id": ["1", "2"],
            "placed_at": ["2026-01-01"] * 2,
            "total": pa.array([1.234, None], pa.float32()),
            "tax": pa.array([1.234, None], pa.float64()),
            "discount": pa.array([Decimal("1.234"), None], pa.decimal128(9, 3)),
        }
    )
    staged = stage(
        tmp_path, "orders.parquet", table, "total, tax, discount", entity="orders", decimal=","
    )
    assert staged.rows == [(Decimal("1.234"),) * 3, (None,) * 3]


def test_a_float_is_the_number_that_it_shows(tmp_path: Path) -> None:
    table = pa.table(
        {
            "order_id": ["1"],
            "placed_at": ["2026-01-01"],
            "total": pa.array([12345.67], pa.float32()),
        }
    )
    staged = stage(tmp_path, "orders.parquet", table, "total", entity="orders")

    assert staged.rows == [Decimal("12345.67")]


def test_whole_numbers_have_bounds(tmp_path: Path) -> None:
    assert values(tmp_path, "time_entries", "seconds", "60", 60.0, "60.0", "0", -1, "1.5", 1.5) == [
        60, 60, 60, 0, "not 0 or more: -1", "no whole number: 1.5", "no whole number: 1.5",
    ]  # fmt: skip
    assert values(tmp_path, "nps_responses", "score", 0, 10, 11, "ten") == [
        0, 10, "not 0 to 10: 11", "no whole number: ten",
    ]  # fmt: skip


def test_booleans(tmp_path: Path) -> None:
    texts = ("true", "TRUE", "1", 1, True, "yes", "No", 0, False, "f", "", None, "2", "maybe")

    assert values(tmp_path, "tickets", "is_spam", *texts) == [
        *[True] * 6, *[False] * 4, None, None,
        "neither true nor false: 2", "neither true nor false: maybe",
    ]  # fmt: skip


def test_lists_are_json_or_parted_by_semicolons(tmp_path: Path) -> None:
    found = values(
        tmp_path, "tickets", "tags", "vip; gift;;", '["a",  "b;c"]', ["a", "b;c"], "", "[]", "one",
        '["torn',
    )  # fmt: skip

    assert found == [
        '["vip","gift"]', '["a","b;c"]', '["a","b;c"]', None, "[]", '["one"]', 'no list: ["torn',
    ]  # fmt: skip


def test_dates_months_and_hours(tmp_path: Path) -> None:
    days = ("2026-03-01", "2026-03-01T23:30:00Z", "20260301", "1.3.2026")
    found = values(tmp_path, "calendar_context", "starts_on", *days)
    assert found == [*[date(2026, 3, 1)] * 3, "no date: 1.3.2026"]

    days = ("01.03.2026", "01.03.2026 23:30", "2026-03-01", "2026.03.01")
    found = values(
        tmp_path, "calendar_context", "starts_on", *days, datetime_format="%d.%m.%Y %H:%M"
    )
    assert found == [*[date(2026, 3, 1)] * 3, "no date: 2026.03.01"]

    found = values(tmp_path, "support_costs", "month", "2026-03", "2026-03-31", "2026-13", "May")
    said = "no month (YYYY-MM): "
    assert found == ["2026-03", "2026-03", f"{said}2026-13", f"{said}May"]

    found = values(tmp_path, "schedules", "opens", "9:00", "08:30:00", "25:00", "9")
    said = "no time of day (HH:MM): "
    assert found == ["09:00", "08:30", f"{said}25:00", f"{said}9"]


def test_scores_belong_to_their_scale(tmp_path: Path) -> None:
    text = "ticket_id,rated_at,score,scale\n" + "".join(
        f"1,2026-03-01,{score},{scale}\n"
        for score, scale in [("5", ""), ("4.5", "1-5"), ("3.0", "1-3"), ("10", "1-10"),
                             ("Good", "GOOD_BAD"), ("6", ""), ("0", "1-10"), ("5", "good_bad"),
                             ("3", "1-7"), ("good", "")]
    )  # fmt: skip
    staged = stage(tmp_path, "csat_responses.csv", text, "score, scale", entity="csat_responses")

    assert staged.rows == [
        ("5", None), ("4.5", "1-5"), ("3", "1-3"), ("10", "1-10"), ("good", "good_bad"),
    ]  # fmt: skip
    assert [(bad.column, bad.reason) for bad in staged.bad] == [
        ("score", "no score of its scale: 6"), ("score", "no score of its scale: 0"),
        ("score", "no score of its scale: 5"), ("scale", "none of 1-5, 1-3, 1-10, good_bad: 1-7"),
        ("score", "no score of its scale: good"),
    ]  # fmt: skip


def test_a_row_is_set_aside_for_the_first_column_that_breaks_its_contract(tmp_path: Path) -> None:
    future = (NOW + timedelta(days=2)).isoformat()
    tomorrow = (NOW + timedelta(hours=23)).isoformat()
    lines = [
        f"m1,t1,{tomorrow},customer,,1",
        ",,nonsense,customer,,1",
        "m2,t1,yesterday,robot,,1",
        "m3,t1,2026-03-01,robot,,1",
        f"m4,t1,{future},customer,,1",
        "m5,t1,2026-03-01,customer,perhaps,1",
        "m6,t1,2026-03-01,Human_Agent,no,1.5",
    ]
    text = "\n".join(["message_id,ticket_id,sent_at,author_kind,is_public,seq", *lines])
    staged = stage(tmp_path, "messages.csv", text, "message_id", entity="messages")

    kinds = "customer, human_agent, ai_agent, automation, system"
    assert staged.rows == ["m1"]
    assert staged.bad == [
        Bad(3, "ticket_id", "a required value is missing", lines[1]),
        Bad(4, "sent_at", "no instant: yesterday", lines[2]),
        Bad(5, "author_kind", f"none of {kinds}: robot", lines[3]),
        Bad(6, "sent_at", f"in the future: {future}", lines[4]),
        Bad(7, "is_public", "neither true nor false: perhaps", lines[5]),
        Bad(8, "seq", "no whole number: 1.5", lines[6]),
    ]


def test_a_status_is_known_or_mapped_and_a_span_ends_after_it_begins(tmp_path: Path) -> None:
    events = (
        "ticket_id,occurred_at,event_type,to_value\n"
        "1,2026-03-01,status_changed,Pending\n"
        "1,2026-03-01,status_changed,parked\n"
        "1,2026-03-01,assigned,parked\n"
    )
    staged = stage(
        tmp_path, "ticket_events.csv", events, "event_type, to_value", entity="ticket_events"
    )
    assert staged.rows == [("status_changed", "pending"), ("assigned", "parked")]
    assert staged.bad[0].column == "to_value" and "parked" in staged.bad[0].reason

    roster = "agent_id,starts_at,ends_at\na,2026-03-01 09:00,2026-03-01 09:00\n"
    (bad,) = stage(tmp_path, "roster.csv", roster, "agent_id", entity="roster").bad
    assert (bad.column, bad.reason) == ("ends_at", "not after starts_at: 2026-03-01 09:00")
    assert values(tmp_path, "schedules", "timezone", "Europe/Rome", "Mars/Base") == [
        "Europe/Rome", "no time zone: Mars/Base",
    ]  # fmt: skip


def test_the_key_is_the_natural_one_or_the_hash_of_the_whole_row(tmp_path: Path) -> None:
    lines = "order_id,line_no,sku,quantity,x,y\n1,2,a,1,p,\n1,,a,1,p,\n1,,a,1,q,\n1,,b,1,q,\n"
    staged = stage(tmp_path, "order_lines.csv", lines, "_key, _row_hash", entity="order_lines")
    (natural, _), first, second, third = staged.rows

    assert natural == "1|2"
    assert len({first[0], second[0], third[0]}) == 3
    assert first[1] == second[1] != third[1]  # a change of what is unknown is no change

    swapped: list[dict[str, Any]] = [
        {"y": None, "x": "p", "quantity": 1.0, "sku": "a", "order_id": "1"},
        {"quantity": 1, "sku": "a", "order_id": 1, "x": "q"},
    ]
    again = stage(tmp_path, "lines.jsonl", swapped, "_key, _row_hash", entity="order_lines")
    assert again.rows == [first, second]


def test_an_event_without_an_id_is_what_happened_when_and_by_whom(tmp_path: Path) -> None:
    head = "ticket_id,occurred_at,event_type,to_value,actor_id,seq,reason,extra\n"
    same = ["1,2026-03-01,assigned,Ann,a,1,x,p", "1,2026-03-01,assigned,Ann,a,2,y,q"]
    other = ["1,2026-03-01,assigned,Bob,a,1,x,p", "1,2026-03-01,assigned,Ann,b,1,x,p"]
    text = head + "\n".join([*same, *other])
    keys = stage(tmp_path, "ticket_events.csv", text, "_key", entity="ticket_events").rows

    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
