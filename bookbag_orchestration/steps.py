"""How an asset tells what it does: each step is a row of the history, each run a row of its own.

`recorded` wraps the body of an asset, `reporting` makes the resource that its run is recorded with;
both do the same in the command and under the daemon.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import dagster as dg

from bookbag_orchestration.history import ALL, Told
from bookbag_orchestration.resources import Progress, Workplace

# Names of metadata that count rows.
COUNTS = ("rows", "new_rows")
BEHIND = "is_behind"
COMMAND = "run"
# Dagster's own names of jobs that nobody named.
_UNNAMED = {"__ephemeral_asset_job__": COMMAND, "__ASSET_JOB": "assets"}

P = ParamSpec("P")
R = TypeVar("R")


def reporting(place: Workplace, progress: Progress | None = None) -> dg.ResourceDefinition:
    """The `progress` of each step, and the record of the run that has it."""

    @dg.resource(description="Tells what the steps do and keeps the history of the runs.")
    def progress_of_run(context: dg.InitResourceContext) -> Iterator[Progress]:
        run = context.run
        if run is None:
            yield progress or Progress()
            return
        say = context.log.info if context.log else print
        with place.alone(say=say), place.history.run(run.run_id, job_of(run)):
            yield progress or Progress()

    return progress_of_run


def recorded(
    place: Workplace, step: str, subject: str = ALL, rows: Callable[[], int] | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The body of an asset or check, recorded: when it began and ended, what it said and counted.

    Rows are those of its metadata; `rows` counts them where results that are yielded do not.
    """

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def stream(*given: Any, **named: Any) -> Iterator[Any]:
            with _recording(place, step, subject, named) as told:
                result = None
                for result in cast(Iterator[Any], function(*given, **named)):
                    _look(told, result)
                    yield result
                if rows and result is not None:
                    told.rows = rows()

        @wraps(function)
        def call(*given: Any, **named: Any) -> Any:
            with _recording(place, step, subject, named) as told:
                result = function(*given, **named)
                _look(told, result)
                return result

        return cast(Callable[P, R], stream if inspect.isgeneratorfunction(function) else call)

    return wrap


@contextmanager
def _recording(place: Workplace, step: str, subject: str, named: dict[str, Any]) -> Iterator[Told]:
    run = dg.OpExecutionContext.get().run
    with place.history.step(run.run_id, step, subject, job_of(run)) as told:
        if progress := named.get("progress"):

            def line(name: str, text: str, seconds: float) -> None:
                told.said = text
                progress.line(name, text, seconds)

            named["progress"] = replace(progress, line=line)
        yield told


def _look(told: Told, result: Any) -> None:
    """Rows that a result counts; a check that keeps what follows from running."""
    if isinstance(result, dg.MaterializeResult):
        told.is_behind |= (result.metadata or {}).get(BEHIND) is True
        for name in COUNTS:
            count = (result.metadata or {}).get(name)
            if isinstance(count, int):
                told.rows = (told.rows or 0) + count
    is_check = isinstance(result, dg.AssetCheckResult)
    if is_check and not result.passed and result.severity == dg.AssetCheckSeverity.ERROR:
        told.failed = f"check {result.check_name}: {told.said or 'it did not pass'}"


def job_of(run: dg.DagsterRun) -> str:
    """What started a run, as the history names it."""
    return _UNNAMED.get(run.job_name, run.job_name)
