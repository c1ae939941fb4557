"""What the runs tell: one row a run and one a step of it.

Kept in a small SQLite file beside the warehouse, so that a run that could not open the warehouse
leaves its row too. A run holds a lock on a file of its own while it lives, and the system lets go
of it however the run ends: what is still `running` without its lock was killed.
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

WHOLE = "run"
"""The step of the row that is a run as a whole."""
ALL = "all"
PASS = "#"
"""Between a watch's run and the number of a pass of it, which is a run of its own."""
KEPT, KEPT_BRIEFLY = timedelta(days=30), timedelta(days=3)

_CREATE = """
create table if not exists steps (
    run_id text, step text, subject text, job text, state text, started_us integer,
    ended_us integer, row_count integer, attempts integer, said text, error text, latency_s real,
    primary key (run_id, step, subject)
) without rowid;
create index if not exists steps_by_kind on steps (step, subject, started_us)"""

# The newest end of each step; with max() SQLite takes the other columns from the same row.
_NEWEST = """
select step, subject, state, error, max(started_us) from steps
where state in ('done', 'behind', 'failed') and step <> 'run' group by step, subject"""

# The first failure of a step since it last ended well.
_FIRST_FAILURE = """
select ended_us, run_id from steps
where step = :step and subject = :subject and state = 'failed' and started_us > coalesce((
    select max(started_us) from steps
    where step = :step and subject = :subject and state in ('done', 'behind')
), 0)
order by started_us limit 1"""

# Old runs, and sooner passes, of which there are thousands a day, and runs in which nothing
# happened, but for the last good row of each step.
_PRUNE = f"""
delete from steps where started_us < :briefly and (
    started_us < :old
    or run_id like '%{PASS}%'
    or run_id not in (select run_id from steps where row_count > 0 or state <> 'done')
) and (run_id, step, subject) not in (
    select run_id, step, subject from (
        select run_id, step, subject, max(started_us) from steps
        where state = 'done' group by step, subject
    )
)"""


@dataclass
class Told:
    """What a step says of itself while it runs; `failed` is why its result is not to be used. One
    that `is_behind` did not come to the end of what there is; one that `is_away` did not answer,
    and stays what it was. `latency_s`: within how many seconds 95 of 100 events of the helpdesk
    were there for people to see.
    """

    rows: int | None = None
    said: str | None = None
    failed: str | None = None
    is_behind: bool = False
    is_away: bool = False
    latency_s: float | None = None


@dataclass(frozen=True)
class Broken:
    """A step whose newest attempt failed; the failures began with run `first_run` at `since`."""

    step: str
    subject: str
    since: datetime
    first_run: str
    error: str

    @property
    def name(self) -> str:
        return self.step if self.subject == ALL else f"{self.step} {self.subject}"


@dataclass(frozen=True)
class History:
    """The runs of one home folder, kept in `folder`."""

    folder: Path

    @contextmanager
    def run(self, run_id: str, job: str) -> Iterator[None]:
        """A run from its start to its end, whatever end that is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock(run_id).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.close_killed()
            if PASS not in run_id:
                self.prune()
            self._begin(run_id, WHOLE, ALL, job)
            try:
                yield
            finally:
                self._finish_run(run_id)
                self._lock(run_id).unlink(missing_ok=True)

    @contextmanager
    def step(self, run_id: str, step: str, subject: str, job: str) -> Iterator[Told]:
        """A step of a run; a second attempt goes on with the row of the first."""
        self._begin(run_id, step, subject, job)
        told = Told()
        try:
            yield told
        except BaseException as error:
            is_over = isinstance(error, Exception)
            self._end(run_id, step, subject, "failed" if is_over else "killed", told, words(error))
            raise
        state = (
            "failed" if told.failed
            else "away" if told.is_away
            else "behind" if told.is_behind
            else "done"
        )  # fmt: skip
        self._end(run_id, step, subject, state, told, told.failed)

    def missed(self, run_id: str, job: str, started_at: datetime, error: str) -> None:
        """A run that failed without a step that could say so; nothing where one did."""
        with self._open() as connection:
            connection.execute(
                "insert into steps (run_id, step, subject, job, state, started_us, ended_us,"
                " attempts, error) values (?, ?, ?, ?, 'failed', ?, ?, 1, ?)"
                " on conflict do update set state = 'failed', ended_us = excluded.ended_us,"
                " error = excluded.error where state not in ('failed', 'killed')",
                [run_id, WHOLE, ALL, job, _us(started_at), _us(datetime.now(UTC)), error],
            )

    def close_killed(self) -> int:
        """Closes what runs that live no more have left open; returns how many runs."""
        with self._open() as connection:
            found = connection.execute("select distinct run_id from steps where state = 'running'")
            dead = [run_id for (run_id,) in found.fetchall() if self._is_dead(run_id)]
            for run_id in dead:
                connection.execute(
                    "update steps set state = 'killed' where run_id = ? and state = 'running'",
                    [run_id],
                )
                self._lock(run_id).unlink(missing_ok=True)
        return len(dead)

    def prune(self) -> None:
        """Forgets what is told of long ago."""
        now = datetime.now(UTC)
        with self._open() as connection:
            connection.execute(_PRUNE, {"briefly": _us(now - KEPT_BRIEFLY), "old": _us(now - KEPT)})

    def at_work(self) -> tuple[str, datetime] | None:
        """The job of the run that is at work now, and since when; None where there is none."""
        with self._open() as connection:
            running = connection.execute(
                "select run_id, job, started_us from steps where step = ? and state = 'running'"
                " order by started_us",
                [WHOLE],
            ).fetchall()
        alive = (row for row in running if not self._is_dead(row[0]))
        return next(((job, _instant(started)) for _, job, started in alive), None)

    def was_away(self, step: str, subject: str, run_id: str) -> bool:
        """Whether the step did not answer either when it was last asked before this run."""
        with self._open() as connection:
            found = connection.execute(
                "select state from steps where step = ? and subject = ? and run_id <> ?"
                " and state not in ('running', 'killed') order by started_us desc limit 1",
                [step, subject, run_id],
            ).fetchone()
        return found is not None and str(found[0]) == "away"

    def last_done(self, step: str, subject: str) -> datetime | None:
        """When the step last ended well, and with all there was."""
        with self._open() as connection:
            (found,) = connection.execute(
                "select max(ended_us) from steps where step = ? and subject = ? and state = 'done'",
                [step, subject],
            ).fetchone()
        return _instant(found) if found is not None else None

    def broken(self) -> list[Broken]:
        """Steps that failed the last time they came to an end."""
        with self._open() as connection:
            newest = connection.execute(f"{_NEWEST} order by step, subject").fetchall()
            found = []
            for step, subject, state, error, _ in newest:
                if state == "failed":
                    named = {"step": step, "subject": subject}
                    since, run_id = connection.execute(_FIRST_FAILURE, named).fetchone()
                    found.append(Broken(step, subject, _instant(since), run_id, error or ""))
        return found

    def failed_steps(self, run_id: str) -> list[tuple[str, str]]:
        """(step, subject) of what failed or was killed in a run."""
        with self._open() as connection:
            return connection.execute(
                "select step, subject from steps where run_id = ? and step <> 'run'"
                " and state in ('failed', 'killed') order by step, subject",
                [run_id],
            ).fetchall()

    def error_of(self, run_id: str) -> str | None:
        """Why a run failed, in the words of its steps, or of those of the pass that ended a watch;
        None where none could say.
        """
        with self._open() as connection:
            found = connection.execute(
                "select error from steps where step = 'run' and error is not null"
                f" and (run_id = :run or run_id like :run || '{PASS}%')"
                " order by run_id = :run, started_us desc limit 1",
                {"run": run_id},
            ).fetchone()
        return found[0] if found else None

    def is_judged(self) -> bool:
        """Whether the marts are of a build that came to its end, and have passed their check. A
        build that found nothing new left them as they were.
        """
        with self._open() as connection:
            built = connection.execute(
                "select started_us, state from steps where step = 'transform'"
                " and not (state = 'done' and row_count is null) order by started_us desc limit 1"
            ).fetchone()
            if built is None:
                return True
            (passed,) = connection.execute(
                "select count(*) from steps where step = 'check' and subject = 'marts'"
                " and state = 'done' and started_us >= ?",
                [built[0]],
            ).fetchone()
        return built[1] == "done" and bool(passed)

    def rows(self) -> list[tuple[Any, ...]]:
        """Every row, the oldest run first: run_id, step, subject, job, state, start and end in
        microseconds of the epoch, seconds, rows, attempts, latency, what it said, why it failed.
        """
        with self._open() as connection:
            return connection.execute(
                "select run_id, step, subject, job, state, started_us, ended_us,"
                " (ended_us - started_us) / 1e6, row_count, attempts, latency_s, said, error"
                " from steps order by started_us, run_id, step <> 'run', step, subject"
            ).fetchall()

    def _begin(self, run_id: str, step: str, subject: str, job: str) -> None:
        with self._open() as connection:
            connection.execute(
                "insert into steps (run_id, step, subject, job, state, started_us, attempts)"
                " values (?, ?, ?, ?, 'running', ?, 1)"
                " on conflict do update set state = 'running', attempts = attempts + 1,"
                " ended_us = null, error = null",
                [run_id, step, subject, job, _us(datetime.now(UTC))],
            )

    def _end(
        self, run_id: str, step: str, subject: str, state: str, told: Told, error: str | None
    ) -> None:
        with self._open() as connection:
            connection.execute(
                "update steps set state = ?, ended_us = ?, row_count = ?, said = ?, error = ?,"
                " latency_s = ? where run_id = ? and step = ? and subject = ?",
                [
                    *(state, _us(datetime.now(UTC)), told.rows, told.said, error, told.latency_s),
                    *(run_id, step, subject),
                ],
            )

    def _finish_run(self, run_id: str) -> None:
        """A run is what its steps are; one that still `runs` was interrupted."""
        with self._open() as connection:
            connection.execute(
                "update steps set state = 'killed' where run_id = ? and state = 'running'"
                " and step <> 'run'",
                [run_id],
            )
            connection.execute(
                "update steps set ended_us = ?, (state, attempts, error) = (select"
                " case when sum(state = 'killed') then 'killed' when sum(state = 'failed')"
                " then 'failed' else 'done' end, coalesce(max(attempts), 1),"
                " group_concat(error, ' ') from steps as own where own.run_id = steps.run_id"
                " and own.step <> 'run') where run_id = ? and step = 'run'",
                [_us(datetime.now(UTC)), run_id],
            )

    def _is_dead(self, run_id: str) -> bool:
        try:
            with self._lock(run_id).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        return True

    def _lock(self, run_id: str) -> Path:
        return self.folder / f"{run_id}.lock"

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction; it waits for that of another process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.folder / "runs.sqlite", timeout=30)) as connection:
            connection.executescript(_CREATE)
            held = {name for _, name, *_ in connection.execute("pragma table_info(steps)")}
            if "latency_s" not in held:
                connection.execute("alter table steps add column latency_s real")
            with connection:
                yield connection


def words(error: BaseException) -> str:
    """The message of an error, or of what it was raised from where it has none."""
    cause: BaseException | None = error
    while cause is not None:
        if text := " ".join(str(cause).split()):
            return text
        cause = cause.__cause__
    return type(error).__name__


def _us(instant: datetime) -> int:
    return round(instant.timestamp() * 1e6)


def _instant(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1e6, UTC)
