"""Reports of one partition: the newest as things are, an old one as it would have been, and nothing
else changed by it.
"""

import hashlib
import os
import shutil
from pathlib import Path

import dagster as dg
import pytest

from bookbag_orchestration import as_it_was as backfill
from bookbag_orchestration.as_it_was import BackfillError, as_it_was
from bookbag_orchestration.config import load_config
from bookbag_orchestration.defs.report import report_asset
from bookbag_orchestration.resources import Progress, Workplace
from bookbag_orchestration.settings import Settings
from bookbag_orchestration.steps import reporting
from tests.operations_support import ROME, calendar_of, office, utc
from tests.report_support import FILES
from tests.support import bookbag


def report_of(place: Workplace, key: str, name: str = "weekly") -> dg.ExecuteInProcessResult:
    """The report of one partition, made as a backfill makes it; its line is printed."""
    return dg.materialize(
        [report_asset(place, calendar_of(place, name))],
        partition_key=key,
        resources={"progress": reporting(place, Progress(lambda *told: print(*told)))},
        raise_on_error=False,
    )


def test_a_partition_stays_missing_while_nothing_is_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = report_of(office(tmp_path, ROME), "2026-03-23")
    assert result.success and result.get_asset_materialization_events() == []
    assert "weekly 2026-W13: not made" in capsys.readouterr().out


def test_the_copy_of_an_earlier_time_is_gone_when_its_build_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = office(tmp_path, ROME)
    with place.connect() as connection:
        connection.execute("create schema raw_desk; create table raw_desk.tickets as select 1 as n")
    left = place.home / "backfill" / "warehouse" / "bookbag.duckdb"
    left.parent.mkdir(parents=True)
    left.write_text("half of a copy that a killed run has left")

    def build(past: Workplace) -> None:
        with past.connect(read_only=True) as connection:
            assert connection.execute("from raw_desk.tickets").fetchall() == [(1,)]
            found = connection.execute("select as_of from raw_bookbag.account").fetchone()
        assert found == (utc("2026-03-30 05:00"),)
        raise BackfillError("dbt says no")

    monkeypatch.setattr(backfill, "_build", build)
    with pytest.raises(BackfillError), as_it_was(place, utc("2026-03-30 05:00")):
        pass
    assert not (place.home / "backfill").exists()
    with place.connect(read_only=True) as connection:
        assert connection.execute("select schema_name from duckdb_tables()").fetchall() == [
            ("raw_desk",)
        ]


def state_of(home: Path) -> dict[str, str]:
    """Each file of the warehouse and of the published copy, by its content."""
    files = [*(home / "warehouse").rglob("*"), *(home / "published").rglob("*")]
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file()
    }


@pytest.mark.slow
def test_a_backfill_of_an_old_week_gives_the_report_that_was_due_then_and_changes_nothing_else(
    golden: Path, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The week of 26 October ends with the day on which New York's clock goes back; its report was
    due on 2 November at 07:00, twelve hours after the last ticket.
    """
    config, due_at = shared / "spec/golden/bookbag.toml", "2026-11-02T07:00:00-05:00"
    home, fresh = tmp_path / "home", tmp_path / "fresh"
    shutil.copytree(golden, home)
    place = Workplace(Settings(home, config), load_config(config))
    before, environment = state_of(home), dict(os.environ)
    result = report_of(place, "2026-10-26")
    assert result.success
    assert "weekly 2026-W44: 6 files" in capsys.readouterr().out
    (event,) = result.get_asset_materialization_events()
    metadata = event.step_materialization_data.materialization.metadata
    assert metadata["as_of"].value == "2026-11-02T07:00:00-0500"
    assert state_of(home) == before and dict(os.environ) == environment
    assert not (home / "backfill").exists()

    bookbag("run", "--config", config, "--home", fresh, "--as-of", due_at)
    folder = Path("reports/weekly/2026-W44")
    then = {path.name: path.read_bytes() for path in (fresh / folder).iterdir()}
    assert sorted(then) == FILES
    assert {path.name: path.read_bytes() for path in (home / folder).iterdir()} == then
    # As of today it is another page: what was still open then has matured.
    bookbag("report", "weekly", "--period", "2026-W44", "--config", config, "--home", home)
    assert (home / folder / "summary.html").read_bytes() != then["summary.html"]


def test_the_newest_period_is_made_from_the_warehouse_as_it_is(
    golden: Path, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, home = shared / "spec/golden/bookbag.toml", tmp_path / "home"
    shutil.copytree(golden, home)
    shutil.rmtree(home / "reports")
    monkeypatch.delattr(backfill, "_build")
    place = Workplace(Settings(home, config), load_config(config))
    made = report_of(place, "2026-11-09").get_asset_materialization_events()
    assert [event.partition for event in made] == ["2026-11-09"]
    folder = Path("reports/weekly/2026-W46")
    for name in FILES:
        assert (home / folder / name).read_bytes() == (golden / folder / name).read_bytes()
    # Not over in the data: it may come later. Before the data, if only in part: it never will.
    assert report_of(place, "2026-11-16").get_asset_materialization_events() == []
    for key, name in (("2024-01-01", "weekly"), ("2026-10", "monthly")):
        (event,) = report_of(place, key, name).get_asset_materialization_events()
        assert event.step_materialization_data.materialization.metadata["files"].value == 0
    assert sorted((home / "reports").rglob("summary.*")) == sorted((home / folder).iterdir())
