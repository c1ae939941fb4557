"""Checks of the data: what they block, and the rows that they show."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from dagster_dbt import DagsterDbtCliRuntimeError

from bookbag_orchestration.defs.check import Border, border_check, landing, reconciliation
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.samples import shown, with_samples
from bookbag_orchestration.sections import Account, Config, FilesSource
from bookbag_orchestration.settings import Settings
from bookbag_orchestration.steps import reporting
from expectations.reconciliation import reconciliation_suites
from expectations.suites import failures


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    source = FilesSource(name="shop", kind="files", path="export")
    return Workplace(
        Settings(home=tmp_path),
        Config(base=tmp_path, account=Account(id="acme"), sources=(source,)),
    )


def records(value: Any) -> list[dict[str, Any]]:
    return [dict(record.data) for record in value.records]


def judged(place: Workplace, border: Border) -> tuple[dg.AssetCheckEvaluation, bool]:
    """The check on tables that are taken as made, and whether what follows them ran."""
    built: list[bool] = []
    keys = [dg.AssetKey(list(table)) for table in border.tables]

    @dg.multi_asset(specs=[dg.AssetSpec(key) for key in keys])
    def tables() -> Iterator[dg.MaterializeResult[None]]:
        for key in keys:
            yield dg.MaterializeResult(asset_key=key)

    @dg.asset(deps=[keys[0]])
    def after() -> None:
        built.append(True)

    result = dg.materialize(
        [tables, after, border_check(place, border)],
        resources={"progress": reporting(place)},
        raise_on_error=False,
    )
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation, bool(built)


def land(place: Workplace, good: int, bad: int) -> None:
    with place.connect() as connection:
        connection.execute(
            "create schema raw_shop;"
            f"create table raw_shop.tickets as select range as _key, now() as _loaded_at"
            f" from range({good});"
            "create table raw_shop.file_loads as select 'tickets' as entity, 'cases.csv' as file,"
            f" {good + bad} as rows_read, {bad} as rows_quarantined, now() as loaded_at;"
            "create table raw_shop.quarantine as select 'tickets' as entity, 'cases.csv' as file,"
            " range + 2 as line, 'created_at' as column_name, 'no instant: ' || range as reason,"
            f" 'T1,ann@shop.example,where is it' as row_text from range({bad})"
        )


def test_a_sound_landing_passes_and_is_built_on(place: Workplace) -> None:
    land(place, good=30, bad=3)
    evaluation, is_built = judged(place, landing("shop", ("tickets",)))
    assert evaluation.passed and is_built
    assert evaluation.metadata["failures"].value == "none"


def test_a_landing_of_bad_rows_stops_the_run_and_says_where_they_are(place: Workplace) -> None:
    land(place, good=5, bad=30)
    evaluation, is_built = judged(place, landing("shop", ("tickets",)))
    assert not evaluation.passed and not is_built
    sample = records(evaluation.metadata["sample"])
    assert len(sample) == 20
    assert sample[0] == {
        "suite": "quarantined_share",
        "rule": "at most half of an entity's rows break their contract",
        "entity": "tickets",
        "file": "cases.csv",
        "line": 2,
        "column_name": "created_at",
    }
    assert "where is it" not in str(sample) and "@" not in str(sample)


ADDED_UP = [("desk", "tickets", "counted", False, 2, 2, 0, 0),
            ("desk", "tickets", "spam", False, 1, 0, 1, 0),
            ("desk", "tickets", "no_customer", True, 1, 1, 0, 0),
            ("desk", "tickets", "quarantined: no id", False, 4, 0, 0, 4)]  # fmt: skip


def reconcile(connection: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]]) -> None:
    connection.execute(
        "create schema marts; create schema core;"
        "create table core.fct_tickets as select 'desk' as source from range(3);"
        "create table core.fct_orders (source varchar);"
        "create table core.fct_csat_ratings (source varchar);"
        "create table marts.reconciliation (source varchar, entity varchar, reason varchar,"
        " is_remark boolean, rows_landed bigint, rows_counted bigint, rows_excluded bigint,"
        " rows_quarantined bigint)"
    )
    connection.executemany("insert into marts.reconciliation values (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def test_rows_that_add_up_pass() -> None:
    with duckdb.connect() as connection:
        reconcile(connection, ADDED_UP)
        assert failures(connection, reconciliation_suites()) == []


@pytest.mark.parametrize(
    ("row", "said", "sample"),
    [
        (("desk", "tickets", "spam", False, 1, 0, 0, 0), "counted, excluded or set aside",
         {"reason": "spam", "unexplained": 1}),
        (("desk", "tickets", "spam", False, 1, 2, -1, 0), "negative",
         {"reason": "spam", "least_rows": -1}),
        (("desk", "tickets", "spam", False, 2, 0, 2, 0), "one reason, and none has two",
         {"told_rows": 4, "fact_rows": 3, "lost_rows": -1}),
    ],
)  # fmt: skip
def test_rows_that_do_not_add_up_are_named(
    row: tuple[Any, ...], said: str, sample: dict[str, Any]
) -> None:
    with duckdb.connect() as connection:
        reconcile(connection, [ADDED_UP[0], row, *ADDED_UP[2:]])
        (failure,) = failures(connection, reconciliation_suites())
    assert said in failure.why
    (broken,) = failure.sample
    assert sample.items() <= broken.items()


def test_rows_that_do_not_add_up_are_a_warning_that_stops_nothing(place: Workplace) -> None:
    with place.connect() as connection:
        reconcile(connection, ADDED_UP[1:])
    evaluation, is_built = judged(place, reconciliation())
    assert not evaluation.passed and is_built
    assert evaluation.severity == dg.AssetCheckSeverity.WARN
    (record,) = records(evaluation.metadata["sample"])
    assert record["lost_rows"] == 2


def test_the_golden_shop_adds_up(golden: Path) -> None:
    with duckdb.connect(str(golden / "warehouse/bookbag.duckdb"), read_only=True) as connection:
        assert failures(connection, reconciliation_suites()) == []


def test_a_sample_shows_ids_and_numbers_and_no_person() -> None:
    row = {"ticket_id": "T1", "customer_id": "ann@shop.example", "n": 2, "subject": "where is it",
           "opened_at": datetime(2026, 11, 20, tzinfo=UTC), "team": None}  # fmt: skip
    table = shown([row] * 30)
    assert len(table.records) == 20
    assert records(table)[0] == {
        "ticket_id": "T1", "customer_id": "…", "n": 2,
        "opened_at": "2026-11-20 00:00:00+00:00", "team": "NULL",
    }  # fmt: skip


def check_result(name: str, passed: bool) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=passed, asset_key="tickets", check_name=name, metadata={"unique_id": f"test.{name}"}
    )


@pytest.mark.parametrize("breaks", [True, False])
def test_tests_of_the_models_that_fail_show_their_rows_once_dbt_is_done(
    place: Workplace, tmp_path: Path, breaks: bool
) -> None:
    results = tmp_path / "run_results.json"

    def build() -> Iterator[Any]:
        with place.connect() as connection:
            connection.execute("create table t as select 'T' || range as ticket_id from range(40)")
            yield check_result("whole", passed=True)
            yield check_result("unique", passed=False)
            yield check_result("broken", passed=False)
            nodes = [
                {"unique_id": "test.unique", "status": "warn", "compiled_code": "select * from t"},
                {"unique_id": "test.broken", "status": "error", "compiled_code": "select *"},
            ]
            results.write_text(json.dumps({"results": nodes}))
        if breaks:
            raise DagsterDbtCliRuntimeError("it broke")

    seen: list[dg.AssetCheckResult] = []
    try:
        for event in with_samples(build(), place, results):
            seen.append(event)
        is_broken = False
    except DagsterDbtCliRuntimeError:
        is_broken = True
    assert is_broken is breaks
    assert [event.check_name for event in seen] == ["whole", "unique", "broken"]
    sample = records((seen[1].metadata or {})["sample"])
    assert len(sample) == 20 and all(row["ticket_id"].startswith("T") for row in sample)
    assert "sample" not in (seen[2].metadata or {})
