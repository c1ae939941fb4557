"""What is to be told, to whom, and how far that is: a small SQLite file, one transaction a step.

A message is put in once, with what it tells of, so that whoever finds the same again adds nothing.
Each of its deliveries is marked before it leaves and after it has arrived. A delivery whose sender
was killed in between may have arrived or not: it is sent to nobody a second time and kept among
those that were not delivered, where people see it.
"""

from __future__ import annotations

import fcntl
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

# After an attempt that failed; then it is dead. A receiver that is away for half a day is told.
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360))
INTERRUPTED = "the sender was stopped while it was sending: it may have arrived or not"

_CREATE = """
create table if not exists messages (
    message_id text primary key, event text, severity text, title text, body text,
    created_us integer
) without rowid;
create table if not exists told (
    subject text, event text, severity text, message_id text,
    primary key (subject, event, severity)
) without rowid;
create table if not exists deliveries (
    message_id text, channel text, state text, due_us integer, attempts integer,
    sent_us integer, error text, primary key (message_id, channel)
) without rowid;
create index if not exists deliveries_by_state on deliveries (state, due_us);
create index if not exists told_by_message on told (message_id)"""

# queued → sending → sent, or written where there is no mail server; back to queued after a failure,
# dead after the last; withdrawn where what it told was over before it left.
UNSENT, OVER = ("queued", "sending"), ("sent", "written")


@dataclass(frozen=True)
class Message:
    """Something to tell. `subjects` are what it tells of, by id: incidents, or a report's period.
    `event` is what happens to them, and with `severity` and a subject makes it one of its kind.
    """

    event: str
    severity: str
    title: str
    body: str
    subjects: Sequence[str]
    channels: Sequence[str]
    due_at: datetime

    @property
    def message_id(self) -> str:
        told = "|".join((self.event, self.severity, *self.subjects))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Told:
    """That something was put in for a subject."""

    subject: str
    event: str
    severity: str
    message_id: str
    created_at: datetime


@dataclass(frozen=True)
class Delivery:
    """A message on its way to a channel; `attempts` were made before."""

    message_id: str
    channel: str
    event: str
    severity: str
    title: str
    body: str
    state: str
    due_at: datetime
    attempts: int
    created_at: datetime
    sent_at: datetime | None = None
    error: str | None = None
    subjects: Sequence[str] = field(default=())

    @property
    def key(self) -> str:
        """The same for each attempt, so that a receiver can tell it is the same."""
        return f"{self.message_id}-{self.channel}"


_DELIVERIES = """
select
    deliveries.message_id, deliveries.channel, messages.event, messages.severity, messages.title,
    messages.body, deliveries.state, deliveries.due_us, deliveries.attempts, messages.created_us,
    deliveries.sent_us, deliveries.error, (
        select group_concat(subject, ' ') from told
        where told.message_id = deliveries.message_id
    ) as subjects
from deliveries inner join messages on messages.message_id = deliveries.message_id"""

_AS_THEY_ARE = (
    "message_id", "channel", "event", "severity", "title", "body", "state", "attempts", "error",
)  # fmt: skip


@dataclass(frozen=True)
class Outbox:
    """The messages of one home folder, kept in `folder`."""

    folder: Path

    def put(self, message: Message, now: datetime) -> bool:
        """Puts a message in, with all its deliveries; False where one of its kind was."""
        with self._open() as connection:
            known = [
                connection.execute(
                    "select 1 from told where subject = ? and event = ? and severity = ?",
                    [subject, message.event, message.severity],
                ).fetchone()
                for subject in message.subjects
            ]
            if any(known):
                return False
            connection.execute(
                "insert into messages values (?, ?, ?, ?, ?, ?)",
                [
                    *(message.message_id, message.event, message.severity),
                    *(message.title, message.body, _us(now)),
                ],
            )
            connection.executemany(
                "insert into told values (?, ?, ?, ?)",
                [
                    (subject, message.event, message.severity, message.message_id)
                    for subject in message.subjects
                ],
            )
            connection.executemany(
                "insert into deliveries values (?, ?, 'queued', ?, 0, null, null)",
                [
                    (message.message_id, channel, _us(message.due_at))
                    for channel in message.channels
                ],
            )
        return True

    def told(self) -> list[Told]:
        """All that was ever put in, the oldest first."""
        with self._open() as connection:
            rows = connection.execute(
                "select subject, told.event, told.severity, told.message_id, created_us"
                " from told inner join messages on messages.message_id = told.message_id"
                " order by created_us, told.message_id, subject"
            ).fetchall()
        return [
            Told(subject, event, severity, message_id, _instant(created))
            for subject, event, severity, message_id, created in rows
        ]

    def withdraw(self, message_id: str) -> bool:
        """Takes back what has not left yet; True where nobody was told and nobody will be."""
        with self._open() as connection:
            connection.execute(
                "update deliveries set state = 'withdrawn'"
                " where message_id = ? and state = 'queued' and attempts = 0",
                [message_id],
            )
            (others,) = connection.execute(
                "select count(*) from deliveries where message_id = ? and state <> 'withdrawn'",
                [message_id],
            ).fetchone()
        return not others

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
                    "update deliveries set state = 'dead', error = ? where state = 'sending'",
                    [INTERRUPTED],
                )
            yield True

    def due(self, now: datetime) -> list[Delivery]:
        """What is to leave, what has waited longest first."""
        return self._deliveries(
            "where deliveries.state = 'queued' and deliveries.due_us <= ?"
            " order by deliveries.due_us, deliveries.message_id, deliveries.channel",
            [_us(now)],
        )

    def undelivered(self) -> list[Delivery]:
        """What has not arrived although it has been tried, and what is dead."""
        return self._deliveries(
            "where deliveries.state = 'dead'"
            " or (deliveries.state in ('queued', 'sending') and deliveries.attempts > 0)"
            " order by messages.created_us, deliveries.message_id, deliveries.channel"
        )

    def deliveries(self) -> list[Delivery]:
        return self._deliveries(
            "order by messages.created_us, deliveries.message_id, deliveries.channel"
        )

    def begin(self, delivery: Delivery) -> None:
        """It leaves now."""
        self._set(delivery, "state = 'sending', attempts = attempts + 1")

    def end(self, delivery: Delivery, now: datetime, *, is_file: bool = False) -> None:
        """It has arrived; `is_file`: in a file, since there is no server."""
        state = "written" if is_file else "sent"
        self._set(delivery, "state = ?, sent_us = ?, error = null", state, _us(now))

    def fail(
        self, delivery: Delivery, error: str, now: datetime, *, is_final: bool = False
    ) -> None:
        """It has not arrived: it is tried again later, after the last time no more."""
        if is_final or delivery.attempts >= len(RETRIES):
            self._set(delivery, "state = 'dead', error = ?", error)
        else:
            due = _us(now + RETRIES[delivery.attempts])
            self._set(delivery, "state = 'queued', error = ?, due_us = ?", error, due)

    def retry(self, now: datetime) -> int:
        """What is dead is tried again, from the beginning; returns how many deliveries."""
        with self._open() as connection:
            return connection.execute(
                "update deliveries set state = 'queued', attempts = 0, due_us = ?"
                " where state = 'dead'",
                [_us(now)],
            ).rowcount

    def _set(self, delivery: Delivery, what: str, *values: object) -> None:
        with self._open() as connection:
            connection.execute(
                f"update deliveries set {what} where message_id = ? and channel = ?",
                [*values, delivery.message_id, delivery.channel],
            )

    def _deliveries(self, where: str, values: Iterable[object] = ()) -> list[Delivery]:
        if not (self.folder / "outbox.sqlite").exists():
            return []
        with self._open() as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute(f"{_DELIVERIES} {where}", list(values)).fetchall()
        return [
            Delivery(
                **{name: row[name] for name in _AS_THEY_ARE},
                due_at=_instant(row["due_us"]),
                created_at=_instant(row["created_us"]),
                sent_at=None if row["sent_us"] is None else _instant(row["sent_us"]),
                subjects=(row["subjects"] or "").split(),
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
