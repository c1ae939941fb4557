"""A pass that follows the minutes looks at the periods in which something has changed, and no more.

A shop of three tickets, in which every instant is known: what time alone does, what a target that
passes by waiting does, and what the end of an old ticket does are seen one after the other.
"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support import land
from tests.test_increments import LEFT_TO_WHOLE_BUILDS, build, differing_kpis

# New York is four hours behind in March's second week, five before.
OLD = datetime(2026, 2, 20, 15, 10, tzinfo=UTC)
WAITING = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
SOLVED = datetime(2026, 3, 11, 18, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
TODAY = datetime(2026, 3, 11)

# A ticket that is resolved, one that waits for its customer, and one that nobody has answered.
HAPPENED = [
    ("done", OLD - DAY, "created", "customer", None),
    ("done", OLD - DAY + 5 * MINUTE, "resolved", "human_agent", "ann"),
    ("old", OLD, "created", "customer", None),
    ("old", OLD, "assigned", "human_agent", "ann"),
    ("old", SOLVED, "resolved", "human_agent", "ann"),
    ("waiting", WAITING, "created", "customer", None),
]
SAID = [
    ("done", OLD - DAY, "customer", None),
    ("done", OLD - DAY + 4 * MINUTE, "human_agent", "ann"),
    ("old", OLD, "customer", None),
    ("old", OLD + 30 * MINUTE, "human_agent", "ann"),
    ("waiting", WAITING, "customer", None),
]


def landed_shop(folder: Path) -> Path:
    """A warehouse with the shop landed and nothing built."""
    export = folder / "export"
    export.mkdir()
    opened = {ticket: at for ticket, at, *_ in reversed(HAPPENED)}
    tables = {
        "tickets": [
            {"ticket_id": ticket, "created_at": at, "updated_at": at, "customer_id": f"of {ticket}",
             "channel": "email", "is_sync": False, "team": "care"}
            for ticket, at in opened.items()
        ],
        "ticket_events": [
            {"event_id": f"e{number}", "ticket_id": ticket, "occurred_at": at, "event_type": kind,
             "to_value": "care" if kind == "assigned" else None, "actor_kind": actor,
             "actor_id": agent, "seq": number}
            for number, (ticket, at, kind, actor, agent) in enumerate(HAPPENED)
        ],
        "messages": [
            {"message_id": f"m{number}", "ticket_id": ticket, "sent_at": at, "author_kind": author,
             "author_id": agent, "is_public": True, "body": "About my order", "seq": number}
            for number, (ticket, at, author, agent) in enumerate(SAID)
        ],
    }  # fmt: skip
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist(rows), export / f"{name}.parquet")
    config = folder / "bookbag.toml"
    config.write_text(
        '[account]\nid = "shop"\ntimezone = "America/New_York"\ncurrency = "USD"\n'
        '[[source]]\nname = "shop"\nkind = "files"\npath = "export"\n'
    )
    return land(config, folder / "home")


def touched(warehouse: Path, grain: str) -> set[datetime]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select period_start from core.dim_touched_periods where grain = ?", [grain]
        ).fetchall()
    return {start for (start,) in rows}


def within_target(warehouse: Path) -> tuple[float | None, int]:
    """Of the tickets that came on the day before: the share resolved in time, and of how many."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        (row,) = connection.execute(
            "select value, n from marts.kpi_values where kpi = 'full_resolution_time'"
            " and stat = 'within_target' and grain = 'day' and period_start = ?"
            " and columns(['handling', 'channel', 'category', 'team', 'customer_segment']) = 'all'",
            [TODAY - DAY],
        ).fetchall()
    return row[0], row[1]


def follow(manifest: Any, warehouse: Path, as_of: datetime) -> None:
    build(manifest, warehouse, as_of, select="tag:live", is_live=True)


@pytest.mark.slow
def test_a_live_pass_looks_at_no_more_than_what_time_and_changes_touch(
    manifest: Any, tmp_path: Path
) -> None:
    warehouse = landed_shop(tmp_path)
    # A day of waiting is full_resolution_time's target.
    build(manifest, warehouse, WAITING + DAY - 10 * MINUTE, "--full-refresh")

    follow(manifest, warehouse, WAITING + DAY - 8 * MINUTE)
    assert touched(warehouse, "everything") == set()
    assert touched(warehouse, "day") == {TODAY}
    # Hours of stocks reach 14 days back.
    left_behind = (TODAY - 14 * DAY).date()
    hours = touched(warehouse, "hour")
    assert {hour for hour in hours if hour.date() != left_behind} == {TODAY.replace(hour=11)}
    assert within_target(warehouse) == (None, 0)

    follow(manifest, warehouse, WAITING + DAY + MINUTE)
    assert touched(warehouse, "day") == {TODAY - DAY, TODAY}
    assert within_target(warehouse) == (0, 1)

    follow(manifest, warehouse, SOLVED + MINUTE)
    assert touched(warehouse, "day") == {datetime(2026, 2, 20), TODAY}
    assert not {
        hour for hour in touched(warehouse, "hour")
        if datetime(2026, 2, 21) < hour < TODAY and hour.date() != left_behind
    }  # fmt: skip

    anew = tmp_path / "anew" / "bookbag.duckdb"
    anew.parent.mkdir()
    shutil.copyfile(warehouse, anew)
    build(manifest, anew, SOLVED + MINUTE, "--full-refresh")
    assert differing_kpis(warehouse, anew) <= LEFT_TO_WHOLE_BUILDS
