"""Broken rows, torn files and files of another kind → what is set aside, or a failure."""

import gzip
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingestion.errors import IngestError
from ingestion.export import delimited, reading
from tests.ingest_support import Bad, Content, stage


def test_what_cannot_be_split_costs_its_row_only(tmp_path: Path) -> None:
    data = (
        b"ticket_id,subject\n"
        b"1,good\n"
        b"2\n"
        b"3,too,many\n"
        b"4,caff\xe8\n"
        b'5,"never closed\n'
        b'6,5" nail\n'
        b'7,"two\n\nlines"\n'
        b'8,"said ""yes"""\n'
        b'9,"bad "quote"\n'
        b"10,a\rb\n"
        b'11,"a\rb"\n'
        b"12,torn"
    )
    staged = stage(tmp_path, "tickets.csv", data, "ticket_id, subject, _line")

    assert staged.rows == [
        ("1", "good", 2), ("6", '5" nail', 7), ("7", "two\n\nlines", 8),
        ("8", 'said "yes"', 11), ("10", "a\rb", 13), ("11", "a\rb", 14), ("12", "torn", 15),
    ]  # fmt: skip
    assert staged.bad == [
        Bad(3, None, "1 fields where the header has 2", "2"),
        Bad(4, None, "3 fields where the header has 2", "3,too,many"),
        Bad(5, None, "bytes that are no utf-8 text", "4,caff\ufffd"),
        Bad(6, None, "text after a closing quote", '5,"never closed'),
        Bad(12, None, "text after a closing quote", '9,"bad "quote"'),
    ]
    assert (staged.result.rows_read, staged.result.rows_quarantined) == (12, 5)


def test_a_quote_that_nobody_closes_takes_only_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "MAX_ROW_LINES", 50)
    monkeypatch.setattr(reading, "BLOCK_BYTES", 100)
    lines = [f"{n},s{n}" for n in range(300)]
    lines[10] = '10,"open'
    staged = stage(tmp_path, "tickets.csv", "\n".join(["ticket_id,subject", *lines]), "ticket_id")

    assert staged.rows == [str(n) for n in range(300) if n != 10]
    assert staged.bad == [Bad(12, None, "a quote that is never closed", '10,"open')]


def test_undecodable_bytes_are_told_from_a_replacement_sign_that_was_exported(
    tmp_path: Path,
) -> None:
    data = "ticket_id,subject\n1,a\ufffdb\n2,c\n".encode("utf-16")
    data += b"\x00\xd8" + "3,d\n".encode("utf-16-le")
    staged = stage(tmp_path, "tickets.csv", data, "ticket_id, subject", encoding="utf-16")

    assert staged.rows == [("1", "a\ufffdb"), ("2", "c")]
    assert [(bad.line, bad.reason) for bad in staged.bad] == [(4, "bytes that are no utf-16 text")]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_archive_that_ends_early_gives_what_it_holds_and_says_so(
    tmp_path: Path, kind: str
) -> None:
    row = "T{0},{0}\n" if kind == "csv" else '{{"ticket_id": "T{0}", "subject": "{0}"}}\n'
    head = "ticket_id,subject\n" if kind == "csv" else ""
    rng = random.Random(5)
    numbers = [rng.randrange(10**9) for _ in range(4000)]
    whole = gzip.compress("".join([head, *(row.format(n) for n in numbers)]).encode())
    staged = stage(tmp_path, f"tickets.{kind}.gz", whole[: len(whole) // 2], "ticket_id")

    assert 1000 < len(staged.rows) < 3000
    assert staged.rows == [f"T{n}" for n in numbers[: len(staged.rows)]]
    (bad,) = staged.bad
    assert bad.reason == "the compressed file ends early"
    assert bad.line == len(staged.rows) + (2 if kind == "csv" else 1)


def test_json_lines_that_are_no_objects_are_set_aside(tmp_path: Path) -> None:
    text = '{"ticket_id":"1"}\n[1]\n"x"\n{"ticket_id":\n\n{"ticket_id":"2"}\nnull\n{"a":1}'
    staged = stage(tmp_path, "tickets.jsonl", text, "ticket_id, _line")

    assert staged.rows == [("1", 1), ("2", 6)]
    assert staged.bad == [
        Bad(2, None, "no JSON object", "[1]"),
        Bad(3, None, "no JSON object", '"x"'),
        Bad(4, None, "no JSON object", '{"ticket_id":'),
        Bad(7, None, "no JSON object", "null"),
        Bad(8, "ticket_id", "a required value is missing", '{"a":1}'),
    ]


@pytest.mark.parametrize(
    ("name", "content", "mapping", "said"),
    [
        ("tickets.csv", "id,subject\n1,a\n", {}, "no column ticket_id; its columns are id, subj"),
        ("tickets.csv", "ticket_id;subject\n1;a\n", {}, "its columns are ticket_id;subject"),
        ("tickets.csv", "a,ticket_id\n1,2\n", {"columns": {"ticket_id": "Nr"}},
         "no column ticket_id (as 'Nr'); its columns are a, ticket_id"),
        ("tickets.csv", "ticket_id\n1\n", {"rows": {"Kind": "x"}}, "'Kind' (named in `rows`)"),
        ("tickets.csv", "ticket_id,s\n1,a\n".encode("utf-16"), {}, "tickets.csv:1: the header"),
        ("tickets.csv", b"ticket_id,s\n1,\xe8\n2,\xe9\n", {},
         "none of its 2 rows can be read; line 2: bytes that are no utf-8 text"),
        ("tickets.csv", "ticket_id,s\n1\n2\n", {}, "line 2: 1 fields where the header has 2"),
        ("tickets.csv", "ticket_id\n1\n", {"encoding": "klingon"}, "encoding 'klingon' is unkno"),
        ("tickets.jsonl", '{"id": 1}\n{"subject": 2}\n', {}, "its columns are id, subject"),
        ("tickets.jsonl", '[\n{"ticket_id": 1},\n]\n', {}, "line 1: no JSON object"),
        ("tickets.parquet", pa.table({"id": [1]}), {}, "no column ticket_id; its columns are id"),
        ("tickets.parquet", "ticket_id\n1\n", {}, "tickets.parquet cannot be read: "),
        ("tickets.csv.gz", pa.table({"id": [1]}), {}, "tickets.csv.gz cannot be read: Not a gz"),
        ("tickets.parquet", pa.table({"ticket_id": pa.array([Decimal(1)], pa.decimal256(50, 2))}),
         {}, "column ticket_id is a decimal256(50, 2), which cannot be read exactly"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_the_settings_say_is_named(
    tmp_path: Path, name: str, content: Content, mapping: dict[str, Any], said: str
) -> None:
    with pytest.raises(IngestError) as failure:
        stage(tmp_path, name, content, "ticket_id", **mapping)

    assert str(failure.value).startswith(f"source desk, table tickets: {name}")
    assert said in str(failure.value)


def test_a_bad_parquet_row_is_shown_whole(tmp_path: Path) -> None:
    table = pa.table(
        {"Nr": ["1", None, "3"], "is_spam": ["yes", "no", "maybe"], "x": [1.5, float("nan"), 2.0]}
    )
    staged = stage(
        tmp_path, "tickets.parquet", table, "ticket_id, _line", columns={"ticket_id": "Nr"}
    )

    assert staged.rows == [("1", 1)]
    assert staged.bad == [
        Bad(2, "ticket_id", "a required value is missing", '{"Nr":null,"is_spam":"no","x":null}'),
        Bad(3, "is_spam", "neither true nor false: maybe", '{"Nr":"3","is_spam":"maybe","x":2.0}'),
    ]


def test_ten_thousand_bad_rows_leave_the_other_ninety_thousand(tmp_path: Path) -> None:
    bad = ["x{0},2026-99-01", ",2026-01-01", "x{0}", 'x{0},"open']
    lines = [
        bad[n // 10 % 4].format(n) if n % 10 == 0 else f"{n},2026-01-01" for n in range(100_000)
    ]
    text = "\n".join(["ticket_id,created_at", *lines, ""])
    staged = stage(tmp_path, "tickets.csv", text, "ticket_id")

    assert len(staged.rows) == 90_000
    assert (staged.result.rows_good, staged.result.rows_quarantined) == (90_000, 10_000)
    assert [row.line for row in staged.bad] == list(range(2, 100_002, 10))
