"""A run as a whole: again, in another order, in pieces, interrupted, and with bad input."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.support import bookbag, call, differing_tables, landed, published

pytestmark = pytest.mark.slow

Rows = list[list[str]]


def shop(shared: Path, folder: Path) -> Path:
    """A copy of the golden shop that a test may change; its bookbag.toml."""
    source = shared / "spec/golden"
    shutil.copytree(source / "export", folder / "export", copy_function=shutil.copyfile)
    shutil.copyfile(source / "bookbag.toml", folder / "bookbag.toml")
    for path in [folder / "export", *(folder / "export").iterdir()]:
        path.chmod(0o755)
    return folder / "bookbag.toml"


def shas(home: Path) -> dict[str, str]:
    tables = json.loads((home / "published/manifest.json").read_text())["tables"]
    return {name: table["sha256"] for name, table in tables.items()}


def rewrite(path: Path, change: Callable[[Rows], Rows]) -> None:
    with path.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *change(rows)])


@pytest.fixture(scope="module")
def published_home(
    golden: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A shop with something published, for runs that must not disturb it."""
    folder = tmp_path_factory.mktemp("published")
    shutil.copytree(golden, folder / "home")
    return shop(shared, folder), folder / "home"


def test_a_second_run_lands_nothing_and_changes_no_mart(published_home: tuple[Path, Path]) -> None:
    config, home = published_home
    first = shas(home)
    output = bookbag("run", "--config", config, "--home", home)
    assert "golden: 0 new rows" in output
    assert "nothing new since the last publication" in output
    assert shas(home) == first
    # Read and built again from the start it is still the same, byte for byte.
    output = bookbag("run", "--config", config, "--home", home, "--full-refresh")
    assert "golden: 0 new rows" in output
    assert "models," in output
    again = shas(home)
    changed = {name for name, sha in again.items() if sha != first[name]}
    # They say when the files were read, and what the runs did.
    assert changed == {"marts.source_freshness", "marts.pipeline_runs"}


def test_order_repetition_and_splitting_of_rows_change_nothing(
    golden: Path, shared: Path, tmp_path: Path
) -> None:
    config, dice = shop(shared, tmp_path), random.Random(20261026)
    export = tmp_path / "export"
    for path in list(export.glob("*.csv")):
        with path.open(newline="") as file:
            header, *rows = list(csv.reader(file))
        rows += rows[: len(rows) // 2 + 1]
        dice.shuffle(rows)
        middle = len(rows) // 2
        for number, part in enumerate((rows[middle:], rows[:middle])):
            with (export / f"{path.stem}_{number}.csv").open("w", newline="") as file:
                csv.writer(file).writerows([header, *part])
        path.unlink()
    bookbag("run", "--config", config, "--home", tmp_path / "home")
    assert differing_tables(golden, tmp_path / "home") == []


def test_a_run_killed_at_any_step_is_made_good_by_the_next(
    golden: Path, shared: Path, tmp_path: Path
) -> None:
    config, home, said = shop(shared, tmp_path), tmp_path / "home", tmp_path / "said"
    # What dbt parses is the same for all; it takes most of the start.
    (home / "dbt").mkdir(parents=True)
    for name in ("manifest.json", "manifest.inputs"):
        shutil.copyfile(golden / "dbt" / name, home / "dbt" / name)
    command = [sys.executable, "-m", "bookbag_orchestration", "run"]
    arguments = ["--config", str(config), "--home", str(home)]
    # During ingest, as soon as there is a warehouse; then in the middle of the models; then late.
    moments: list[Callable[[], bool]] = [
        (home / "warehouse" / "bookbag.duckdb").exists,
        lambda: any((home / "dbt" / "target" / "run").rglob("int_episodes.sql")),
        lambda: "transform" in said.read_text(),
    ]
    for has_come in moments:
        with said.open("w") as file:
            process = subprocess.Popen(
                [*command, *arguments], stdout=file, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        while not has_come():
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    bookbag("run", "--config", config, "--home", home)
    assert differing_tables(golden, home) == []


def test_a_source_without_a_required_column_fails_and_the_published_copy_stays(
    published_home: tuple[Path, Path],
) -> None:
    config, home = published_home
    tickets, before = config.parent / "export/tickets.csv", shas(home)
    text = tickets.read_text()
    try:
        tickets.write_text(text.replace("ticket_id,", "number,", 1))
        called = call("run", "--config", config, "--home", home)
    finally:
        tickets.write_text(text)
    assert called.code == 1
    assert "tickets.csv has no column ticket_id" in called.err
    assert "its columns are number, created_at" in called.err
    assert "Traceback" not in called.err
    assert shas(home) == before


def test_a_failed_blocking_check_keeps_the_published_copy(
    published_home: tuple[Path, Path],
) -> None:
    """More than half of the ratings break their contract: the landing check stops the run."""
    config, home = published_home
    ratings, before = config.parent / "export/csat_responses.csv", shas(home)
    text = ratings.read_text()
    try:
        ratings.write_text(text + "".join(f"T{n},human,2026-10-27T00:00:00Z,9\n" for n in range(9)))
        called = call("run", "--config", config, "--home", home)
    finally:
        ratings.write_text(text)
    assert called.code == 1
    assert "at most half of an entity's rows break their contract" in called.err
    assert shas(home) == before


def test_half_a_load_and_bad_rows_leave_no_trace_when_all_is_given(
    golden: Path, shared: Path, tmp_path: Path
) -> None:
    """Of the messages all are given and some are wrong, of the other tables every second row."""
    config, home = shop(shared, tmp_path), tmp_path / "home"
    whole = {path: path.read_text() for path in (tmp_path / "export").glob("*.csv")}
    messages = tmp_path / "export/messages.csv"
    for path in whole.keys() - {messages}:
        rewrite(path, lambda rows: rows[::2])
    messages.write_text(
        whole[messages].replace("M13,T5,2026-10-27T15:00:00Z,customer", "M13,T5,27 Oct,customer")
        + "M99,T1,2027-12-31T00:00:00Z,customer,,0,0,1\nM98,T1,2026-10"
    )
    output = bookbag("run", "--config", config, "--home", home, "--only", "ingest")
    assert "3 set aside" in output
    rows = json.loads(bookbag("quarantine", "--config", config, "--home", home, "--format", "json"))
    assert [(row["file"], row["line"], row["column"]) for row in rows] == [
        ("messages.csv", 14, "sent_at"),
        ("messages.csv", 31, "sent_at"),
        ("messages.csv", 32, None),
    ]
    assert "no instant: 27 Oct" in rows[0]["reason"]
    assert "in the future" in rows[1]["reason"]
    assert "3 fields where the header has 8" in rows[2]["reason"]
    assert landed(home, "select count(*) from raw_golden.messages") == [(28,)]
    for path, text in whole.items():
        path.write_text(text)
    bookbag("run", "--config", config, "--home", home)
    assert "0 rows set aside" in bookbag("quarantine", "--config", config, "--home", home)
    assert differing_tables(golden, home) == []


def test_a_reader_keeps_the_copy_it_opened(published_home: tuple[Path, Path]) -> None:
    config, home = published_home
    path = home / "published/bookbag.duckdb"
    with duckdb.connect(str(path), read_only=True) as reader:
        count = "select count(*) from marts.kpi_values"
        before = reader.execute(count).fetchone()
        bookbag("run", "--config", config, "--home", home, "--only", "publish")
        assert reader.execute(count).fetchone() == before
    assert published(home, count) == [before]


def test_the_published_copy_has_tables_only_and_the_same_rows_as_parquet(golden: Path) -> None:
    assert published(golden, "select count(*) from duckdb_views() where not internal") == [(0,)]
    manifest = json.loads((golden / "published/manifest.json").read_text())
    assert manifest["data_as_of"] == "2026-11-20T05:00:00+00:00"
    for name, table in manifest["tables"].items():
        rows = published(golden, f"select count(*) from {name}")
        path = golden / "published" / table["parquet"]
        assert duckdb.sql(f"select count(*) from '{path}'").fetchall() == rows
        assert rows == [(table["rows"],)]
