"""Cells → values of the contract: spellings, mappings, zones, and what is set aside and why."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from ingestion.errors import IngestError
from ingestion.export.mapping import FilesSpec, TableMapping, check_mapping
from ingestion.export.zones import REPEATED, SKIPPED, WallClock
from tests.ingest_support import NOW, Bad, stage

TENTH = datetime(2026, 3, 1, 10, 11, 12)


def instants(folder: Path, *texts: str, **settings: Any) -> list[datetime | None]:
    """`created_at` of tickets with these texts, None where they are quarantined."""
    rows = [{"ticket_id": str(n), "created_at": text} for n, text in enumerate(texts)]
    staged = stage(folder, "tickets.jsonl", rows, "_line, created_at", **settings)
    assert all(bad.reason == f"no instant: {texts[bad.line - 1]}" for bad in staged.bad)
    found = dict(staged.rows)
    return [found.get(n + 1) for n in range(len(texts))]


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


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T10:11:12Z",
        "2026-03-01 10:11:12",
        "2026-03-01T12:11:12+02:00",
        "2026-03-01T12:11:12+0200",
        "2026-03-01 12:11:12 +02",
        "2026-03-01T05:11:12-05:00[America/New_York]",
        "2026-03-01 10:11:12 UTC",
        "2026-03-01 10:11:12 Z",
        "2026-03-01t10:11:12.000z",
        "2026-03-01 10:11:12,000",
        "20260301T101112Z",
        "20260301T101112",
        " 2026-03-01T10:11:12Z\t",
    ],
)
def test_one_instant_has_many_iso_spellings(tmp_path: Path, text: str) -> None:
    assert instants(tmp_path, text) == [TENTH]


def test_parts_of_an_instant_may_be_left_out(tmp_path: Path) -> None:
    texts = ("2026-03-01", "20260301", "2026-03-01T10", "2026-03-01T10Z", "2026-03-01 10:11",
             "2026-03-01T10:11:12.123456789Z", "20260301T1011")  # fmt: skip

    assert instants(tmp_path, *texts) == [
        datetime(2026, 3, 1), datetime(2026, 3, 1), datetime(2026, 3, 1, 10),
        datetime(2026, 3, 1, 10), datetime(2026, 3, 1, 10, 11),
        datetime(2026, 3, 1, 10, 11, 12, 123_456), datetime(2026, 3, 1, 10, 11),
    ]  # fmt: skip


def test_what_is_no_instant_is_not_guessed(tmp_path: Path) -> None:
    texts = ("2026-02-30", "03/01/2026", "1.3.2026", "1772359872", "epoch", "infinity", "now",
             "2026-03-01 10:11 PM", "2026-03-01 10:11:12 EST", "2026-03-01T10:11:12[Europe/Rome]",
             "1026-03-01", "3026-03-01", "2026-03-01 (BC)", "2026-03")  # fmt: skip

    assert instants(tmp_path, *texts) == [None] * len(texts)


def test_only_times_without_offset_are_in_the_sources_zone(tmp_path: Path) -> None:
    texts = ("2026-03-01 10:11:12", "2026-03-01T10:11:12Z", "2026-03-01 10:11:12 UTC",
             "2026-07-01 10:00", "2026-07-01", "2026-07-01T10:00-05:00")  # fmt: skip

    assert instants(tmp_path, *texts, timezone="Europe/Rome") == [
        datetime(2026, 3, 1, 9, 11, 12), TENTH, TENTH, datetime(2026, 7, 1, 8),
        datetime(2026, 6, 30, 22), datetime(2026, 7, 1, 15),
    ]  # fmt: skip


def test_a_format_of_ones_own_reads_offsets_and_walls_mixed(tmp_path: Path) -> None:
    texts = ("01/03/2026 11:11", "01/03/2026 10:11+00:00", "01/03/2026 10:11Z",
             "01/03/2026 12:11 +0200", "01/03/2026 10:11 UTC", "2026-03-01",
             "13/13/2026 10:00")  # fmt: skip
    found = instants(tmp_path, *texts, timezone="Europe/Rome", datetime_format="%d/%m/%Y %H:%M")

    assert found == [datetime(2026, 3, 1, 10, 11)] * 5 + [None] * 2
    assert instants(tmp_path, "2026/03/01 10:11:12.5", datetime_format="%Y/%m/%d %H:%M:%S.%fZ") == [
        datetime(2026, 3, 1, 10, 11, 12, 500_000)
    ]


@pytest.mark.parametrize(
    ("zone", "wall", "utc", "skipped", "repeated"),
    [
        ("Europe/Rome", "2026-03-29 02:30", datetime(2026, 3, 29, 1, 30), 1, 0),
        ("Europe/Rome", "2026-03-29 02:00", datetime(2026, 3, 29, 1), 1, 0),
        ("Europe/Rome", "2026-03-29 03:00", datetime(2026, 3, 29, 1), 0, 0),
        ("Europe/Rome", "2026-10-25 02:30", datetime(2026, 10, 25, 0, 30), 0, 1),
        ("Europe/Rome", "2026-10-25 03:00", datetime(2026, 10, 25, 2), 0, 0),
        ("Australia/Lord_Howe", "2026-10-04 02:10", datetime(2026, 10, 3, 15, 40), 1, 0),
        ("America/New_York", "2026-11-01T01:15:00", datetime(2026, 11, 1, 5, 15), 0, 1),
        ("America/New_York", "2026-11-01T01:15:00-05:00", datetime(2026, 11, 1, 6, 15), 0, 0),
        ("UTC", "2026-03-29 02:30", datetime(2026, 3, 29, 2, 30), 0, 0),
    ],
)
def test_a_skipped_time_moves_by_the_gap_and_a_repeated_one_is_the_first(
    tmp_path: Path, zone: str, wall: str, utc: datetime, skipped: int, repeated: int
) -> None:
    staged = stage(
        tmp_path, "tickets.csv", f"ticket_id,created_at\n1,{wall}\n", "created_at", timezone=zone
    )

    assert staged.rows == [utc]
    assert (staged.result.dst_skipped, staged.result.dst_repeated) == (skipped, repeated)


def test_every_time_of_a_row_counts_in_every_format(tmp_path: Path) -> None:
    gap, double = datetime(2026, 3, 29, 2, 30), datetime(2026, 10, 25, 2, 30)
    table = pa.table({"ticket_id": ["1"], "created_at": [gap], "updated_at": [double]})
    table = table.append_column("resolved_at", pa.array([double], pa.timestamp("ns")))
    typed = stage(tmp_path, "tickets.parquet", table, "created_at", timezone="Europe/Rome")
    custom = stage(
        tmp_path,
        "tickets.csv",
        "ticket_id,created_at\n1,29.3.2026 02.30\n2,29.3.2026 12.30\n",
        "created_at",
        timezone="Europe/Rome",
        datetime_format="%d.%m.%Y %H.%M",
    )

    assert (typed.result.dst_skipped, typed.result.dst_repeated) == (1, 2)
    assert typed.rows == [datetime(2026, 3, 29, 1, 30)] == custom.rows[:1]
    assert (custom.result.dst_skipped, custom.result.dst_repeated) == (1, 0)


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Europe/Dublin", "Australia/Lord_Howe", "Africa/Casablanca",
             "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia"]
)  # fmt: skip
def test_wall_times_agree_with_the_rules_of_zoneinfo(zone: str) -> None:
    first = datetime(2009, 12, 31)
    walls = [first + timedelta(minutes=59 * n) for n in range(100_000)]
    clock, rules = WallClock(zone), ZoneInfo(zone)
    column = pa.array([*walls, None], pa.timestamp("us"))
    faults = clock.fault(column).to_pylist()
    utc = clock.to_utc(column).to_pylist()

    checked = range(0, len(walls), 101)
    near = [n for n, fault in enumerate(faults) if fault]
    for n in [*checked, *near]:
        expected = walls[n].replace(tzinfo=rules)  # fold 0: before the change, as the rule says
        assert utc[n] == expected.astimezone(UTC).replace(tzinfo=None)
        later = expected.replace(fold=1)
        offsets = (expected.utcoffset() or timedelta()), (later.utcoffset() or timedelta())
        fault = 0 if offsets[0] == offsets[1] else SKIPPED if offsets[0] < offsets[1] else REPEATED
        assert faults[n] == fault
    assert utc[-1] is None and faults[-1] is None


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(IngestError, match="'Europe/Roma' is unknown"):
        WallClock("Europe/Roma")


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


def test_a_date_given_as_an_instant_is_the_day_in_the_sources_zone(tmp_path: Path) -> None:
    midnight = datetime(2026, 2, 28, 23, tzinfo=UTC)
    table = pa.table(
        {"name": ["x"], "kind": ["promo"], "starts_on": pa.array([midnight]),
         "ends_on": pa.array([datetime(2026, 3, 1)])}
    )  # fmt: skip
    staged = stage(
        tmp_path,
        "calendar_context.parquet",
        table,
        "starts_on, ends_on",
        entity="calendar_context",
        timezone="Europe/Rome",
    )

    assert staged.rows == [(date(2026, 3, 1), date(2026, 3, 1))]


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


def test_columns_constants_and_rows_are_the_files_own(tmp_path: Path) -> None:
    text = "Case ID;When;Who;Activity\nA;2026-03-01;Ann;Close\nB;2026-03-02;;open\nC;;;Close\n"
    staged = stage(
        tmp_path,
        "ticket_events.csv",
        text,
        "ticket_id, occurred_at, event_type, actor_id, actor_kind, seq, _extra",
        entity="ticket_events",
        columns={"ticket_id": "Case ID", "occurred_at": "When", "actor_id": "Who"},
        constants={"event_type": "closed", "actor_kind": "human_agent", "seq": 7},
        rows={"Activity": "^[A-Z]", "Who": "."},
        delimiter=";",
    )

    assert staged.rows == [
        ("A", datetime(2026, 3, 1), "closed", "Ann", "human_agent", 7, '{"Activity":"Close"}')
    ]
    result = staged.result
    assert (result.rows_read, result.rows_good, result.rows_ignored) == (3, 1, 2)
    assert result.columns == [
        "ticket_id", "occurred_at", "actor_id", "event_type", "actor_kind", "seq",
    ]  # fmt: skip


def test_a_json_row_without_the_column_of_rows_is_not_read(tmp_path: Path) -> None:
    rows = [{"ticket_id": "1"}, {"ticket_id": "2", "kind": "x"}]
    staged = stage(tmp_path, "tickets.jsonl", rows, "ticket_id", rows={"kind": "x"})

    assert staged.rows == ["2"]
    assert staged.result.rows_ignored == 1


def test_values_are_exact_and_may_name_a_value_beside_or_leave_out(tmp_path: Path) -> None:
    text = "ticket_id,occurred_at,event_type,to_value\n" + "".join(
        f"{n},2026-03-01,{event},{to}\n"
        for n, (event, to) in enumerate(
            [("Resolve", "confirmed"), ("Wait", "x"), ("Note", ""), ("wait", ""), ("Wait ", ""),
             ("closed", ""), ("", "")]
        )
    )  # fmt: skip
    staged = stage(
        tmp_path,
        "ticket_events.csv",
        text,
        "ticket_id, event_type, to_value",
        entity="ticket_events",
        values={
            "event_type": {
                "Resolve": "resolved",
                "Wait": "status_changed:pending",
                "Note": "",
                "": "reopened",
            }
        },
    )

    assert staged.rows == [
        ("0", "resolved", "confirmed"), ("1", "status_changed", "pending"),
        ("4", "status_changed", "pending"), ("5", "closed", None), ("6", "reopened", None),
    ]  # fmt: skip
    assert staged.result.rows_ignored == 1
    assert [(bad.line, bad.column) for bad in staged.bad] == [(5, "event_type")]


def test_nulls_are_for_all_columns_or_for_one(tmp_path: Path) -> None:
    text = "ticket_id,created_at,subject,category\n1,?,-,?\n2,2026-03-01,?,-\n"
    for_all = stage(
        tmp_path, "tickets.csv", text, "created_at, subject, category", nulls=("?", "-")
    )
    for_one = stage(
        tmp_path,
        "tickets.csv",
        text,
        "created_at, subject, category",
        nulls={"created_at": ("?",), "category": ("-",)},
    )

    assert for_all.rows == [(None, None, None), (datetime(2026, 3, 1), None, None)]
    assert for_one.rows == [(None, "-", "?"), (datetime(2026, 3, 1), "?", None)]


def test_nulls_and_values_hold_for_typed_columns(tmp_path: Path) -> None:
    table = pa.table(
        {
            "ticket_id": ["1", "2"],
            "is_sync": [True, False],
            "created_at": [datetime(1970, 1, 1)] * 2,
        }
    )
    staged = stage(
        tmp_path,
        "tickets.parquet",
        table,
        "is_sync, created_at",
        nulls={"created_at": ("1970-01-01 00:00:00",)},
        values={"is_sync": {"true": "no"}},
    )

    assert staged.rows == [(False, None), (False, None)]


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


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (FilesSpec("s", "x", tables={"ticket": TableMapping()}), "tables.ticket: there is no such"),
        (FilesSpec("s", "x", tables={"tickets": TableMapping(columns={"id": "Nr"})}),
         "'id' is no column of tickets"),
        (FilesSpec("s", "x", tables={"tickets": TableMapping(rows={"a": "(?=x)"})}),
         "the expression '(?=x)' for rows of 'a' cannot be used"),
        (FilesSpec("s", "x", datetime_format="%Q"), "the datetime_format '%Q' cannot be used"),
        (FilesSpec("s", "x", delimiter="||"), "the delimiter '||' is not one ASCII character"),
        (FilesSpec("s", "x", encoding="latin"), ""),
        (FilesSpec("s", "x", encoding="klingon"), "the encoding 'klingon' is unknown"),
        (FilesSpec("s", "x", tables={"tickets": TableMapping(decimal=";")}),
         "tables.tickets: the decimal sign ';' is neither"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_fail_before_any_file(spec: FilesSpec, said: str) -> None:
    if not said:
        check_mapping(spec)
        return
    with pytest.raises(IngestError) as failure:
        check_mapping(spec)
    assert str(failure.value).startswith("source s")
    assert said in str(failure.value)
