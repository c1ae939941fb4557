"""Files of every format and encoding → the same rows, whatever their size."""

import csv
import io
import random
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingestion.errors import IngestError
from ingestion.export import reading, staging
from ingestion.export.delimited import unique_names
from tests.ingest_support import Bad, Content, stage

LINES = '''order_id,line_no,sku,quantity,unit_price,placed_at,customer_id,note
007,1,A-1,2,19.90,2026-03-01T10:00:00Z,42,gift
007,2,,1,5,2026-03-01T10:00:00+00:00,42,
8,1,"B, ""big""",-1,0.5,2026-03-02T00:30:00.250Z,,
'''
LANDED = "order_id, line_no, sku, quantity, unit_price, placed_at, customer_id, _key"
EXPECTED: list[tuple[Any, ...]] = [
    ("007", 1, "A-1", Decimal("2"), Decimal("19.9"), datetime(2026, 3, 1, 10), "42", "007|1"),
    ("007", 2, None, Decimal("1"), Decimal("5"), datetime(2026, 3, 1, 10), "42", "007|2"),
    ("8", 1, 'B, "big"', Decimal("-1"), Decimal("0.5"),
     datetime(2026, 3, 2, 0, 30, 0, 250_000), None, "8|1"),
]  # fmt: skip
OBJECTS: list[dict[str, Any]] = [
    {"order_id": "007", "line_no": 1, "sku": "A-1", "quantity": 2, "unit_price": 19.9,
     "placed_at": "2026-03-01T10:00:00Z", "customer_id": 42, "note": "gift"},
    {"order_id": "007", "line_no": 2, "sku": "", "quantity": 1.0, "unit_price": "5",
     "placed_at": "2026-03-01T10:00:00Z", "customer_id": 42.0, "note": None},
    {"order_id": 8, "line_no": 1, "sku": 'B, "big"', "quantity": -1, "unit_price": 0.5,
     "placed_at": "2026-03-02T00:30:00.25Z"},
]  # fmt: skip


def order_lines() -> pa.Table:
    """As pandas would write them: ids with gaps are floats, a money column is a decimal."""
    moments = [datetime(2026, 3, 1, 10), datetime(2026, 3, 1, 10), datetime(2026, 3, 2, 0, 30)]
    moments[2] = moments[2].replace(microsecond=250_000)
    return pa.table(
        {
            "order_id": pa.array(["007", "007", "8"]).dictionary_encode(),
            "line_no": pa.array([1.0, 2.0, 1.0], pa.float64()),
            "sku": ["A-1", "", 'B, "big"'],
            "quantity": pa.array([2, 1, -1], pa.int8()),
            "unit_price": pa.array(map(Decimal, ("19.90", "5.00", "0.50")), pa.decimal128(9, 2)),
            "placed_at": pa.array(moments, pa.timestamp("ns")),
            "customer_id": pa.array([42.0, 42.0, float("nan")], pa.float64(), from_pandas=False),
            "note": ["gift", None, ""],
        }
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("order_lines.csv", LINES),
        ("order_lines.csv.gz", LINES.replace("\n", "\r\n")),
        ("order_lines.jsonl", OBJECTS),
        ("order_lines.jsonl.gz", OBJECTS),
        ("lines.json", OBJECTS),
        ("order_lines.parquet", order_lines()),
        ("ORDER_LINES.CSV", LINES.removesuffix("\n")),
    ],
)
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str, content: Content) -> None:
    staged = stage(tmp_path, name, content, LANDED, entity="order_lines")

    assert staged.rows == EXPECTED
    assert staged.bad == []
    assert (staged.result.rows_read, staged.result.rows_good) == (3, 3)


def test_every_format_gives_the_same_hashes_and_keeps_unknown_columns(tmp_path: Path) -> None:
    contents: dict[str, Content] = {"csv": LINES, "jsonl": OBJECTS, "parquet": order_lines()}
    hashes = {}
    for extension, content in contents.items():
        staged = stage(
            tmp_path, f"order_lines.{extension}", content, "_row_hash", entity="order_lines"
        )
        hashes[extension] = staged.rows
        extra = stage(tmp_path, f"order_lines.{extension}", content, "_extra", entity="order_lines")
        assert extra.rows == ['{"note":"gift"}', None, None]

    assert hashes["csv"] == hashes["jsonl"] == hashes["parquet"]
    assert len(set(hashes["csv"])) == 3


@pytest.mark.parametrize("block", [150, 2000])
def test_rows_do_not_depend_on_where_blocks_end(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(block)
    letters = [*"ab ,;\"'", "\n", "\r\n", "\r", '""', "é", "\u2028", "😀", "\ufffd"]
    texts = [["ticket_id", "subject", "category"]]
    texts += [
        [f"T{n}", *("".join(rng.choices(letters, k=rng.randrange(9))) for _ in range(2))]
        for n in range(60)
    ]
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator=rng.choice(["\n", "\r\n"])).writerows(texts)
    monkeypatch.setattr(reading, "BLOCK_BYTES", block)
    monkeypatch.setattr(reading, "STEP_BYTES", 50)

    for encoding in ("utf-8", "utf-16"):
        data = written.getvalue().encode(encoding)
        staged = stage(
            tmp_path, "tickets.csv", data, "ticket_id, subject, category", encoding=encoding
        )
        assert staged.bad == []
        assert staged.rows == [
            (key, *(cell.strip(" \t\r\n") or None for cell in cells)) for key, *cells in texts[1:]
        ]


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("cp1252", "ticket_id;subject\n1;caffè 5 €\n".encode("cp1252")),
        ("utf-16", "ticket_id;subject\n1;caffè 5 €\n".encode("utf-16")),
        ("utf-16-le", "\ufeffticket_id;subject\n1;caffè 5 €\n".encode("utf-16-le")),
        ("utf-8", "\ufeffticket_id;subject\n1;caffè 5 €\n".encode()),
        ("utf-8", b"ticket_id;subject\r1;caff\xc3\xa8 5 \xe2\x82\xac\r"),
    ],
)
def test_encodings_marks_and_line_ends_leave_no_trace(
    tmp_path: Path, encoding: str, data: bytes
) -> None:
    staged = stage(
        tmp_path, "tickets.csv", data, "ticket_id, subject", encoding=encoding, delimiter=";"
    )

    assert staged.rows == [("1", "caffè 5 €")]


def test_a_tab_is_a_delimiter_and_an_all_empty_row_is_no_blank_line(tmp_path: Path) -> None:
    text = "ticket_id\tsubject\n\n1\tone\n  \n\t\n"
    staged = stage(tmp_path, "tickets.csv", text, "ticket_id, subject, _line", delimiter="\t")

    assert staged.rows == [("1", "one", 3)]
    assert staged.bad == [Bad(5, "ticket_id", "a required value is missing", "\t")]


def test_a_repeated_header_name_gets_a_number() -> None:
    assert unique_names(["a", " a ", "b", "a_2", "a", ""]) == ["a", "a_3", "b", "a_2", "a_4", ""]


def test_header_names_of_any_kind_are_told_apart(tmp_path: Path) -> None:
    text = 'Ticket,ticket_id,TICKET_ID,subject,subject,_line,"say ""it""",,\nx,1,y,one,two,7,q,,z\n'
    staged = stage(
        tmp_path,
        "tickets.csv",
        text,
        "ticket_id, subject, category, _line, _extra",
        columns={"category": "subject_2"},
    )

    assert staged.rows == [
        ("1", "one", "two", 2, '{"Ticket":"x","TICKET_ID":"y","_line":"7",'
         '"say \\"it\\"":"q","":"","_2":"z"}'),
    ]  # fmt: skip


def test_json_keys_of_any_kind_are_told_apart(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"ticket_id": "1", "Ticket_ID": "no", "": 3, "a/b~c": {"d": [1, None]}, "subject": True},
        {"ticket_id": 2, "subject": None, "tags": ["a;b", "c"]},
    ]
    staged = stage(tmp_path, "tickets.jsonl", rows, "ticket_id, subject, tags, _extra")

    assert staged.rows == [
        ("1", "true", None, '{"":3,"Ticket_ID":"no","a/b~c":{"d":[1,null]}}'),
        ("2", None, '["a;b","c"]', None),
    ]


def test_json_numbers_are_ids_without_a_fraction_and_nan_is_nothing(tmp_path: Path) -> None:
    text = (
        '{"ticket_id":17850.0,"customer_id":NaN}\n{"ticket_id":1e3,"customer_id":"1.0"}\n'
        '{"ticket_id":12345678901234567890,"customer_id":0.5}\n'
    )
    staged = stage(tmp_path, "tickets.jsonl", text, "ticket_id, customer_id")

    assert staged.rows == [("17850", None), ("1000", "1.0"), ("12345678901234567890", "0.5")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *[(name, "") for name in ("t.csv", "t.csv.gz", "t.jsonl", "t.jsonl.gz", "t.parquet")],
        *[(name, "\n \r\n") for name in ("t.csv", "t.csv.gz", "t.jsonl", "t.jsonl.gz")],
    ],
)
def test_an_empty_file_is_no_rows_and_no_failure(tmp_path: Path, name: str, content: str) -> None:
    assert stage(tmp_path, name, content, "ticket_id").result.rows_read == 0


def test_a_header_alone_or_an_empty_parquet_file_is_no_rows(tmp_path: Path) -> None:
    header = stage(tmp_path, "tickets.csv", "subject,ticket_id", "ticket_id")
    empty = stage(tmp_path, "tickets.parquet", pa.table({"ticket_id": ["1"]})[:0], "ticket_id")

    assert (header.result.rows_read, header.result.columns) == (0, ["ticket_id", "subject"])
    assert empty.result.rows_read == 0


def test_parquet_types_become_what_they_mean(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 1, 10, 0, 0, 123_456, tzinfo=UTC)
    table = pa.table(
        {
            "ticket_id": pa.array([17850.0, 2.5], pa.float64()),
            "customer_id": pa.array([float("nan"), 9_007_199_254_740_992.0], pa.float64()),
            "order_id": pa.array([Decimal("1001.00"), Decimal("1.50")], pa.decimal128(12, 2)),
            "created_at": pa.array([moment, None], pa.timestamp("us", "America/New_York")),
            "updated_at": pa.array([1_772_359_200_123_456_789, None], pa.timestamp("ns")),
            "deleted_at": pa.array([datetime(2026, 3, 1, 10), None], pa.timestamp("s")),
            "resolved_at": pa.array([datetime(2026, 3, 1).date(), None], pa.date32()),
            "is_spam": pa.array([True, None], pa.bool_()),
            "is_test": pa.array([1, 0], pa.uint8()),
            "tags": pa.array([["a", "b;c"], []], pa.list_(pa.string())),
            "subject": pa.array([b"caf\xc3\xa9", b"\xff"], pa.binary()),
            "brand": pa.array(["x", "y"]).dictionary_encode(),
            "team": pa.array([None, None], pa.null()),
            "notes": pa.array([{"a": float("nan")}, None], pa.struct({"a": pa.float64()})),
        }
    )
    staged = stage(
        tmp_path,
        "tickets.parquet",
        table,
        "ticket_id, customer_id, order_id, created_at, updated_at, deleted_at, resolved_at,"
        " is_spam, is_test, tags, subject, brand, team",
    )

    utc = moment.replace(tzinfo=None)
    assert staged.rows == [
        ("17850", None, "1001", utc, utc, datetime(2026, 3, 1, 10), datetime(2026, 3, 1),
         True, True, '["a","b;c"]', "café", "x", None),
        ("2.5", "9007199254740992", "1.50", None, None, None, None,
         None, False, "[]", "\\xFF", "y", None),
    ]  # fmt: skip


def test_what_does_not_fit_into_memory_goes_to_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(3)
    subjects = ["".join(rng.choices("abc", k=rng.randint(150, 250))) for _ in range(20_000)] * 12
    content = pa.table({"ticket_id": [str(n) for n in range(len(subjects))], "subject": subjects})
    monkeypatch.setattr(staging, "MEMORY_LIMIT", "60MB")
    staged = stage(tmp_path, "tickets.parquet", content, "length(subject)")
    assert staged.rows == [len(subject) for subject in subjects]

    monkeypatch.setattr(staging, "MEMORY_LIMIT", "5MB")
    with pytest.raises(IngestError, match="needs more memory or more room"):
        stage(tmp_path, "tickets.parquet", content, "subject")
