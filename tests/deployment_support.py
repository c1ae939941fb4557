"""The systemd units as programs: each is started as its unit says, in folders of the test's own.

What a unit says is what is tested; only the machine's folders and the port are replaced.
"""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
UNITS = DEPLOY / "systemd"
COMMON = UNITS / "bookbag-.service.d" / "common.conf"
PROGRAMS = "/opt/bookbag/.venv/bin/"
WITHIN_S = 240


def entries(path: Path, key: str) -> list[str]:
    """The values of a key of a unit file, which may occur several times."""
    lines = [line.partition("=") for line in path.read_text().splitlines() if line[:1] != "#"]
    return [value for name, _, value in lines if name == key]


def compose() -> dict[str, Any]:
    """compose.yaml, as YAML has it."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


@dataclass(frozen=True)
class Machine:
    """The folders of a machine under `root`, and what runs on it. `root` has to be short: the name
    of a socket has at most 107 characters.
    """

    root: Path
    port: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def place(self, text: str) -> str:
        """The text of a unit, with this machine's folders and port."""
        for folder in ("/etc/bookbag", "/run/bookbag", "/var/lib/bookbag"):
            text = text.replace(folder, f"{self.root}{folder}")
        return text.replace(PROGRAMS, f"{Path(sys.executable).parent}/").replace(
            "--port 3000", f"--port {self.port}"
        )

    def path(self, name: str) -> Path:
        """A folder or file of the machine: `/etc/bookbag/…`."""
        return Path(self.place(name))

    def start(self, unit: str, account: str = "") -> None:
        """Starts a unit, of a template for the account, as systemd would."""
        parts = [COMMON, UNITS / f"bookbag-{unit}.service"]

        def told(key: str) -> list[str]:
            found = [value for part in parts for value in entries(part, key)]
            return [self.place(value.replace("%i", account)) for value in found]

        states = [f"/var/lib/{folder}" for folder in told("StateDirectory")]
        for folder in [*states, *(f"/run/{folder}" for folder in told("RuntimeDirectory"))]:
            self.path(folder).mkdir(parents=True, exist_ok=True)
        given = [
            line for file in told("EnvironmentFile") for line in Path(file).read_text().split()
        ]
        given += [pair for line in told("Environment") for pair in shlex.split(line)]
        (command,) = told("ExecStart")
        with (self.root / f"{unit}{account}.log").open("ab") as log:
            self.running[unit + account] = subprocess.Popen(
                shlex.split(command),
                cwd=ROOT,
                env={"PATH": "/usr/bin:/bin", **dict(line.split("=", 1) for line in given)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ends everything that was started; nothing of it stays. A code server that is asked to
        goes on for longer than a test can wait.
        """
        for signum in (signal.SIGTERM, signal.SIGKILL):
            for process in self.running.values():
                try:
                    os.killpg(process.pid, signum)
                except ProcessLookupError:
                    continue
            until = time.monotonic() + 5
            while time.monotonic() < until and any(p.poll() is None for p in self.running.values()):
                time.sleep(0.2)

    def ask(self, query: str, **variables: object) -> Any:
        """The webserver's answer to a GraphQL query; None while it is not up."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.URLError as error:
            if isinstance(error.reason, ConnectionRefusedError):
                return None
            raise

    def wait(self, what: str, is_so: Callable[[], bool]) -> None:
        """Fails with the logs' ends where it does not become so, or where a process has ended."""
        until = time.monotonic() + WITHIN_S
        while not is_so():
            ended = [name for name, process in self.running.items() if process.poll() is not None]
            if ended or time.monotonic() > until:
                logs = [f"{log.name}: {log.read_text()[-1500:]}" for log in self.root.glob("*.log")]
                raise AssertionError("\n".join([f"not {what}; ended: {ended}", *logs]))
            time.sleep(0.5)


@contextmanager
def machine(root: Path, accounts: Mapping[str, str]) -> Iterator[Machine]:
    """A machine with Dagster's settings on SQLite and an entry for each account, by its name the
    text of its bookbag.toml.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        made = Machine(root, free.getsockname()[1])
    etc = made.path("/etc/bookbag")
    etc.mkdir(parents=True)
    settings = yaml.safe_load((DEPLOY / "dagster.yaml").read_text())
    settings["storage"] = {"sqlite": {"base_dir": {"env": "DAGSTER_STATE"}}}
    (etc / "dagster.yaml").write_text(yaml.safe_dump(settings))
    (etc / "dagster.env").write_text("")
    workspace = yaml.safe_load((UNITS / "workspace.yaml").read_text())
    (entry,) = workspace["load_from"]
    shown = json.dumps(entry)
    locations = [json.loads(made.place(shown.replace("example", name))) for name in accounts]
    (etc / "workspace.yaml").write_text(yaml.safe_dump({"load_from": locations}))
    for name, text in accounts.items():
        folder = etc / "accounts" / name
        folder.mkdir(parents=True)
        (folder / "bookbag.toml").write_text(text)
        (folder / "secrets.env").write_text(f"BOOKBAG_MEMORY=1GB\nOF_{name.upper()}=secret\n")
    try:
        yield made
    finally:
        made.stop()
