"""Failures: tried again where that can help, told once, and no reason to stop for the others."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bookbag_orchestration import landing
from bookbag_orchestration.defs import failures as sensors
from bookbag_orchestration.defs import ingest
from bookbag_orchestration.defs.alert import bring_up_to_date
from bookbag_orchestration.defs.failures import following, rest_job, tell_job
from bookbag_orchestration.failure import goes_on
from bookbag_orchestration.resources import Progress, Workplace
from bookbag_orchestration.steps import recorded, reporting
from ingestion.api import Api, ApiSpec, Patience, RefusedError
from ingestion.errors import IngestError, UnavailableError
from tests.operations_support import build_marts, land, sync, workplace_of
from tests.support import call, published

ONCE = Patience(attempts=1)


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return workplace_of(tmp_path)


@contextmanager
def answering(status: int) -> Iterator[str]:
    """A server that has one answer to everything; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *told: Any) -> None:
            """Nobody reads it."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "error"),
    [(503, UnavailableError), (429, UnavailableError), (401, RefusedError), (404, RefusedError),
     (400, IngestError)],
)  # fmt: skip
def test_an_answer_says_whether_to_try_again_can_help(status: int, error: type[Exception]) -> None:
    with answering(status) as url, pytest.raises(IngestError) as raised:
        Api(ApiSpec("desk", "zendesk", url, patience=ONCE)).get("tickets.json")
    assert type(raised.value) is error


def test_a_server_that_is_not_there_may_come_back() -> None:
    with pytest.raises(UnavailableError, match="cannot be reached"):
        Api(ApiSpec("desk", "zendesk", "http://127.0.0.1:1", patience=ONCE)).get("tickets.json")


@pytest.mark.parametrize(
    ("error", "attempts"),
    [(UnavailableError, 3), (RefusedError, 1), (IngestError, 1), (ValueError, 1)],
)
def test_only_what_may_come_back_is_tried_again(
    place: Workplace,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
    attempts: int,
) -> None:
    tried: list[int] = []

    def load(*given: Any) -> None:
        tried.append(1)
        raise error("desk: check `url`")

    monkeypatch.setattr(landing, "load", load)
    monkeypatch.setattr(ingest, "RETRIES", dg.RetryPolicy(max_retries=2, delay=0))
    desk = ingest.source_assets(place, place.config.source("desk"))
    result = dg.materialize([desk], resources={"progress": reporting(place)}, raise_on_error=False)
    assert not result.success and len(tried) == attempts
    (fault,) = place.history.broken()
    assert (fault.name, fault.error) == ("ingest desk", "desk: check `url`")


def test_pauses_between_attempts_grow_and_differ() -> None:
    first = {ingest.RETRIES.calculate_delay(1) for _ in range(20)}
    second = {ingest.RETRIES.calculate_delay(2) for _ in range(20)}
    assert len(first) > 1 and max(first) < max(second) <= 60


def whole(place: Workplace) -> None:
    land(place, "desk", "shop")
    sync(place, "0", desk=False, shop=False)


def nothing_of_desk(place: Workplace) -> None:
    land(place, "shop")
    sync(place, "0", shop=False)


def half_of_desk(place: Workplace) -> None:
    land(place, "desk", "shop")
    sync(place, "0", shop=False)


def no_source_yet(place: Workplace) -> None:
    place.history.close_killed()


def refused_desk(place: Workplace) -> None:
    """What it landed did not pass its check, and nothing was built upon it."""
    whole(place)
    history = place.history
    with history.run("0.1", "sync"), history.step("0.1", "check", "desk", "sync") as told:
        told.failed = "keys are not unique"


@pytest.mark.parametrize(
    ("before", "goes"),
    [(whole, True), (nothing_of_desk, True), (half_of_desk, False), (no_source_yet, False),
     (refused_desk, False)],
)  # fmt: skip
def test_the_rest_goes_on_without_a_source_unless_half_of_it_has_landed(
    place: Workplace, before: Callable[[Workplace], None], goes: bool
) -> None:
    before(place)
    sync(place, "1", desk=True)
    assert goes_on(place, "1") is goes


@pytest.mark.parametrize(("step", "subject"), [("check", "shop"), ("transform", "all"),
                                               ("ingest", "account")])  # fmt: skip
def test_nothing_goes_on_after_another_step_failed(
    place: Workplace, step: str, subject: str
) -> None:
    whole(place)
    sync(place, "1", desk=True)
    with pytest.raises(ValueError), place.history.step("1", step, subject, "sync"):
        raise ValueError
    assert not goes_on(place, "1")


def test_a_failed_run_asks_for_what_can_follow_and_its_own_followers_for_nothing(
    place: Workplace,
) -> None:
    whole(place)
    for run_id in ("1", "2"):
        sync(place, run_id, desk=True)
    assert following(place, "1", "hourly") == [rest_job.name, tell_job.name]
    assert following(place, "2", "hourly") == [rest_job.name]
    for run_id in ("3", "4"):
        with place.history.run(run_id, "sync"), pytest.raises(ValueError):
            with place.history.step(run_id, "transform", "all", "sync"):
                raise ValueError("int_x")
    assert following(place, "3", "sync") == [tell_job.name]
    assert following(place, "4", "sync") == []
    assert following(place, "3", rest_job.name) == []
    # A watch has followed what the others brought.
    assert following(place, "1", "sync") == [tell_job.name]


HOLDING = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
time.sleep(600)
"""


def test_a_watch_that_ended_with_a_pass_is_told_in_the_words_of_the_pass(place: Workplace) -> None:
    history, begun = place.history, datetime(2026, 3, 2, 9, tzinfo=UTC)
    with history.run("w", "sync"):
        with history.run("w#1", "sync"), history.step("w#1", "transform", "all", "sync"):
            pass
        with (
            pytest.raises(ValueError, match="broken"),
            history.run("w#2", "sync"),
            history.step("w#2", "transform", "all", "sync"),
        ):
            raise ValueError("a model is broken")
    history.missed("w", "sync", begun, "Execution of run failed")
    assert history.error_of("w") == "a model is broken"
    assert following(place, "w", "sync") == [tell_job.name]
    # Another's name may begin like it.
    assert history.error_of("w-") is None
    assert following(place, "w#2x", "sync") == []


def test_a_busy_warehouse_leaves_the_rest_to_the_next_sync(place: Workplace) -> None:
    whole(place)
    sync(place, "1", desk=True)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(place.warehouse)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == b"open\n"
        jobs = following(place, "1", "hourly")
        other.kill()
    assert jobs == [tell_job.name]


def test_the_sensor_tells_a_failed_run_once_with_the_cure(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dg.asset
    @recorded(place, "transform")
    def models(progress: dg.ResourceParam[Progress]) -> None:
        raise ValueError("int_x: 'bob@shop.example' is no number. Look at the log.")

    instance = dg.DagsterInstance.ephemeral()
    result = dg.materialize(
        [models],
        instance=instance,
        resources={"progress": reporting(place)},
        raise_on_error=False,
    )
    (event,) = [each for each in result.all_events if each.is_run_failure]
    context = dg.build_run_status_sensor_context(
        "failures", event, instance, result.dagster_run
    ).for_run_failure()
    told: list[str] = []
    monkeypatch.setattr(sensors, "workplace", lambda: place)
    monkeypatch.setattr(type(context.log), "error", lambda log, text: told.append(text))
    found = sensors.failures(context)
    assert isinstance(found, dg.SensorResult)
    assert [request.job_name for request in found.run_requests or ()] == [tell_job.name]
    (line,) = told
    assert line.endswith("Look at the log. Next: failure_told.")
    assert "bob" not in line


def test_a_failing_step_is_one_incident_until_it_ends_well(place: Workplace) -> None:
    build_marts(place)
    whole(place)

    def incidents() -> list[tuple[Any, ...]]:
        with place.connect(read_only=True) as connection:
            return connection.execute(
                "select stat, rule, severity, state, owner, protocol from marts.alerts"
                " where kpi = 'pipeline_runs'"
            ).fetchall()

    one = ("ingest desk", "failed", "high", "open", "Analytics engineer",
           "desk does not answer. Check `url`.")  # fmt: skip
    for run_id in ("1", "2"):
        sync(place, run_id, desk=True)
        bring_up_to_date(place, datetime.now(UTC))
        assert incidents() == [one]
    sync(place, "3", desk=False)
    bring_up_to_date(place, datetime.now(UTC))
    assert [row[3] for row in incidents()] == ["recovered"]
    sync(place, "4", desk=True)
    bring_up_to_date(place, datetime.now(UTC))
    assert sorted(row[3] for row in incidents()) == ["open", "recovered"]


def test_figures_that_are_not_judged_open_and_close_no_incident(place: Workplace) -> None:
    build_marts(place)
    whole(place)

    def csat() -> list[tuple[Any, ...]]:
        with place.connect(read_only=True) as connection:
            return connection.execute(
                "select state from marts.alerts where kpi = 'csat'"
            ).fetchall()

    def build(run_id: str, *, is_checked: bool) -> None:
        with place.history.step(run_id, "transform", "all", "sync") as told:
            told.rows = 1
        if is_checked:
            with place.history.step(run_id, "check", "marts", "sync"):
                pass

    build("1", is_checked=False)
    bring_up_to_date(place, datetime.now(UTC))
    assert csat() == []
    build("2", is_checked=True)
    bring_up_to_date(place, datetime.now(UTC))
    assert csat() == [("open",)]
    with place.connect() as connection:
        connection.execute("update marts.kpi_status set is_breach = false")
    build("3", is_checked=False)
    bring_up_to_date(place, datetime.now(UTC))
    assert csat() == [("open",)]
    build("4", is_checked=True)
    bring_up_to_date(place, datetime.now(UTC))
    assert csat() == [("recovered",)]


def test_what_failed_of_a_source_that_is_no_more_is_not_told(place: Workplace) -> None:
    sync(place, "1", former=True, desk=True)
    assert [fault.name for fault in place.faults()] == ["ingest desk"]


def test_a_home_without_marts_has_no_incidents_yet(place: Workplace) -> None:
    sync(place, "1", desk=True)
    land(place, "shop")
    assert bring_up_to_date(place, datetime.now(UTC) + timedelta(hours=1)) is None


def test_a_failed_source_fails_the_run_and_the_rest_is_published_and_marked(
    shared: Path, tmp_path: Path
) -> None:
    source = shared / "spec/golden"
    shutil.copytree(source / "export", tmp_path / "export", copy_function=shutil.copyfile)
    config, home = tmp_path / "bookbag.toml", tmp_path / "home"
    text = (source / "bookbag.toml").read_text()
    config.write_text(f'{text}\n[[source]]\nname = "gone"\nkind = "files"\npath = "nowhere"\n')
    called = call("run", "--config", config, "--home", home)
    assert called.code == 1
    assert "nowhere" in called.err and "The rest is built and published" in called.err
    assert "Traceback" not in called.err
    assert published(home, "select source, is_late from marts.source_freshness order by 1") == [
        ("golden", False),
        ("gone", True),
    ]
    assert published(
        home, "select distinct context_note like '%late: gone, never loaded' from marts.kpi_status"
    ) == [(True,)]
    runs = "select step, subject, error is not null from marts.pipeline_runs where state = 'failed'"
    assert published(home, f"{runs} order by step") == [
        ("ingest", "gone", True),
        ("run", "all", True),
    ]
    told = "select kpi, stat, rule from marts.alerts where kpi in ('pipeline_runs',"
    assert published(home, f"{told} 'source_freshness') and rule <> 'stale' order by 1") == [
        ("pipeline_runs", "ingest gone", "failed"),
        ("source_freshness", "gone", "late"),
    ]
