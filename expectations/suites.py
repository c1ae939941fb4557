"""How a suite is declared and run: SQL makes a narrow frame, Great Expectations judges it.

Great Expectations costs seconds to import, so only running a suite imports it. A suite names the
frame it looks at; a failed expectation tells which, with the rows that broke it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    import pandas as pd

SHOWN_ROWS = 5


@dataclass(frozen=True)
class Expectation:
    """A Great Expectations class by its name, what it is told, and why it must hold."""

    kind: str
    why: str
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """`query` gives the frame; each expectation looks at its columns."""

    name: str
    query: str
    expectations: Sequence[Expectation]


@dataclass(frozen=True)
class Failure:
    """An expectation that does not hold; `rows` are some that break it."""

    suite: str
    why: str
    column: str
    rows: Sequence[Mapping[str, Any]]

    def __str__(self) -> str:
        shown = "; ".join(
            ", ".join(f"{name}={value}" for name, value in row.items()) for row in self.rows
        )
        return f"{self.why} ({self.column}): {shown or 'no row at all'}"


def failures(connection: duckdb.DuckDBPyConnection, suites: Sequence[Suite]) -> list[Failure]:
    """Runs the suites; empty where everything holds."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    source = context.data_sources.add_pandas("frames")
    found: list[Failure] = []
    for suite in suites:
        frame = connection.execute(suite.query).df()
        batch = (
            source.add_dataframe_asset(suite.name)
            .add_batch_definition_whole_dataframe("whole")
            .get_batch({"dataframe": frame})
        )
        for expectation in suite.expectations:
            rule = getattr(gx.expectations, expectation.kind)(**expectation.told)
            result = batch.validate(rule, result_format="COMPLETE")
            if not result.success:
                found.append(_failure(suite, expectation, result.result, frame))
    return found


def _failure(
    suite: Suite, expectation: Expectation, result: Mapping[str, Any], frame: "pd.DataFrame"
) -> Failure:
    indices = result.get("unexpected_index_list") or []
    rows = [
        {str(name): value for name, value in frame.loc[index].items()}
        for index in indices[:SHOWN_ROWS]
        if isinstance(index, int)
    ]
    column = str(expectation.told.get("column", suite.name))
    return Failure(suite.name, expectation.why, column, rows)
