"""A PostgreSQL of the tests' own: a server on a socket in a temporary folder, stopped at the end.

What reads or writes a database is tested against a real one. The server's programs have to be on
this machine; they refuse to run as root, so that root starts them as another user.
"""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

PASSWORD = "pass%word"
"""Of every user, as a URL has it."""
SETTINGS = (
    "-c listen_addresses='' -c fsync=off -c log_statement=all -c log_line_prefix='%a|'"
    " -c logging_collector=off -c max_wal_size=256MB"
)
SERVERS_FOLDERS = "/usr/lib/postgresql"
USERS = ("postgres", "nobody")
START_WITHIN_S = 60


@dataclass(frozen=True)
class Server:
    """`folder` holds its data, its socket and its log, in which every statement is a line that
    begins with the name of who asked it.
    """

    folder: Path

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}:{PASSWORD.replace('%', '%25')}@/{database}?host={self.folder}"

    def make(self, database: str) -> str:
        """A new database, empty; the URL of its owner."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
        return self.url(database)

    def asked(self, application: str) -> list[str]:
        """The statements of an application since the log was emptied, each as one line."""
        marks = re.compile(r"LOG:  (?:statement|execute <unnamed>): (.+)", re.DOTALL)
        entries = f"\n{self._log.read_text()}".split(f"\n{application}|")
        found = (marks.match(entry) for entry in entries)
        return [" ".join(entry[1].split()) for entry in found if entry]

    def forget(self) -> None:
        """Empties the log."""
        os.truncate(self._log, 0)

    @property
    def _log(self) -> Path:
        return self.folder / "log"


@contextmanager
def running() -> Iterator[Server]:
    """RuntimeError where the machine has no server, or it does not start."""
    initdb, control = _program("initdb"), _program("pg_ctl")
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="postgres"))
    try:
        data, password, log = folder / "data", folder / "password", folder / "log"
        password.write_text(PASSWORD)
        log.touch()
        for path in (folder, password, log):
            if user is not None:
                shutil.chown(path, user, pwd.getpwnam(user).pw_gid)
        _run(user, initdb, "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync",
             "--auth=scram-sha-256", f"--pwfile={password}")  # fmt: skip
        options = f"{SETTINGS} -k {folder}"
        _run(user, control, "-D", data, "-l", log, "-o", options, "-w", "-t", START_WITHIN_S,
             "start")  # fmt: skip
        try:
            yield Server(folder)
        finally:
            _run(user, control, "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _program(name: str) -> Path:
    on_path = shutil.which(name)
    places = sorted(Path(SERVERS_FOLDERS).glob(f"*/bin/{name}"))
    if on_path is None and not places:
        raise RuntimeError(
            f"The tests need a PostgreSQL server: {name} is neither on PATH nor in"
            f" {SERVERS_FOLDERS}/*/bin. Install it (Debian: apt-get install postgresql)."
        )
    return Path(on_path) if on_path else places[-1]


def _user() -> str | None:
    """Whom to run as; None is ourselves."""
    if os.geteuid() != 0:
        return None
    return next(name for name in USERS if name in {entry.pw_name for entry in pwd.getpwall()})


def _run(user: str | None, program: Path, *arguments: object) -> None:
    """The server that it starts inherits its streams, so nothing may wait for their end."""
    given = [str(program), *map(str, arguments)]
    group = pwd.getpwnam(user).pw_gid if user else None
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            given, stdout=said, stderr=said, stdin=subprocess.DEVNULL, check=False, cwd="/",
            user=user, group=group, extra_groups=[] if user else None,
        )  # fmt: skip
        said.seek(0)
        if done.returncode:
            raise RuntimeError(f"{program.name} failed: {said.read().decode().strip()}")
