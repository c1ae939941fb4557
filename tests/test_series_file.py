"""`bookbag detect`: series in a file, in any order and with holes, and what a bad one is told."""

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support import bookbag, call

BEGIN = date(2024, 1, 1)
SCHEMA = pa.schema(
    [("series_id", pa.string()), ("kind", pa.string()), ("bucket", pa.date32()),
     ("value", pa.float64()), ("numerator", pa.float64()), ("denominator", pa.float64())]
)  # fmt: skip
Row = dict[str, object]


def counted(name: str, days: int, first: int = 0) -> list[Row]:
    drawn = np.random.default_rng(4).poisson(60, days)
    return [
        {"series_id": name, "kind": "count", "bucket": BEGIN + timedelta(first + day),
         "value": float(figure), "numerator": float(figure), "denominator": None}
        for day, figure in enumerate(drawn)
    ]  # fmt: skip


def write(folder: Path, rows: list[Row], calendar: str = "", schema: pa.Schema = SCHEMA) -> None:
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / "series.parquet")
    (folder / "calendar.csv").write_text(f"name,kind,starts_on,ends_on\n{calendar}")


def arguments(folder: Path, *more: str) -> list[object]:
    return ["detect", "--series", folder / "series.parquet", "--calendar", folder / "calendar.csv",
            "--out", folder / "flags.parquet", *more]  # fmt: skip


def flags(folder: Path, *more: str) -> list[tuple[object, ...]]:
    bookbag(*arguments(folder, *more))
    found = pq.read_table(folder / "flags.parquet")
    return [tuple(row.values()) for row in found.to_pylist()]


def test_flags_name_the_series_the_bucket_and_the_rule(tmp_path: Path) -> None:
    rows = counted("steady", 120) + counted("spiky", 120)
    rows[120 + 100]["value"] = 200.0
    write(tmp_path, rows)
    ((name, bucket, score, rule),) = flags(tmp_path)
    assert (name, bucket, rule) == ("spiky", BEGIN + timedelta(100), "alone")
    assert isinstance(score, float) and score > 4


def test_rows_come_in_any_order_and_a_series_begins_when_it_does(tmp_path: Path) -> None:
    """One that begins late is learned first: its 13th day may be what it likes."""
    rows = counted("old", 160) + counted("new", 60, first=90)
    rows[160 + 13]["value"] = 400.0
    rows[160 + 50]["value"] = 0.0
    np.random.default_rng(1).shuffle(rows)
    write(tmp_path, rows)
    assert [(row[0], row[1], row[3]) for row in flags(tmp_path)] == [
        ("new", BEGIN + timedelta(140), "dead_feed")
    ]


def test_the_calendar_is_heard(tmp_path: Path) -> None:
    rows = counted("shop", 120)
    for day in (100, 101):
        rows[day]["value"] = 200.0
    day = BEGIN + timedelta(100)
    write(tmp_path, rows, f"Sale,promo,{day},{day + timedelta(1)}\n")
    assert flags(tmp_path) == []
    write(tmp_path, rows)
    assert {row[1] for row in flags(tmp_path)} == {day, day + timedelta(1)}


def test_hours_are_held_against_the_same_hour_of_the_week(tmp_path: Path) -> None:
    """A quiet night is no news; the same figure at noon is."""
    begin, hours = datetime(2024, 1, 1), 6 * 168
    day = np.array([2] * 8 + [40] * 12 + [8] * 4)
    drawn = np.random.default_rng(4).poisson(day[np.arange(hours) % 24]).astype(float)
    noon = 5 * 168 + 12
    drawn[noon : noon + 3] = 2
    rows: list[Row] = [
        {"series_id": "shop", "kind": "count", "bucket": begin + timedelta(hours=hour),
         "value": figure, "numerator": figure, "denominator": None}
        for hour, figure in enumerate(drawn)
    ]  # fmt: skip
    schema = SCHEMA.set(2, pa.field("bucket", pa.timestamp("us")))
    write(tmp_path, rows, schema=schema)
    found = {row[1] for row in flags(tmp_path, "--freq", "H")}
    assert begin + timedelta(hours=noon) in found
    assert all(noon <= (at - begin) / timedelta(hours=1) < noon + 15 for at in found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "volume"}, "kind 'volume' is unknown"),
        ({"bucket": BEGIN}, "two rows of one bucket"),
    ],
)
def test_a_row_that_cannot_be_is_named(tmp_path: Path, change: Row, said: str) -> None:
    rows = counted("shop", 3)
    rows[2] |= change
    write(tmp_path, rows)
    called = call(*arguments(tmp_path))
    assert called.code == 2
    assert said in called.err and "series.parquet" in called.err


def test_files_that_are_no_series_are_named(tmp_path: Path) -> None:
    write(tmp_path, counted("shop", 3), schema=SCHEMA.remove(1))
    called = call(*arguments(tmp_path))
    assert (called.code, "no column kind" in called.err) == (2, True)
    write(tmp_path, counted("shop", 3))
    (tmp_path / "calendar.csv").write_text("name,kind,starts_on,ends_on\nSale,promo,soon,later\n")
    called = call(*arguments(tmp_path))
    assert (called.code, "calendar.csv" in called.err) == (2, True)
    (tmp_path / "series.parquet").write_text("no Parquet")
    called = call(*arguments(tmp_path))
    assert (called.code, "cannot be read as Parquet" in called.err) == (2, True)


def test_days_are_no_hours(tmp_path: Path) -> None:
    rows = counted("shop", 3)
    for row, hour in zip(rows, (0, 7, 0), strict=True):
        row["bucket"] = datetime(2024, 1, 2, hour)
    write(tmp_path, rows, schema=SCHEMA.set(2, pa.field("bucket", pa.timestamp("us"))))
    called = call(*arguments(tmp_path))
    assert (called.code, "--freq" in called.err) == (2, True)


def test_the_detector_finds_what_a_labelled_set_holds(shared: Path, tmp_path: Path) -> None:
    """The bars of the design, by the set's own scorer; sets like it are the acceptance."""
    import json
    import subprocess
    import sys

    bench = shared / "bench/anomaly"
    out = tmp_path / "flags.parquet"
    bookbag("detect", "--series", bench / "daily_101/series.parquet", "--calendar",
            bench / "daily_101/calendar.csv", "--out", out)  # fmt: skip
    scored = subprocess.run(
        [sys.executable, bench / "score.py", out, bench / "daily_101"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(scored.stdout.splitlines()[-1])
    assert found["f1"] >= 0.85
    assert found["precision"] >= 0.88
    assert found["recall"] >= 0.82
    assert found["false_per_series_period"] <= 0.06
    assert found["false_on_calendar"] <= 1
