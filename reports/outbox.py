"""What is to be told, to whom, and how far that is: a small SQLite file, one transaction a step.

A message goes to one channel. It is marked before it leaves and after it has arrived. One whose
sender was killed in between may have arrived or not: it is not sent a second time, and kept among
those that were not delivered, where people see it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reports.placing import place

# After an attempt that failed; then it is dead. A receiver that is away for half a day is told.
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360))
# What could not be delivered for so long need not be any more.
NEWS = timedelta(days=7)
INTERRUPTED = "the sender was stopped while it was sending: it may have arrived or not"

# queued → sending → sent, or written where there is no mail server; back to queued after a failure,
# dead after the last; withdrawn where what it told was over before it arrived.
ARRIVED = ("sent", "written")

_CREATE = """
create table if not exists messages (
    message_id text primary key, channel text, event text, severity text, title text, body text,
    created_us integer, state text, due_us integer, attempts integer, sent_us integer, error text
) without rowid;
create table if not exists subjects (
    message_id text, subject text, severity text, primary key (message_id, subject)
) without rowid;
create table if not exists mails (message_id text primary key, path text) without rowid;
create index if not exists messages_by_state on messages (state, due_us)"""

_MESSAGES = """
select messages.*, (
    select json_group_object(subject, subjects.severity) from subjects
    where subjects.message_id = messages.message_id
) as subjects, (
    select path from mails where mails.message_id = messages.message_id
) as mail
from messages"""
_AS_THEY_ARE = (
    "message_id", "channel", "event", "severity", "title", "body", "state", "attempts", "error",
    "mail",
)  # fmt: skip


@dataclass(frozen=True)
class Message:
    """Something to tell a channel. `subjects` are what it tells of, by id, and how grave each is:
    incidents, or the period of a report; `event` is what happens to them. `mail` is what goes to
    mail addresses, in RFC 5322 form and without a receiver, instead of title and body. What
    `is_single` is put in once, whenever that is.
    """

    channel: str
    event: str
    severity: str
    title: str
    body: str
    subjects: Mapping[str, str]
    due_at: datetime
    mail: bytes | None = None
    is_single: bool = False


@dataclass(frozen=True)
class Kept:
    """A message in the outbox, and how far it is; `attempts` were made."""

    message_id: str
    channel: str
    event: str
    severity: str
    title: str
    body: str
    state: str
    attempts: int
    error: str | None
    due_at: datetime
    created_at: datetime
    sent_at: datetime | None
    subjects: Mapping[str, str]
    mail: str | None = None

    @property
    def has_arrived(self) -> bool:
        return self.state in ARRIVED


@dataclass(frozen=True)
class Outbox:
    """The messages of one home folder, kept in `folder`."""

    folder: Path

    def put(self, message: Message, now: datetime) -> str:
        """Puts a message in and gives its id, the same in each attempt to send it."""
        told = (message.channel, message.event, message.severity, *message.subjects)
        told += () if message.is_single else (str(_us(now)),)
        path = self._keep(message.mail)
        message_id = hashlib.sha256("|".join(told).encode()).hexdigest()[:16]
        with self._open() as connection:
            connection.execute(
                "insert into messages values (?, ?, ?, ?, ?, ?, ?, 'queued', ?, 0, null, null)"
                " on conflict do update"
                " set state = 'queued', attempts = 0, due_us = excluded.due_us"
                " where state = 'withdrawn' and ?",
                [
                    *(message_id, message.channel, message.event, message.severity),
                    *(message.title, message.body, _us(now), _us(message.due_at)),
                    message.is_single,
                ],
            )
            connection.executemany(
                "insert into subjects values (?, ?, ?) on conflict do nothing",
                [(message_id, *subject) for subject in message.subjects.items()],
            )
            if path is not None:
                connection.execute(
                    "insert into mails values (?, ?) on conflict do nothing", [message_id, path]
                )
        return message_id

    def _keep(self, mail: bytes | None) -> str | None:
        """Where the mail lies in the folder: what is sent is what was put in, whatever becomes of
        the file that it was.
        """
        if mail is None:
            return None
        name = f"mails/{hashlib.sha256(mail).hexdigest()[:16]}.eml"
        if not (self.folder / name).exists():
            place(self.folder / name, mail)
        return name

    def messages(self) -> list[Kept]:
        """All that was ever put in, the oldest first."""
        return self._messages("order by created_us, message_id")

    def due(self, now: datetime) -> list[Kept]:
        """What is to leave, what has waited longest first."""
        return self._messages(
            "where state = 'queued' and due_us <= ? order by due_us, created_us", [_us(now)]
        )

    def undelivered(self) -> list[Kept]:
        """What has not arrived although it has been tried, and what is dead."""
        return self._messages(
            "where state = 'dead' or (state in ('queued', 'sending') and attempts > 0)"
            " order by created_us, message_id"
        )

    @contextmanager
    def sender(self) -> Iterator[bool]:
        """Whether this process is the one that sends now; False while another is. What a sender
        that is no more was about, is kept as not delivered.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "sender.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            with self._open() as connection:
                connection.execute(
                    "update messages set state = 'dead', error = ? where state = 'sending'",
                    [INTERRUPTED],
                )
            yield True

    def begin(self, message: Kept) -> bool:
        """It leaves now; False where it was withdrawn meanwhile."""
        return self._set(
            message, "state = 'sending', attempts = attempts + 1", "and state = 'queued'"
        )

    def end(self, message: Kept, now: datetime, *, is_file: bool = False) -> None:
        """It has arrived; `is_file`: in a file, since there is no server."""
        state = "written" if is_file else "sent"
        self._set(message, "state = ?, sent_us = ?, error = null", "", state, _us(now))

    def fail(self, message: Kept, error: str, again_at: datetime | None) -> None:
        """It has not arrived: it is tried again then, or no more."""
        if again_at is None:
            self._set(message, "state = 'dead', error = ?", "", error)
        else:
            again = _us(again_at)
            self._set(message, "state = 'queued', error = ?, due_us = ?", "", error, again)

    def withdraw(self, message: Kept) -> bool:
        """Takes back what waits to leave; False where it does not wait any more."""
        return self._set(message, "state = 'withdrawn'", "and state = 'queued'")

    def retry(self, known: Iterable[str], now: datetime) -> int:
        """What is dead is tried again, from the beginning, and taken back where it is no news any
        more, or its channel not among those that are `known`; returns how many are tried.
        """
        channels = list(known)
        marks = ", ".join("?" for _ in channels)
        with self._open() as connection:
            connection.execute(
                "update messages set state = 'withdrawn'"
                f" where state = 'dead' and (created_us < ? or channel not in ({marks}))",
                [_us(now - NEWS), *channels],
            )
            return connection.execute(
                "update messages set state = 'queued', attempts = 0, due_us = ?"
                " where state = 'dead'",
                [_us(now)],
            ).rowcount

    def _set(self, message: Kept, what: str, where: str, *values: object) -> bool:
        with self._open() as connection:
            changed = connection.execute(
                f"update messages set {what} where message_id = ? {where}",
                [*values, message.message_id],
            ).rowcount
        return bool(changed)

    def _messages(self, where: str, values: Iterable[object] = ()) -> list[Kept]:
        if not (self.folder / "outbox.sqlite").exists():
            return []
        with self._open() as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute(f"{_MESSAGES} {where}", list(values)).fetchall()
        return [
            Kept(
                **{name: row[name] for name in _AS_THEY_ARE},
                due_at=_instant(row["due_us"]),
                created_at=_instant(row["created_us"]),
                sent_at=None if row["sent_us"] is None else _instant(row["sent_us"]),
                subjects=json.loads(row["subjects"]),
            )
            for row in rows
        ]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on the disk when it ends; it waits for that of another process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.folder / "outbox.sqlite", timeout=30)) as connection:
            connection.execute("pragma synchronous = full")
            connection.executescript(_CREATE)
            with connection:
                connection.execute("begin immediate")
                yield connection


def _us(instant: datetime) -> int:
    return round(instant.timestamp() * 1e6)


def _instant(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1e6, UTC)
