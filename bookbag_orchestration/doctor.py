"""What `bookbag doctor` looks at: is everything there that runs need, and what to do if not.

Nothing is changed, and nothing secret is shown: of keys only whether they are set, of addresses
what is no key.
"""

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Literal
from urllib.parse import urlsplit

import requests

from bookbag_orchestration.postgres_target import PostgresError, look
from bookbag_orchestration.resources import WarehouseBusyError, Workplace
from bookbag_orchestration.sections import SANDBOX, ApiSource, FilesSource
from bookbag_orchestration.settings import read_secrets
from bookbag_orchestration.telling import Directory
from ingestion import VENDORS
from reports.errors import NoPdfError
from reports.render.pdf import require_pango

State = Literal["ok", "note", "bad"]
PACKAGES = ("bookbag", "dagster", "dbt-core", "dbt-duckdb", "dlt", "duckdb", "great-expectations")
LEAST_FREE = 1 << 30
# A build writes its tables beside the old ones, and the copy is a third.
SPARE = 3
ANSWER_S = 5.0
# From here on APIs take a sync's instants for others than they are.
SKEW = timedelta(seconds=60)
# The hourly run keeps this home awake where the daemon runs.
QUIET = timedelta(hours=2)


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and the cure of what is bad."""

    about: str
    state: State
    said: str
    cure: str = ""


def examine(place: Workplace) -> Iterator[Finding]:
    """All findings, one after the other."""
    yield _versions()
    account, base = place.config.account.id, place.config.base
    yield Finding("config", "ok", f"account {account}, read from {place.settings.config or base}")
    yield from _disk(place)
    yield _clock(place)
    yield from _warehouse(place)
    for source in place.config.sources:
        if isinstance(source, ApiSource):
            yield from _api(place, source)
        elif isinstance(source, FilesSource):
            yield _files(place, source)
    yield from _postgres(place)
    yield _runs(place)
    yield _pdf()
    yield from _channels(place)
    yield from _messages(place)


def _versions() -> Finding:
    found, missing = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    said = f"Python {python_version()}, {', '.join(found)}"
    if missing:
        cure = "Install the lock: make .venv/.ready"
        return Finding("versions", "bad", f"{said}; missing: {', '.join(missing)}", cure)
    return Finding("versions", "ok", said)


def _disk(place: Workplace) -> Iterator[Finding]:
    folder = next(each for each in (place.home, *place.home.parents) if each.exists())
    if not os.access(folder, os.W_OK):
        cure = "Give this user the right to write there, or name another folder with --home."
        yield Finding("home", "bad", f"{place.home} cannot be written", cure)
    free = shutil.disk_usage(folder).free
    held = place.warehouse.stat().st_size if place.warehouse.exists() else 0
    needed = max(LEAST_FREE, SPARE * held)
    said = f"{free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB may be needed, in {place.home}"
    cure = "Free some space, or move the home folder: builds need room for a second copy."
    yield Finding("disk", "ok" if free >= needed else "bad", said, "" if free >= needed else cure)


def _clock(place: Workplace) -> Finding:
    """Whether time has gone on since the newest run."""
    now = datetime.now(UTC)
    newest = max((row[5] for row in place.history.rows()), default=None)
    if newest is not None and datetime.fromtimestamp(newest / 1e6, UTC) > now + SKEW:
        cure = "Set the clock of this machine; schedules and syncs go by it."
        return Finding("clock", "bad", f"{now:%Y-%m-%d %H:%M} UTC is before the newest run", cure)
    return Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC")


def _warehouse(place: Workplace) -> Iterator[Finding]:
    if not place.warehouse.exists():
        yield Finding("warehouse", "note", "nothing is loaded yet", "bookbag run")
        return
    size = place.warehouse.stat().st_size / 1e6
    try:
        with place.look(wait_s=0):
            yield Finding("warehouse", "ok", f"{size:,.0f} MB")
    except WarehouseBusyError:
        yield Finding("warehouse", "ok", f"{size:,.0f} MB; a run is at work")
    for fault in place.faults():
        since = f"fails since {fault.since:%Y-%m-%d %H:%M} UTC"
        yield Finding(f"step {fault.name}", "bad", since, fault.error)


def _api(place: Workplace, source: ApiSource) -> Iterator[Finding]:
    about = f"source {source.name}"
    if source.url == SANDBOX:
        yield Finding(about, "ok", "the sample shop")
        return
    ways = VENDORS[source.kind].secrets
    have = read_secrets(source.name, {key for keys in ways for key in keys})
    if not any(all(key in have for key in keys) for keys in ways):
        asked = " or ".join(
            " + ".join(f"SOURCES__{source.name}__{key}".upper() for key in keys) for keys in ways
        )
        yield Finding(about, "bad", "its credentials are not set", f"Set {asked}.")
    else:
        yield Finding(about, "ok", "credentials are set")
    yield _reached(about, source.spec(place.config.base).url)


def _reached(about: str, url: str) -> Finding:
    """Whether somebody answers, whatever the answer, and what time it is there."""
    host = urlsplit(url).netloc
    try:
        answer = requests.head(url, timeout=ANSWER_S, allow_redirects=False)
    except requests.RequestException as error:
        kind = type(error).__name__
        cure = "Check `url` or `subdomain`, the network, a proxy or a firewall."
        return Finding(about, "bad", f"{host} does not answer ({kind})", cure)
    told = answer.headers.get("Date")
    skew = abs(datetime.now(UTC) - parsedate_to_datetime(told)) if told else timedelta(0)
    if skew > SKEW:
        cure = "Set the clock of this machine: what syncs ask for goes by it."
        return Finding(about, "bad", f"{host} has a time that is {skew} off", cure)
    return Finding(about, "ok", f"{host} answers")


def _files(place: Workplace, source: FilesSource) -> Finding:
    about, path = f"source {source.name}", source.spec(place.config.base).path
    if isinstance(path, Path) and not path.is_dir():
        return Finding(about, "bad", f"{path} is no folder", "Correct its `path`.")
    return Finding(about, "ok", str(path))


def _postgres(place: Workplace) -> Iterator[Finding]:
    """Whether the database that the tables go to lets bookbag write them; nothing without one."""
    if not (url := place.postgres):
        return
    try:
        yield Finding("postgres", "ok", look(place, url))
    except PostgresError as error:
        said, _, cure = str(error).partition(". ")
        yield Finding("postgres", "bad", said, cure)


def _runs(place: Workplace) -> Finding:
    newest = max((row[6] or row[5] for row in place.history.rows()), default=None)
    if newest is None:
        return Finding("runs", "note", "nothing has run yet", "bookbag run")
    at = datetime.fromtimestamp(newest / 1e6, UTC)
    said = f"the newest was at work at {at:%Y-%m-%d %H:%M} UTC"
    if datetime.now(UTC) - at > QUIET:
        return Finding("runs", "note", said, "If schedules are to run: is the daemon up?")
    return Finding("runs", "ok", said)


def _pdf() -> Finding:
    try:
        require_pango()
    except NoPdfError as error:
        cure = "Install Pango; without it the other files of a report are made."
        return Finding("pdf", "note", str(error), cure)
    return Finding("pdf", "ok", "reports come as PDF too")


def _channels(place: Workplace) -> Iterator[Finding]:
    directory = Directory(place)
    if not directory.is_told:
        yield Finding("alerts", "note", "nobody is told", "Name addresses in [alerts] to.")
    for channel in directory.channels:
        about = f"address {channel.channel_id}"
        if error := channel.error():
            cure = "Correct it: https://appriseit.com/services lists how each is written."
            yield Finding(about, "bad", error, cure)
        elif channel.is_file:
            cure = "Name the mail server: [mail] server, or BOOKBAG_MAIL__SERVER."
            yield Finding(about, "note", f"{channel.shown()}: mail is written to files", cure)
        else:
            yield Finding(about, "ok", channel.shown())
    if server := directory.mail_server:
        yield _mail_server(server)


def _mail_server(address: str) -> Finding:
    """Whether it answers, where the address names host and port; how others are found is Apprise's
    own matter.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        cure = "Correct [mail] server: signs such as [ and # of a password are written as %5B, %23."
        return Finding("mail server", "bad", "its address cannot be read", cure)
    if port is None or "smtp=" in parts.query:
        return Finding("mail server", "ok", f"{parts.hostname}, not tried")
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=ANSWER_S):
            return Finding("mail server", "ok", f"{parts.hostname}:{port} answers")
    except OSError as error:
        said = f"{parts.hostname}:{port} does not answer ({type(error).__name__})"
        return Finding("mail server", "bad", said, "Check [mail] server and the network.")


def _messages(place: Workplace) -> Iterator[Finding]:
    for each in place.outbox.undelivered():
        about = f"message to {each.channel}"
        subject = f"{each.title!r} of {each.created_at:%Y-%m-%d %H:%M} UTC"
        if each.state == "dead":
            said = f"{subject} was not delivered: {each.error}"
            yield Finding(about, "bad", said, "bookbag alerts retry")
        else:
            said = f"{subject} has not arrived in {each.attempts} attempts: {each.error}"
            yield Finding(about, "note", said, f"It is tried again at {each.due_at:%H:%M} UTC.")
