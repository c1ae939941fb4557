"""Rank correlations between KPIs (F18), of weeks written by hand."""

import statistics
from collections.abc import Sequence
from datetime import date, timedelta

import duckdb
import pytest

from tests.models import Model

WEEKS = [date(2026, 1, 5) + timedelta(days=7 * week) for week in range(16)]
# Ties and an outlier that ranks do not mind; `late` is what `early` was two weeks before, negated.
EARLY = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 500, 8, 9, 7, 9, 3]
LATE = [0, 7, *(-value for value in EARLY[:-2])]


@pytest.fixture
def shop(models: list[Model]) -> duckdb.DuckDBPyConnection:
    """Only what kpi_relations reads."""
    connection = duckdb.connect()
    connection.execute("create schema marts; create schema core")
    connection.execute(
        "create table marts.kpi_values (kpi text, stat text, grain text, period_start timestamp,"
        " handling text, channel text, category text, team text, customer_segment text,"
        " value double, is_partial boolean, is_mature boolean)"
    )
    connection.execute(
        "create table marts.kpi_catalog as select *, 'own' as target_stat from (values"
        " ('early', 'headline'), ('late', 'diagnostic'), ('flat', 'diagnostic'),"
        " ('volume', 'volume')) as catalog (kpi, tier)"
    )
    connection.execute(
        "create table core.dim_accounts as"
        " select timestamptz '2026-06-01 00:00:00+00' as data_as_of"
    )
    return connection


def write(
    shop: duckdb.DuckDBPyConnection, kpi: str, values: Sequence[float | None], **other: object
) -> None:
    row = {"stat": "own", "grain": "week", "handling": "all", "is_partial": False,
           "is_mature": True, **other}  # fmt: skip
    for week, value in zip(WEEKS, values, strict=False):
        shop.execute(
            "insert into marts.kpi_values values"
            " (?, ?, ?, ?, ?, 'all', 'all', 'all', 'all', ?, ?, ?)",
            [kpi, row["stat"], row["grain"], week, row["handling"], value, row["is_partial"],
             row["is_mature"]],
        )  # fmt: skip


def relations(
    shop: duckdb.DuckDBPyConnection, models: list[Model]
) -> dict[tuple[str, str, int], tuple[float | None, int]]:
    (sql,) = (model.sql for model in models if model.name == "kpi_relations")
    return {
        (one, other, lag): (rho if rho is None else round(rho, 9), n)
        for one, other, lag, rho, n, _ in shop.execute(sql).fetchall()
    }


def ranks(values: Sequence[float]) -> list[float]:
    return [
        statistics.mean(
            place for place, other in enumerate(sorted(values), start=1) if other == value
        )
        for value in values
    ]


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    return round(statistics.correlation(ranks(one), ranks(other)), 9)


def test_each_lag_pairs_a_week_with_a_later_one(
    shop: duckdb.DuckDBPyConnection, models: list[Model]
) -> None:
    write(shop, "early", EARLY)
    write(shop, "late", LATE)
    found = relations(shop, models)
    for lag in range(5):
        there, back = found["early", "late", lag], found["late", "early", lag]
        assert there == (spearman(EARLY[: 16 - lag], LATE[lag:]), 16 - lag)
        assert back == (spearman(LATE[: 16 - lag], EARLY[lag:]), 16 - lag)
    assert found["early", "late", 2][0] == -1
    assert len(found) == 10


def test_only_own_stats_of_complete_and_mature_weeks_count(
    shop: duckdb.DuckDBPyConnection, models: list[Model]
) -> None:
    write(shop, "early", EARLY[:13])
    write(shop, "late", [*LATE[:6], None, *LATE[7:13]])
    write(shop, "volume", EARLY)
    write(shop, "late", LATE, stat="hidden")
    write(shop, "early", LATE, stat="other")
    write(shop, "early", LATE, handling="ai_only")
    write(shop, "early", LATE, grain="day")
    write(shop, "early", [0] * 13 + [1, 2, 3], is_partial=True)
    write(shop, "late", [0] * 13 + [1, 2, 3], is_mature=False)
    one, other = ([*side[:6], *side[7:13]] for side in (EARLY, LATE))
    expected = (spearman(one, other), 12)
    assert relations(shop, models) == {
        ("early", "late", 0): expected,
        ("late", "early", 0): expected,
    }


def test_a_series_that_never_moves_is_related_to_nothing(
    shop: duckdb.DuckDBPyConnection, models: list[Model]
) -> None:
    write(shop, "early", EARLY)
    write(shop, "flat", [2.0] * 16)
    assert relations(shop, models)["early", "flat", 0] == (None, 16)
