"""Cells → instants in UTC: spellings, formats of one's own, zones, and clocks that change."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from ingestion.errors import IngestError
from ingestion.export.zones import REPEATED, SKIPPED, WallClock
from tests.ingest_support import stage

TENTH = datetime(2026, 3, 1, 10, 11, 12)


def instants(folder: Path, *texts: str, **settings: Any) -> list[datetime | None]:
    """`created_at` of tickets with these texts, None where they are quarantined."""
    rows = [{"ticket_id": str(n), "created_at": text} for n, text in enumerate(texts)]
    staged = stage(folder, "tickets.jsonl", rows, "_line, created_at", **settings)
    assert all(bad.reason == f"no instant: {texts[bad.line - 1]}" for bad in staged.bad)
    found = dict(staged.rows)
    return [found.get(n + 1) for n in range(len(texts))]


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
