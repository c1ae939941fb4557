"""One pass of the pipeline in this process: the same assets that the schedules run.

Dagster's own log lines and dbt's go to a file in the home folder; what a person sees is a line a
step. A failed step keeps what hangs on it from running and nothing else.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from bookbag_orchestration.definitions import defs
from bookbag_orchestration.resources import Progress, Workplace

STEPS = ("ingest", "transform", "check", "alert", "report", "publish")
LOG_NAME = "run.log"


@dataclass(frozen=True)
class Outcome:
    """`failures` in the words of the errors; empty when every step is done."""

    failures: Sequence[str]
    traces: Sequence[str]
    log: Path

    @property
    def is_done(self) -> bool:
        return not self.failures


def run_pipeline(place: Workplace, progress: Progress, only: str | None = None) -> Outcome:
    """Materialises every asset, or those of one step; raises nothing that a step raised."""
    definitions = defs()
    assets = [*(definitions.assets or ()), *(definitions.asset_checks or ())]
    log = place.home / "logs" / LOG_NAME
    with _quiet(log):
        result = dg.materialize(
            assets,
            selection=_selection(only, definitions),
            resources={**(definitions.resources or {}), "progress": progress},
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "INFO"}}}},
        )
    failures, traces = _failures(result)
    return Outcome(failures, traces, log)


def _selection(only: str | None, definitions: dg.Definitions) -> dg.AssetSelection | None:
    if only is None:
        return None
    if only == "check":
        return dg.AssetSelection.checks(*(definitions.asset_checks or ()))
    return dg.AssetSelection.groups(only).without_checks()


@contextlib.contextmanager
def _quiet(log: Path) -> Iterator[None]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w", encoding="utf-8") as file,
        contextlib.redirect_stdout(file),
        contextlib.redirect_stderr(file),
    ):
        yield


def _failures(result: dg.ExecuteInProcessResult) -> tuple[list[str], list[str]]:
    messages, traces = [], []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            root = error
            while root is not None and root.cause is not None:
                root = root.cause
            if root is not None:
                messages.append(root.message.partition(": ")[2].strip() or root.message.strip())
                traces.append(error.to_string() if error else "")
    for evaluation in result.get_asset_check_evaluations():
        if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR:
            messages.append(f"check {evaluation.check_name} on {evaluation.asset_key.to_user_string()} failed")
    return messages, traces
