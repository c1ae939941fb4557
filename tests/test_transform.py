"""The dbt unit tests: every judging column on rows worked by hand."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.dbt_support import dbt
from tests.support import landed

pytestmark = pytest.mark.slow


def test_kinds_that_an_account_has_no_source_of_are_not_built(golden: Path) -> None:
    rows = landed(golden, "select distinct split_part(table_name, '__', 1) from duckdb_tables()"
                          " where schema_name = 'staging' union select distinct"
                          " split_part(view_name, '__', 1) from duckdb_views()"
                          " where schema_name = 'staging'")  # fmt: skip
    assert {kind for (kind,) in rows} == {"stg_bookbag", "stg_files"}


def test_every_judgement_by_hand(manifest: Any, golden: Path, tmp_path: Path) -> None:
    """Run on a copy of a built warehouse, whose tables lend the mocked rows their types."""
    warehouse = tmp_path / "bookbag.duckdb"
    shutil.copyfile(golden / "warehouse" / "bookbag.duckdb", warehouse)
    result = dbt(warehouse, "test", "--select", "test_type:unit", manifest=manifest)
    assert result.exception is None
    results: Any = result.result
    tests = [each for each in results if each.node.resource_type == "unit_test"]
    broken = [f"{each.node.name}: {each.message}" for each in tests if each.status != "pass"]
    assert broken == []
    assert len(tests) > 70
