"""dbt as a process that does not outlive the run that started it.

Dagster tells dbt of a cancelled run only where the run waits for dbt's next event just then. A run
that is interrupted at any other moment would leave dbt at work, and with it the warehouse closed.
"""

import signal
import subprocess
from functools import cached_property
from importlib.metadata import version
from typing import Any

from dagster import InitResourceContext
from dagster_dbt import DbtCliInvocation, DbtCliResource
from packaging.version import Version
from pydantic import PrivateAttr

# An interrupted dbt lets go of its queries at once. One that does not is killed, and leaves what a
# killed run leaves: half a build, which the next one makes good.
GRACE_S = 5.0


class Dbt(DbtCliResource):
    """dbt for the assets; at the end of a run none of its processes is at work any more."""

    _started: list[subprocess.Popen[bytes]] = PrivateAttr(default_factory=list)

    def cli(self, *given: Any, **named: Any) -> DbtCliInvocation:
        invocation = super().cli(*given, **named)
        invocation.termination_timeout_seconds = GRACE_S
        self._started.append(invocation.process)
        return invocation

    # Two steps of Dagster's own before each call, left out: they take 6 CPU seconds of a run. Where
    # a later version knows them by other names, its runs take that much longer again.

    @cached_property
    def _cli_version(self) -> Version:
        """Dagster would start dbt once more to ask; it is the dbt of this environment."""
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Any) -> Any:
        """None: Dagster would read all macros for it, and looks with it at tables that were built,
        which nothing here asks for.
        """
        return None

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        while self._started:
            end(self._started.pop())


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process: nothing where it has ended."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
