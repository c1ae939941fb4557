"""Rows that a check is about, shown beside it: some of them, and nothing that names a person.

Shown are numbers, instants and ids. Text is shown where a column is known to hold words of ours or
ids of a vendor, without addresses; what people wrote never is.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtCliRuntimeError

from bookbag_orchestration.pipeline_runs import published
from bookbag_orchestration.resources import Workplace
from expectations.suites import SAMPLED_ROWS

# Text columns that hold ids, or words of ours.
WORDS = ("broken_rule", "category", "channel", "column_name", "entity", "example", "file", "grain",
         "handling", "kpi", "period_start", "reason", "rule", "segment", "source", "stat", "suite",
         "table_name", "team", "tier")  # fmt: skip
IDS = ("_id", "_key")
_PLAIN = (bool, int, float)


def shown(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """A table of at most SAMPLED_ROWS rows, with the columns that may be shown."""
    some = rows[:SAMPLED_ROWS]
    names = [name for name in dict.fromkeys(key for row in some for key in row) if _may(name, some)]
    return dg.MetadataValue.table(
        records=[dg.TableRecord({name: _cell(row.get(name)) for name in names}) for row in some],
        schema=dg.TableSchema([dg.TableColumn(name, "string") for name in names]),
    )


def with_samples(events: Iterable[Any], place: Workplace, results: Path) -> Iterator[Any]:
    """The events of a dbt build. Checks that found rows come last, with some of these: before that,
    dbt holds the warehouse. What the build raises is raised after them.

    `results` is the file in which dbt gives its own account.
    """
    held: list[dg.AssetCheckResult] = []
    failure: DagsterDbtCliRuntimeError | None = None
    try:
        for event in events:
            if isinstance(event, dg.AssetCheckResult) and not event.passed:
                held.append(event)
            else:
                yield event
    except DagsterDbtCliRuntimeError as error:
        failure = error
    if held and not results.exists():
        yield from held
    elif held:
        nodes = {node["unique_id"]: node for node in json.loads(results.read_text())["results"]}
        with place.connect(read_only=True) as connection:
            for check in held:
                yield _sampled(check, nodes, connection)
    if failure is not None:
        raise failure


def _sampled(
    check: dg.AssetCheckResult,
    nodes: Mapping[str, Mapping[str, Any]],
    connection: duckdb.DuckDBPyConnection,
) -> dg.AssetCheckResult:
    name = (check.metadata or {}).get("unique_id")
    node = nodes.get(str(name.value if isinstance(name, dg.MetadataValue) else name), {})
    if node.get("status") not in ("fail", "warn") or not node.get("compiled_code"):
        return check
    cursor = connection.execute(f"select * from ({node['compiled_code']}) limit {SAMPLED_ROWS}")
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return dg.AssetCheckResult(
        passed=check.passed,
        asset_key=check.asset_key,
        check_name=check.check_name,
        severity=check.severity,
        description=check.description,
        metadata={**(check.metadata or {}), "sample": shown(rows)},
    )


def _may(name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    is_text = any(isinstance(row.get(name), str) for row in rows)
    return not is_text or name in WORDS or name.endswith(IDS)


def _cell(value: Any) -> str | int | float | bool:
    if value is None or value != value:
        return "NULL"
    return value if isinstance(value, _PLAIN) else published(str(value)) or ""
