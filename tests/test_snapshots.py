"""Figures as published: new ones are recorded, the same again are not, a restatement is a delta."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from bookbag_orchestration.snapshots import write_snapshots

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
SEGMENTS = ("handling", "channel", "category", "team", "customer_segment")


def figure(
    value: float | None = 4.0,
    *,
    kpi: str = "csat",
    grain: str = "week",
    n: int = 25,
    is_partial: bool = False,
    is_mature: bool = True,
    **segments: str,
) -> str:
    cut = ", ".join(f"'{segments.get(name, 'all')}' as {name}" for name in SEGMENTS)
    shown = "null" if value is None else value
    return (
        f"select '{kpi}' as kpi, 'mean' as stat, '{grain}' as grain,"
        " timestamp '2026-11-09' as period_start, timestamp '2026-11-16' as period_end,"
        f" {cut}, cast({shown} as double) as value, cast(null as double) as numerator,"
        f" cast(null as double) as denominator, cast({n} as bigint) as n, 'event' as attribution,"
        f" {is_partial} as is_partial, {is_mature} as is_mature, false as is_low_sample,"
        " timestamptz '2026-11-20 00:00:00+00' as data_as_of, 'a1' as definition_version"
    )


def published(folder: Path, figures: list[str], now: datetime) -> list[tuple[object, ...]]:
    """Publishes the figures over what the folder holds; the snapshots afterwards."""
    former, fresh = folder / "bookbag.duckdb", folder / "next.duckdb"
    with duckdb.connect(str(fresh)) as copy:
        copy.execute("set timezone = 'UTC'")
        copy.execute("create schema marts")
        copy.execute("create table marts.kpi_values as " + " union all ".join(figures))
        copy.execute("create table marts.account as select timestamptz '2026-11-20' as data_as_of")
        write_snapshots(copy, former, now)
        rows = copy.execute(
            "select kpi, handling, channel, value, restated_from, delta, published_at"
            " from marts.kpi_snapshots order by published_at, handling, channel"
        ).fetchall()
    fresh.replace(former)
    return rows


def test_the_same_figures_again_add_nothing(tmp_path: Path) -> None:
    once = published(tmp_path, [figure(4.0)], NOW)
    assert once == [("csat", "all", "all", 4.0, None, None, NOW)]
    assert published(tmp_path, [figure(4.0 + 1e-13)], NOW + timedelta(hours=1)) == once


def test_a_restatement_is_a_delta_and_the_old_value_stays(tmp_path: Path) -> None:
    published(tmp_path, [figure(4.0)], NOW)
    later = NOW + timedelta(days=1)
    published(tmp_path, [figure(3.5)], later)
    assert published(tmp_path, [figure(3.75)], later + timedelta(days=1)) == [
        ("csat", "all", "all", 4.0, None, None, NOW),
        ("csat", "all", "all", 3.5, 4.0, -0.5, later),
        ("csat", "all", "all", 3.75, 3.5, 0.25, later + timedelta(days=1)),
    ]


def test_what_becomes_known_or_unknown_is_a_restatement_too(tmp_path: Path) -> None:
    """Costs arrive after the month has ended; n was there before."""
    published(tmp_path, [figure(None)], NOW)
    later = NOW + timedelta(days=1)
    published(tmp_path, [figure(12.7)], later)
    assert published(tmp_path, [figure(None)], later + timedelta(days=1)) == [
        ("csat", "all", "all", None, None, None, NOW),
        ("csat", "all", "all", 12.7, None, None, later),
        ("csat", "all", "all", None, 12.7, None, later + timedelta(days=1)),
    ]


def test_a_figure_that_is_gone_is_told_once(tmp_path: Path) -> None:
    published(tmp_path, [figure(4.0), figure(5.0, channel="chat")], NOW)
    later = NOW + timedelta(days=1)
    gone = published(tmp_path, [figure(4.0)], later)
    assert gone[-1] == ("csat", "all", "chat", None, 5.0, None, later)
    assert published(tmp_path, [figure(4.0)], later + timedelta(days=1)) == gone


@pytest.mark.parametrize(
    ("row", "is_kept"),
    [
        (figure(is_partial=True), False),
        (figure(is_mature=False), False),
        (figure(grain="hour"), False),
        (figure(grain="day"), True),
        (figure(grain="day", handling="ai_handled"), True),
        (figure(grain="day", channel="chat"), False),
        (figure(grain="month", channel="chat"), True),
        (figure(grain="month", channel="chat", handling="hybrid"), False),
        (figure(None, n=0), True),
    ],
)
def test_only_what_reports_state_and_is_final_is_recorded(
    row: str, is_kept: bool, tmp_path: Path
) -> None:
    assert len(published(tmp_path, [row], NOW)) == is_kept
