"""How a suite is declared and run: SQL makes a narrow frame, Great Expectations judges it.

Great Expectations costs seconds to import, so only running a suite imports it. A suite names the
frame it looks at; a failed expectation tells which, with the rows that broke it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    import pandas as pd

SHOWN_ROWS, SAMPLED_ROWS = 5, 20


@dataclass(frozen=True)
class Expectation:
    """A Great Expectations class by its name, what it is told, and why it must hold."""

    kind: str
    why: str
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """`query` gives the frame; each expectation looks at its columns.

    A frame holds ids and numbers, no text or address of a person: its failing rows are shown. Where
    they are sums of landed rows, `behind` gives the places of these.
    """

    name: str
    query: str
    expectations: Sequence[Expectation]
    behind: str = ""


@dataclass(frozen=True)
class Failure:
    """An expectation that does not hold; `rows` are some that break it, `behind` what they sum."""

    suite: str
    why: str
    column: str
    rows: Sequence[Mapping[str, Any]]
    behind: Sequence[Mapping[str, Any]] = ()

    @property
    def sample(self) -> Sequence[Mapping[str, Any]]:
        """The closest that there is to the rows at fault."""
        return self.behind or self.rows

    def __str__(self) -> str:
        shown = "; ".join(
            ", ".join(f"{name}={value}" for name, value in row.items())
            for row in self.rows[:SHOWN_ROWS]
        )
        return f"{self.why} ({self.column}): {shown or 'no row at all'}"


def failures(connection: duckdb.DuckDBPyConnection, suites: Sequence[Suite]) -> list[Failure]:
    """Runs the suites; empty where everything holds."""
    return [each for suite in suites for each in _failures(connection, suite)]


def _failures(connection: duckdb.DuckDBPyConnection, suite: Suite) -> list[Failure]:
    import great_expectations as gx

    source, found = _frames(), []
    frame = connection.execute(suite.query).df()
    try:
        batch = (
            source.add_dataframe_asset(suite.name)
            .add_batch_definition_whole_dataframe("whole")
            .get_batch({"dataframe": frame})
        )
        for expectation in suite.expectations:
            rule = getattr(gx.expectations, expectation.kind)(**expectation.told)
            result = batch.validate(rule, result_format="COMPLETE")
            if not result.success:
                failure = _failure(suite, expectation, result.result, frame)
                found.append(replace(failure, behind=_behind(connection, suite)))
    finally:
        source.delete_asset(suite.name)
    return found


@cache
def _frames() -> Any:
    """Where frames are judged: one a process, since each context leaves a folder behind."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    return context.data_sources.add_pandas("frames")


def _failure(
    suite: Suite, expectation: Expectation, result: Mapping[str, Any], frame: "pd.DataFrame"
) -> Failure:
    indices = result.get("unexpected_index_list") or []
    some = [index for index in indices[:SAMPLED_ROWS] if isinstance(index, int)]
    rows = [
        {str(name): value for name, value in row.items()}
        for row in frame.loc[some].to_dict(orient="records")
    ]
    column = str(expectation.told.get("column", suite.name))
    return Failure(suite.name, expectation.why, column, rows)


def _behind(connection: duckdb.DuckDBPyConnection, suite: Suite) -> list[dict[str, Any]]:
    if not suite.behind:
        return []
    cursor = connection.execute(f"select * from ({suite.behind}) limit {SAMPLED_ROWS}")
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
