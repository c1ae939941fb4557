"""Syncs that break off anywhere → the next one lands what is missing, once, and asks little again.

At each call of a first load; between reading, preparing and loading a pass; and by kill -9.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import dlt
import pytest
from dlt.extract.exceptions import ResourceExtractionError

from ingestion import VENDORS
from ingestion.errors import IngestError
from tests.quick_desk import CrashError, QuickDesk, Versions, Wire, small_pages, versions, wire
from tests.sandbox_support import Sandbox, on, sandbox
from tests.source_support import Desk
from tests.woocommerce_support import store

pytestmark = pytest.mark.slow

END = on(12, "00:00:00")
CRASHES = 5
FEW, SOME = 5, 15
"""Documents a pass, so that a load takes two of them at least, or a handful."""
KILLED = ("freshdesk", "gorgias")


def quick(client: Sandbox, kind: str, folder: Path) -> QuickDesk:
    return QuickDesk(kind, f"{client.base}/{kind}", folder, now=END)


def _note(seen: set[tuple[str, str]], line: Wire) -> None:
    seen.update(line.details)


def undisturbed(client: Sandbox, kind: str, folder: Path) -> Versions:
    desk = quick(client, kind, folder)
    with desk.open():
        desk.sync()
        return versions(desk)


@pytest.mark.parametrize("kind", VENDORS)
def test_a_crash_at_any_call_loses_and_doubles_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of two rows, two pages a pass. What hangs on a ticket that has landed is not asked for
    again, and the lists are asked for as in one load and a sync after it.
    """
    small_pages(monkeypatch, 2)
    with wire() as line, sandbox(END, store()) as client:
        whole = quick(client, kind, tmp_path / "whole")
        with whole.open():
            whole.sync(documents=3)
            wanted, last, lists = versions(whole), len(line.calls), len(line.lists)
            line.calls.clear()
            whole.sync(documents=3)
            lists += len(line.lists)
        for call in sorted({1 + last * part // CRASHES for part in range(CRASHES)} | {last}):
            desk, landed = quick(client, kind, tmp_path / f"{call}"), set[tuple[str, str]]()
            desk.on_commit = partial(_note, landed, line)
            with desk.open():
                line.calls.clear()
                line.breaks_at = call
                with pytest.raises(ResourceExtractionError) as raised:
                    desk.sync(documents=3)
                assert isinstance(raised.value.__cause__, CrashError)
                line.breaks_at = None
                done = {*landed}
                line.calls.clear()
                desk.sync()
                assert versions(desk) == wanted, f"call {call} of {last}"
                assert not done & {*line.details}, f"call {call} of {last}"
                assert len(line.lists) <= lists, f"call {call} of {last}"


@pytest.mark.parametrize("kind", VENDORS)
def test_a_pass_that_is_read_and_not_landed_is_read_again(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real pipeline, broken in the middle of reading, and then before each of its steps: in
    the first pass, or in a later one.
    """
    with wire() as line, sandbox(END, store()) as client:
        wanted = undisturbed(client, kind, tmp_path / "whole")
        last = len(line.calls)
        desk = Desk(kind, f"{client.base}/{kind}", tmp_path / "broken", now=END)
        line.breaks_at = last + last // 2
        with pytest.raises(IngestError):
            desk.sync()
        line.breaks_at = None
        for step, passes in (("normalize", 0), ("load", 1)):
            with monkeypatch.context() as patch:
                patch.setattr(dlt.Pipeline, step, breaking(getattr(dlt.Pipeline, step), passes))
                with pytest.raises(CrashError):
                    desk.sync(documents=FEW)
        desk.sync()
    assert versions(desk) == wanted


def breaking(step: Callable[..., Any], passes: int) -> Callable[..., Any]:
    """The step of the pipeline, until it has been done so often."""
    done = 0

    def take(*given: Any, **options: Any) -> Any:
        nonlocal done
        done += 1
        if done > passes:
            raise CrashError
        return step(*given, **options)

    return take


SYNCS = """
import sys
from pathlib import Path
from tests.test_crashes import END, SOME
from tests.source_support import Desk
kind, url, folder = sys.argv[1:]
Desk(kind, url, Path(folder), now=END).sync(documents=SOME)
"""


@pytest.mark.parametrize("kind", KILLED)
def test_killed_syncs_leave_no_trace_after_the_next(kind: str, tmp_path: Path) -> None:
    """Two syncs in a row are killed a moment after some call: while a pass is read or landed."""
    dice = Random(seed := time.time_ns())
    with wire() as line, sandbox(END, store()) as client:
        wanted = undisturbed(client, kind, tmp_path / "whole")
        last = len(line.calls)
        desk = Desk(kind, f"{client.base}/{kind}", tmp_path / "killed", now=END)
        for _ in range(2):
            kill_a_sync(client, desk, after=dice.randint(1, last), more_s=dice.uniform(0, 0.5))
        desk.sync()
    assert versions(desk) == wanted, seed


def kill_a_sync(client: Sandbox, desk: Desk, after: int, more_s: float) -> None:
    """One that ends by itself before that is fine too."""
    client.send("DELETE", f"{client.base}/sandbox/calls")
    arguments = [sys.executable, "-c", SYNCS, desk.kind, desk.url, str(desk.folder)]
    with subprocess.Popen(arguments) as child:
        while child.poll() is None and len(client.get("/sandbox/calls").body) < after:
            time.sleep(0.01)
        time.sleep(more_s)
        child.send_signal(signal.SIGKILL)
