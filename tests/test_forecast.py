"""The forecast and the headcount gap (V13) against a second computation in plain Python."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from ingestion.sample import SampleSpec, build_shop, write_export
from tests.models import Model, built
from tests.oracle.export import Account
from tests.oracle.planning import Told, daily_forecast, hourly_forecast, planning_rows
from tests.oracle.tally import Calendar
from tests.oracle.world import World, world_of

# Seven months around a change of clocks, with the roster that the sample shop has.
SPEC = SampleSpec(
    starts_on=date(2025, 9, 1), ends_on=date(2026, 3, 15), orders=3000, tickets=700, seed=11
)
AS_OF = datetime(2026, 2, 26, 17, 0, tzinfo=UTC)  # the 28 days after it lose an hour
CONFIG = f"""
as_of = "{AS_OF.isoformat()}"

[account]
id = "small"
timezone = "America/New_York"
currency = "USD"

[[source]]
name = "shop"
kind = "files"
path = "export"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forecast")
    write_export(
        build_shop(SPEC, now=datetime(2026, 3, 16, 12, tzinfo=UTC)), folder / "export", "csv"
    )
    (folder / "bookbag.toml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def shop(folder: Path, models: list[Model]) -> Iterator[duckdb.DuckDBPyConnection]:
    with built(models, folder / "bookbag.toml", folder / "scratch") as connection:
        yield connection


@pytest.fixture(scope="module")
def world(folder: Path) -> World:
    account = Account(id="small", timezone="America/New_York", as_of=AS_OF)
    return world_of(folder / "export", account)


def close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def test_every_headcount_gap_is_the_oracles(shop: duckdb.DuckDBPyConnection, world: World) -> None:
    found = {
        (stat, start, team): (value, n)
        for stat, start, team, value, n in shop.execute(
            "select stat, period_start, team, value, n from marts.kpi_values"
            " where kpi = 'headcount_gap' and (n > 0 or value is not null)"
        ).fetchall()
    }
    expected = {
        (row.stat, row.period_start, row.team): (row.value, row.n)
        for row in planning_rows(world, Calendar(world))
        if row.n
    }
    assert found.keys() == expected.keys()
    assert {key for key in found if not close(found[key][0], expected[key][0])} == set()
    assert {key for key in found if found[key][1] != expected[key][1]} == set()
    assert sum(value is not None for (stat, *_), (value, _) in found.items() if stat == "low") > 30
    teams = {team for stat, _, team in found}
    assert {"all", "care", "chat", "returns"} <= teams


@pytest.mark.parametrize("grain", ["day", "hour"])
def test_every_forecast_day_and_hour_is_the_oracles(
    shop: duckdb.DuckDBPyConnection, world: World, grain: str
) -> None:
    found = {
        (team, start): Told(*told)
        for team, start, *told in shop.execute(
            "select team, period_start, expected, low, high, mape, mape_seasonal_naive"
            " from marts.forecast where grain = ?",
            [grain],
        ).fetchall()
    }
    expected = (daily_forecast if grain == "day" else hourly_forecast)(world)
    assert found.keys() == expected.keys()
    differing = {
        key: (expected[key], found[key])
        for key in found
        if not all(map(close, vars(expected[key]).values(), vars(found[key]).values()))
    }
    assert differing == {}
    whole = [key for key in found if key[0] == "all"]
    assert len(whole) == (28 if grain == "day" else 28 * 24 - 1)
    assert all(found[key].low is not None for key in whole)


def test_it_beats_saying_that_every_week_is_like_the_last(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    errors = shop.execute(
        "select distinct mape, mape_seasonal_naive from marts.forecast"
        " where grain = 'day' and team = 'all'"
    ).fetchall()
    assert len(errors) == 1
    assert errors[0][0] < errors[0][1]
