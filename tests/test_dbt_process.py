"""No dbt outlives its run, however the run is interrupted."""

import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster_dbt import DbtCliResource

from bookbag_orchestration import dbt_process
from bookbag_orchestration.dbt_process import Dbt
from tests.operations_support import workplace_of

# What a shell starts in the background inherits that it ignores SIGINT; both say what they do.
ON_SIGINT = "import signal, time; signal.signal(signal.SIGINT, signal.{}); "
BUSY = ON_SIGINT.format("default_int_handler") + "print(flush=True); time.sleep(600)"
DEAF = ON_SIGINT.format("SIG_IGN") + "print(flush=True); time.sleep(600)"


def interrupted(dbt: Dbt, script: str, monkeypatch: pytest.MonkeyPatch) -> subprocess.Popen[bytes]:
    """The process that a run has started as its dbt, after the run was interrupted."""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline()
    invocation: Any = SimpleNamespace(process=process)
    monkeypatch.setattr(DbtCliResource, "cli", lambda self, *given, **named: invocation)

    @dg.asset
    def models(dbt: dg.ResourceParam[Dbt]) -> None:
        dbt.cli(["build"])
        raise dg.DagsterExecutionInterruptedError

    with pytest.raises(dg.DagsterExecutionInterruptedError):
        dg.materialize([models], resources={"dbt": dbt})
    process.stdout.close()
    return process


def test_dbt_is_told_that_its_run_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = interrupted(workplace_of(tmp_path).dbt(), BUSY, monkeypatch)
    assert process.returncode == -signal.SIGINT


def test_a_dbt_that_does_not_listen_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_process, "GRACE_S", 0.1)
    process = interrupted(workplace_of(tmp_path).dbt(), DEAF, monkeypatch)
    assert process.returncode == -signal.SIGKILL
