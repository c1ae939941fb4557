"""Runs that were killed or are not yet done → a warehouse and a next run that do not show it."""

import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import dlt
import duckdb

from ingestion.export.mapping import FilesSpec, TableMapping
from ingestion.files import files_source
from ingestion.pipeline import build
from ingestion.run import SourceRun
from tests.ingest_support import NOW, TICKETS, Source, set_aside


def extracted(source: Source) -> dlt.Pipeline:
    """A pipeline that has read the tickets and not yet loaded them."""
    pipeline = build("desk", source.warehouse, source.working)
    run = SourceRun(source.warehouse, source.working / "scratch", NOW)
    tickets = files_source(FilesSpec("desk", source.folder), run).with_resources("tickets")
    pipeline.extract(tickets, loader_file_format="parquet")
    return pipeline


def test_a_pipeline_can_be_built_while_another_process_runs_it(tmp_path: Path) -> None:
    source = Source(tmp_path)
    source.put("tickets.csv", "ticket_id\n1\n")
    running = extracted(source)
    build("desk", source.warehouse, source.working)

    running.normalize()
    running.load()
    assert source.query("select ticket_id from tickets") == ["1"]


def test_what_a_killed_run_left_in_its_working_folder_is_not_loaded(tmp_path: Path) -> None:
    source = Source(tmp_path)
    source.put("tickets.csv", "ticket_id\n1\n")
    source.load("tickets")
    source.put("tickets.csv", "ticket_id\n2\n")
    extracted(source).normalize()
    source.put("tickets.csv", "ticket_id\n3\n")
    source.load("tickets")

    assert source.query("select ticket_id from tickets order by 1") == ["1", "3"]


def busy_source(root: Path) -> Source:
    """Three entities, some rows of which are bad, and a snapshot that deletes."""
    source = Source(root)
    source.settings["tables"] = {"agents": TableMapping(snapshot=True)}
    source.put("agents_1.csv", "agent_id\n" + "".join(f"{n}\n" for n in range(500)), age_h=2)
    source.put("agents_2.csv", "agent_id\n" + "".join(f"{n}\n" for n in range(400)), age_h=1)
    rows = [f"{n},2026-03-{n % 28 + 1:02},s{n}" for n in range(6000)]
    rows[::100] = [row.replace("2026", "26") for row in rows[::100]]
    for part in range(3):
        text = TICKETS + "\n".join(rows[part * 1500 : part * 1500 + 3000])
        source.put(f"tickets_{part}.csv", text)
    messages = [
        {"ticket_id": str(n), "sent_at": "2026-03-01", "author_kind": "customer", "seq": n % 7}
        for n in range(2000)
    ]
    source.put("messages.jsonl", messages)
    return source


LOADS = """
import sys
from pathlib import Path
from tests.test_ingest_killed_runs import busy_source
source = busy_source(Path(sys.argv[1]))
print("ready", flush=True)
source.load("tickets", "agents", "messages")
print("done", flush=True)
"""


def has_files(root: Path, pattern: str) -> bool:
    with suppress(FileNotFoundError):  # folders come and go
        return any(root.glob(f"working/dlt/*/load/normalized/*/{pattern}"))
    return False


def kill_a_load(root: Path, *, at_s: float | None = None, at_files: str = "") -> str:
    """Loads the busy source in a process that is killed after some time, or once such files are in
    its working folder; returns what it still said.
    """
    with subprocess.Popen(
        [sys.executable, "-c", LOADS, str(root)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        if at_s is not None:
            time.sleep(at_s)
        else:
            deadline = time.monotonic() + 60
            while not has_files(root, at_files) and time.monotonic() < deadline:
                time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
        return child.stdout.read()


def test_killed_runs_leave_no_trace_after_the_next(tmp_path: Path) -> None:
    whole = busy_source(tmp_path / "whole")
    started = time.monotonic()
    whole.load("tickets", "agents", "messages")
    taken = time.monotonic() - started
    expected = whole.contents()
    assert len(expected["tickets"]) == 5940 and len(expected["quarantine"]) == 90

    # A file lies in completed_jobs as soon as it is in the warehouse.
    assert kill_a_load(tmp_path / "loading", at_files="completed_jobs/*.parquet") == ""
    kill_a_load(tmp_path / "anywhen", at_s=taken * random.uniform(0.1, 1.1))
    for name in ("loading", "anywhen"):
        again = Source(tmp_path / name, **whole.settings)
        again.load("tickets", "agents", "messages")
        assert again.contents() == expected, name


def test_rows_of_an_unfinished_load_are_taken_out_before_the_next(tmp_path: Path) -> None:
    source = Source(tmp_path)
    source.put("nps_responses.csv", "customer_id,responded_at,score\n1,2026-03-01 10:00,9\n,,\n")
    source.load("nps_responses")
    with duckdb.connect(str(source.warehouse)) as connection:  # as if killed before the last step
        for table in ("_dlt_loads", "_dlt_pipeline_state"):
            connection.execute(f"delete from raw_desk.{table}")
    source.settings["timezone"] = "Europe/Rome"
    source.load("nps_responses")

    assert source.query("select cast(responded_at as varchar) from nps_responses") == [
        "2026-03-01 09:00:00+00"
    ]
    assert source.query("select count(*) from file_loads") == [1]
    assert len(set_aside(source)) == 1
