"""The golden shop: every value that was worked by hand."""

import csv
from pathlib import Path

import pytest

from tests.support import SEGMENTS, published

WEEK = "opened_at >= '2026-10-26 04:00:00+00' and opened_at < '2026-11-02 05:00:00+00'"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_golden_kpi_value(golden: Path, shared: Path) -> None:
    wrong = []
    for row in read(shared / "spec/golden/expected_kpi_values.csv"):
        segments = dict.fromkeys(SEGMENTS, "all")
        if row["where"]:
            name, _, value = row["where"].partition(" = ")
            segments[name] = value.strip("'")
        where = " and ".join(f"{name} = ?" for name in segments)
        found = published(
            golden,
            "select value from marts.kpi_values"
            f" where kpi = ? and stat = ? and grain = ? and period_start = ? and {where}",
            row["kpi"],
            row["stat"],
            row["grain"],
            row["period_start"],
            *segments.values(),
        )
        if len(found) != 1 or found[0][0] is None or abs(found[0][0] - float(row["value"])) > 1e-5:
            wrong.append((row, found))
    assert not wrong


def test_every_golden_fact(golden: Path, shared: Path) -> None:
    wrong = []
    for row in read(shared / "spec/golden/expected_facts.csv"):
        table, key = f"core.{row['table']}", row["key"]
        if "=" in key:
            column, _, value = key.partition("=")
            where = f"{column} = '{value}' and is_countable and {WEEK}"
            query = f"select count(*) from {table} where {where}"
        elif "/" in key:
            ticket, _, episode = key.partition("/")
            query = (
                f"select {row['column']} from {table}"
                f" where ticket_id = '{ticket}' and episode_seq = {episode}"
            )
        else:
            query = f"select {row['column']} from {table} where ticket_id = '{key}'"
        found = published(golden, query)
        if found != [(int(row["value"]),)]:
            wrong.append((row, found))
    assert not wrong


def test_an_unanswered_week_is_null_not_zero(golden: Path) -> None:
    """Nothing happened in the week of 9 November: counts are 0, everything else is unknown."""
    rows = published(
        golden,
        "select kpi, stat, value, n from marts.kpi_values where grain = 'week'"
        " and period_start = '2026-11-09' and handling = 'all' and channel = 'all'"
        " and category = 'all' and team = 'all' and customer_segment = 'all'",
    )
    values = {(kpi, stat): (value, n) for kpi, stat, value, n in rows}
    assert values["tickets_created", "count"] == (0.0, 0)
    assert values["tickets_resolved", "events"] == (0.0, 0)
    assert values["csat", "mean"] == (None, 0)
    assert values["deflection_rate", "ratio"] == (None, 0)
    assert values["tickets_per_order", "ratio"] == (None, 0)
    # T8 of 30 October is still open: the backlog is not empty.
    assert values["backlog", "count"] == (1.0, 1)


@pytest.mark.parametrize(
    ("kpi", "stat", "week", "is_mature"),
    [
        # As of 20 November: 168 h after the week of 9 November ends on the 23rd; 48 h on the 18th.
        ("first_contact_resolution", "ratio", "2026-11-09", True),
        ("first_contact_resolution", "ratio_168h", "2026-11-09", False),
        ("deflection_rate", "ratio", "2026-11-09", True),
        ("tickets_per_order", "order_contact", "2026-10-26", False),
        ("tickets_created", "count", "2026-11-16", False),
    ],
)
def test_a_period_is_mature_when_its_window_is_over(
    golden: Path, kpi: str, stat: str, week: str, is_mature: bool
) -> None:
    found = published(
        golden,
        "select is_mature from marts.kpi_values where kpi = ? and stat = ? and grain = 'week'"
        " and period_start = ? and handling = 'all' and channel = 'all' and category = 'all'"
        " and team = 'all' and customer_segment = 'all'",
        kpi,
        stat,
        week,
    )
    assert found == [(is_mature,)]


def test_the_running_week_and_the_first_are_partial(golden: Path) -> None:
    rows = published(
        golden,
        "select cast(period_start as varchar), is_partial from marts.kpi_values"
        " where kpi = 'tickets_created' and stat = 'count' and grain = 'week'"
        " and handling = 'all' and channel = 'all' and category = 'all' and team = 'all'"
        " and customer_segment = 'all' order by 1",
    )
    assert [(start[:10], partial) for start, partial in rows] == [
        ("2026-10-19", True),
        ("2026-10-26", False),
        ("2026-11-02", False),
        ("2026-11-09", False),
        ("2026-11-16", True),
    ]
