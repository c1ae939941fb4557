"""One pass of the pipeline in this process: the same assets that the schedules run.

Dagster's own log lines and dbt's go to a file in the home folder; what a person sees is a line a
step. A failed step keeps what hangs on it from running and nothing else; a failed source keeps back
itself alone. Reports come last, each in a run of its own, since each is about another period.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Protocol

import dagster as dg

from bookbag_orchestration import sandbox
from bookbag_orchestration.definitions import defs
from bookbag_orchestration.failure import goes_on, rest
from bookbag_orchestration.report_periods import Calendar, calendars
from bookbag_orchestration.resources import Progress, Workplace
from bookbag_orchestration.steps import reporting
from bookbag_orchestration.telling import send
from reports.errors import NotCompleteError
from reports.summary import default_period

STEPS = ("ingest", "transform", "check", "alert", "report", "publish")
LOG_NAME = "run.log"
# Errors whose message is written for the user.
OWN_ERRORS = (
    "IngestError",
    "RefusedError",
    "UnavailableError",
    "TransformError",
    "WarehouseBusyError",
    "PublishedError",
    "PageError",
    "PostgresError",
    "BackfillError",
)
REPORT = "report"
PUBLISHED = dg.AssetKey(["published", "bookbag"])


class SerializedError(Protocol):
    """What Dagster keeps of an exception of a step."""

    @property
    def cls_name(self) -> str | None: ...

    @property
    def message(self) -> str: ...

    @property
    def cause(self) -> "SerializedError | None": ...


@dataclass(frozen=True)
class Outcome:
    """`failures` in the words of the errors; empty when every step is done. `went_on`: what does
    not hang on the source that failed was made and published nevertheless.
    """

    failures: Sequence[str]
    traces: Sequence[str]
    log: Path
    went_on: bool = False

    @property
    def is_done(self) -> bool:
        return not self.failures


def run_pipeline(place: Workplace, progress: Progress, only: str | None = None) -> Outcome:
    """Materialises every asset, or those of one step; raises nothing that a step raised.

    Reports are those of the newest complete periods, where something was published or they alone
    are asked for.
    """
    if only in (None, "ingest"):
        sandbox.prepare(place.config)
    definitions = defs()
    assets = [
        *(each for each in definitions.assets or () if isinstance(each, dg.AssetsDefinition)),
        *(definitions.asset_checks or ()),
    ]
    log = place.home / "logs" / LOG_NAME
    resources = {**(definitions.resources or {}), "progress": reporting(place, progress)}

    def materialize(
        selection: dg.AssetSelection, partition: str | None = None
    ) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            assets,
            selection=selection,
            partition_key=partition,
            resources=resources,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "INFO"}}}},
        )

    results: list[dg.ExecuteInProcessResult] = []
    with _quiet(log):
        if only != REPORT:
            results.append(materialize(_selection(only, definitions)))
        went_on = only is None and not results[0].success and goes_on(place, results[0].run_id)
        if went_on:
            results.append(materialize(rest()))
        is_published = any(_has_made(PUBLISHED, result) for result in results)
        if only == REPORT or (only is None and is_published):
            for calendar in calendars(place.config):
                if key := _newest(place, calendar, progress):
                    asset = dg.AssetSelection.assets(calendar.asset_key)
                    results.append(materialize(asset, key))
        _tell(place, progress)
    told = [_failures(result) for result in results]
    return Outcome(
        [message for messages, _ in told for message in messages],
        [trace for _, traces in told for trace in traces],
        log,
        went_on=went_on and is_published,
    )


def _tell(place: Workplace, progress: Progress) -> None:
    """Sends what the run has put into the outbox; no daemon may ever come by."""
    started = monotonic()
    try:
        sent = send(place)
    except (OSError, sqlite3.Error) as error:
        # They wait in the outbox for the next.
        progress.line("alert", f"messages were not sent: {error}", monotonic() - started)
        return
    if sent.arrived or sent.failed:
        failed = f", {sent.failed} did not: see bookbag doctor" if sent.failed else ""
        progress.line("alert", f"{sent.arrived} messages sent{failed}", monotonic() - started)


def _has_made(key: dg.AssetKey, result: dg.ExecuteInProcessResult) -> bool:
    return any(event.asset_key == key for event in result.get_asset_materialization_events())


def _newest(place: Workplace, calendar: Calendar, progress: Progress) -> str | None:
    """The partition of the newest period that is complete in the data; None, with a line that says
    why, where there is none.
    """
    said = "nothing is built yet"
    if place.is_built():
        try:
            with place.connect(read_only=True) as connection:
                period = default_period(connection, calendar.rhythm)
        except NotCompleteError as error:
            said = str(error)
        else:
            key = calendar.key_of(period)
            if calendar.partitions.has_partition_key(key):
                return key
            said = f"{period.label} is not made: by the clock of this machine it is not over"
    progress.line(REPORT, f"{calendar.name}: {said}", 0.0)
    return None


def _selection(only: str | None, definitions: dg.Definitions) -> dg.AssetSelection:
    if only is None:
        return dg.AssetSelection.all() - dg.AssetSelection.groups(REPORT)
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


def _told(error: SerializedError) -> str:
    """The message of the first error of ours in the chain; else of what it all began with."""
    chain: list[SerializedError] = [error]
    while chain[-1].cause is not None:
        chain.append(chain[-1].cause)
    ours = next((each for each in chain if each.cls_name in OWN_ERRORS), chain[-1])
    return ours.message.partition(": ")[2].strip() or ours.message.strip()


def _failures(result: dg.ExecuteInProcessResult) -> tuple[list[str], list[str]]:
    messages, traces = [], []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            if error is not None:
                messages.append(_told(error))
                traces.append(error.to_string())
    for evaluation in result.get_asset_check_evaluations():
        if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR:
            failures = evaluation.metadata.get("failures")
            said = str(failures.value) if failures else "see the log"
            messages.append(f"check {evaluation.check_name}: {said.removeprefix('- ')}")
    return messages, traces
