"""What the runs tell: a row a run and step, whatever end the run came to."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from bookbag_orchestration.history import History
from bookbag_orchestration.pipeline_runs import COLUMNS, published, write_runs
from bookbag_orchestration.resources import Progress, WarehouseBusyError, Workplace
from bookbag_orchestration.sections import Account, Config, FilesSource
from bookbag_orchestration.settings import Settings
from bookbag_orchestration.steps import recorded, reporting
from tests.support import published as rows_of

Lines = list[tuple[str, str]]


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    source = FilesSource(name="shop", kind="files", path="export")
    return Workplace(
        Settings(home=tmp_path),
        Config(base=tmp_path, account=Account(id="acme"), sources=(source,)),
    )


def told(history: History, columns: str, where: str = "true") -> list[tuple[Any, ...]]:
    with duckdb.connect() as copy:
        copy.execute("set timezone = 'UTC'; create schema marts")
        write_runs(copy, history)
        return copy.execute(
            f"select {columns} from marts.pipeline_runs where {where}"
            " order by started_at, step <> 'run', step, subject"
        ).fetchall()


def run(place: Workplace, assets: list[Any], lines: Lines | None = None) -> bool:
    progress = Progress(
        lambda step, text, seconds: lines.append((step, text)) if lines is not None else None
    )
    return dg.materialize(
        assets, resources={"progress": reporting(place, progress)}, raise_on_error=False
    ).success


def landing(place: Workplace, **new_rows: int) -> dg.AssetsDefinition:
    @dg.multi_asset(name="landing", specs=[dg.AssetSpec(name) for name in new_rows])
    @recorded(place, "ingest", "shop")
    def assets(progress: dg.ResourceParam[Progress]) -> Iterator[dg.MaterializeResult[None]]:
        for name, count in new_rows.items():
            yield dg.MaterializeResult(asset_key=name, metadata={"new_rows": count})
        progress.line("ingest", f"shop: {sum(new_rows.values())} new rows", 0.1)

    return assets


def failing(place: Workplace, message: str) -> dg.AssetsDefinition:
    @dg.asset(key="models", deps=["tickets"])
    @recorded(place, "transform")
    def asset() -> None:
        raise ValueError(message)

    return asset


def test_each_step_is_a_row_with_its_rows_and_words(place: Workplace) -> None:
    lines: Lines = []
    assert run(place, [landing(place, tickets=3, orders=4)], lines)
    assert lines == [("ingest", "shop: 7 new rows")]
    assert told(place.history, "step, subject, job, state, row_count, attempts, said, error") == [
        ("run", "all", "run", "done", None, 1, None, None),
        ("ingest", "shop", "run", "done", 7, 1, "shop: 7 new rows", None),
    ]
    assert told(place.history, "ended_at >= started_at, elapsed_s >= 0") == [(True, True)] * 2


def test_a_failed_step_fails_its_run_and_says_why(place: Workplace) -> None:
    assert not run(place, [landing(place, tickets=3), failing(place, "no such model")])
    assert told(place.history, "step, state, error") == [
        ("run", "failed", "no such model"),
        ("ingest", "done", None),
        ("transform", "failed", "no such model"),
    ]
    (broken,) = place.history.broken()
    assert (broken.step, broken.subject, broken.error) == ("transform", "all", "no such model")


def test_a_step_that_ends_well_again_is_broken_no_more(place: Workplace) -> None:
    for number in (1, 2):
        with pytest.raises(ValueError), place.history.step(f"{number}", "transform", "all", "sync"):
            raise ValueError(f"fault {number}")
    (broken,) = place.history.broken()
    assert broken.error == "fault 2"
    assert [broken.since] == [at for (at,) in told(place.history, "ended_at", "run_id = '1'")]
    with place.history.step("3", "transform", "all", "sync"):
        pass
    assert place.history.broken() == []


def test_a_second_attempt_goes_on_with_its_row(place: Workplace) -> None:
    attempts: list[int] = []

    @dg.asset(key="tickets")
    @recorded(place, "ingest", "shop")
    def asset(progress: dg.ResourceParam[Progress]) -> None:
        attempts.append(1)
        if len(attempts) < 3:
            raise dg.RetryRequested(max_retries=2) from ConnectionError("gone")

    assert run(place, [asset])
    assert told(place.history, "step, state, attempts, error") == [
        ("run", "done", 3, None),
        ("ingest", "done", 3, None),
    ]


def test_a_check_that_does_not_pass_is_a_failed_step(place: Workplace) -> None:
    @dg.asset_check(asset="tickets", name="landing_is_sound", blocking=True)
    @recorded(place, "check", "shop")
    def check(progress: dg.ResourceParam[Progress]) -> dg.AssetCheckResult:
        progress.line("check", "every row has its key", 0.1)
        return dg.AssetCheckResult(passed=False, check_name="landing_is_sound")

    run(place, [landing(place, tickets=3), check])
    assert told(place.history, "step, state, error", "step in ('run', 'check')") == [
        ("run", "failed", "check landing_is_sound: every row has its key"),
        ("check", "failed", "check landing_is_sound: every row has its key"),
    ]


HELD = """
import sys, time
from pathlib import Path
from bookbag_orchestration.history import History
history = History(Path(sys.argv[1]))
with history.run("held", "sync"), history.step("held", "transform", "all", "sync"):
    print("open", flush=True)
    time.sleep(600)
"""


def test_a_killed_run_is_closed_by_the_next_and_a_living_one_is_not(place: Workplace) -> None:
    history = place.history
    with subprocess.Popen(
        [sys.executable, "-c", HELD, str(history.folder)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == b"open\n"
        with history.run("beside", "run"):
            pass
        alive = told(history, "state, ended_at", "run_id = 'held'")
        child.send_signal(signal.SIGKILL)
    assert alive == [("running", None)] * 2
    with history.run("next", "run"):
        assert told(history, "step, state, ended_at", "run_id = 'held'") == [
            ("run", "killed", None),
            ("transform", "killed", None),
        ]
        assert told(history, "state", "run_id = 'next'") == [("running",)]
    assert [path.name for path in history.folder.glob("*.lock")] == []


def test_an_interrupted_step_is_killed_not_failed(place: Workplace) -> None:
    history = place.history
    with pytest.raises(KeyboardInterrupt), history.run("one", "run"):
        with history.step("one", "ingest", "shop", "run"):
            raise KeyboardInterrupt
    assert told(history, "step, state") == [("run", "killed"), ("ingest", "killed")]
    assert history.broken() == []


def test_a_run_that_never_began_a_step_leaves_its_row_once(place: Workplace) -> None:
    for message in ("the code does not load", "told again"):
        place.history.missed("lost", "sync", datetime(2026, 11, 20, tzinfo=UTC), message)
    assert told(place.history, "step, job, state, error") == [
        ("run", "sync", "failed", "the code does not load")
    ]


def test_old_rows_go_but_for_the_last_good_one_of_each_step(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = place.history
    for number in range(3):
        with history.run(f"{number}", "sync"), history.step(f"{number}", "ingest", "shop", "sync"):
            pass
    for kept in ("KEPT", "KEPT_BRIEFLY"):
        monkeypatch.setattr(f"bookbag_orchestration.history.{kept}", timedelta(0))
    history.prune()
    assert told(history, "run_id, step") == [("2", "run"), ("2", "ingest")]
    assert history.last_done("ingest", "shop") is not None


def test_passes_and_runs_in_which_nothing_happened_go_sooner(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = place.history
    for run_id, rows in (("busy", 7), ("busy#1", 7), ("idle", 0), ("last", 0)):
        with history.run(run_id, "sync"):
            with history.step(run_id, "ingest", "shop", "sync") as step:
                step.rows = rows
    monkeypatch.setattr("bookbag_orchestration.history.KEPT_BRIEFLY", timedelta(0))
    history.prune()
    assert told(history, "run_id", "step = 'run'") == [("busy",), ("last",)]


def test_what_is_published_holds_no_address_and_no_value_of_a_row(place: Workplace) -> None:
    message = "int_x: no number: 'Bob''s order', of ann@shop.example; run `bookbag run`"
    with pytest.raises(ValueError), place.history.step("1", "transform", "all", "run"):
        raise ValueError(message)
    ((error,),) = told(place.history, "error")
    assert error == "int_x: no number: …, of …; run `bookbag run`"
    assert published("the source's own, of the shop's") == "the source's own, of the shop's"


def test_a_history_without_runs_is_an_empty_table_with_its_columns(place: Workplace) -> None:
    with duckdb.connect() as copy:
        copy.execute("create schema marts")
        assert write_runs(copy, place.history) == 0
        found = copy.execute(
            "select column_name, comment from duckdb_columns() where table_name = 'pipeline_runs'"
        ).fetchall()
    assert found == [(name, said) for name, (_, said) in COLUMNS.items()]


def test_the_published_mart_has_each_step_of_the_run_that_made_it(golden: Path) -> None:
    rows = rows_of(
        golden, "select step, subject, state, row_count > 0 from marts.pipeline_runs order by all"
    )
    assert rows == [
        ("alert", "all", "done", None),
        ("check", "golden", "done", None),
        ("check", "marts", "done", None),
        ("check", "reconciliation", "done", None),
        ("ingest", "account", "done", None),
        ("ingest", "golden", "done", True),
        ("publish", "all", "running", None),
        ("run", "all", "running", None),
        ("transform", "all", "done", True),
    ]


def test_who_is_no_run_does_not_open_the_warehouse_while_one_is_at_work(place: Workplace) -> None:
    with place.connect() as connection:
        connection.execute("create table landed as select 1 as row")
    said: list[str] = []
    with (
        place.alone(),
        place.history.run("1", "hourly"),
        pytest.raises(WarehouseBusyError, match=r"A run \(hourly, since \d\d:.* is at work"),
        place.look(0.5, said.append),
    ):
        pass
    (text,) = said
    assert text.startswith("waits for a run (hourly, since ")
    with place.look() as connection:
        assert connection.execute("from landed").fetchall() == [(1,)]


def test_a_sync_that_did_not_come_to_the_end_is_no_whole_one(place: Workplace) -> None:
    history = place.history
    with history.run("1", "sync"), history.step("1", "ingest", "shop", "sync") as told_of:
        told_of.is_behind = True
    assert told(history, "step, state") == [("run", "done"), ("ingest", "behind")]
    assert history.last_done("ingest", "shop") is None
    assert history.broken() == []
