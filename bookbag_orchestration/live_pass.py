"""A live pass: what has just landed, followed to the copy that people read.

The steps are those of a whole run and are recorded as such, each pass as a run of its own in
`pipeline_runs`. What only whole builds make is left to the next one (docs/operations.md).
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bookbag_orchestration.alerting import bring_up_to_date
from bookbag_orchestration.borders import Border, landing, marts
from bookbag_orchestration.dashboard import Drawing
from bookbag_orchestration.history import ALL, PASS, Told
from bookbag_orchestration.live_models import LiveModels
from bookbag_orchestration.publishing import Published, follow, publish
from bookbag_orchestration.resources import Workplace
from expectations.suites import Failure, failures
from ingestion import TABLES

# What helpdesks have told of tickets that the copy before did not hold: it landed later, or had not
# been reached by all sources.
_LATENCIES = """
with heard as (
    select occurred_at, loaded_at from intermediate.int_ticket_events where not is_synthetic
    union all
    select sent_at, loaded_at from intermediate.int_messages where not is_synthetic
),
waits as (
    select date_diff('millisecond', heard.occurred_at, $until) / 1000 as wait_s
    from heard
    cross join intermediate.int_accounts as account
    where heard.occurred_at <= account.data_as_of
        and (heard.loaded_at >= $since or heard.occurred_at > account.built_until_at)
)
select count(*), median(wait_s), quantile_cont(wait_s, 0.95) from waits"""


class CheckError(Exception):
    """A check that keeps what follows from being built or published; the message is what it saw."""


@dataclass(frozen=True)
class Latency:
    """From an event in the helpdesk to where people see it, in seconds; None without an event."""

    events: int
    median_s: float | None
    p95_s: float | None


@dataclass(frozen=True)
class Followed:
    """What a pass has put in place."""

    models: int
    published: Published
    latency: Latency


@dataclass
class LivePasses:
    """The passes of the run `run_id`, which record themselves under the name of `job`. `checked` is
    told of each border and of what did not hold there.
    """

    place: Workplace
    run_id: str
    job: str
    checked: Callable[[Border, Sequence[Failure]], None]
    models: LiveModels = field(init=False)
    drawing: Drawing = field(init=False)
    passes: int = 0

    def __post_init__(self) -> None:
        self.models = LiveModels(self.place)
        self.drawing = Drawing(self.place, self.run_id, self.job)

    def follow(self, landed: Sequence[str], since: datetime) -> Followed:
        """Builds on what the sources `landed` have brought since `since`, checks, tells, publishes.

        Raises TransformError or CheckError; what was published stays then.
        """
        self.passes += 1
        place, run_id = self.place, f"{self.run_id}{PASS}{self.passes}"
        with place.history.run(run_id, self.job):
            for source in landed:
                self._judge(run_id, landing(source, TABLES[place.config.source(source).kind]))
            is_level = place.is_level()
            place.forget_built()
            place.note_ahead()
            with self._step(run_id, "transform") as told:
                models = told.rows = self.models.build()
                place.note_built(live=True)
            # What else there is has passed only where it is what was published.
            is_partial = is_level and not self._is_everything()
            self._judge(run_id, marts(is_live=is_partial))
            with self._step(run_id, "alert") as told:
                incidents = bring_up_to_date(place, datetime.now(UTC), is_live=True)
                told.said = f"{incidents.open} open, {incidents.new} new" if incidents else None
            with self._step(run_id, "publish") as told:
                published = (follow if is_partial else publish)(place, datetime.now(UTC))
                latency = self._latency(since, datetime.now(UTC))
                told.rows, told.latency_s = sum(published.rows.values()), latency.p95_s
        self.drawing.ask()
        return Followed(models, published, latency)

    def finish(self) -> None:
        """Waits for the pages of the last pass."""
        self.drawing.finish()

    def _step(self, run_id: str, name: str, subject: str = ALL) -> AbstractContextManager[Told]:
        return self.place.history.step(run_id, name, subject, self.job)

    def _judge(self, run_id: str, border: Border) -> None:
        with self._step(run_id, "check", border.subject) as told:
            suites = border.suites()
            with self.place.connect(read_only=True) as connection:
                found = failures(connection, suites)
            self.checked(border, found)
            rules = sum(len(suite.expectations) for suite in suites)
            told.said = "; ".join(map(str, found)) or f"{rules} expectations hold"
            if found:
                raise CheckError(f"check {border.name}: {told.said}")

    def _is_everything(self) -> bool:
        """Whether the pass made every period anew: a local day has begun, or all has changed."""
        with self.place.connect(read_only=True) as connection:
            found = connection.execute(
                "select count(*) from core.dim_touched_periods where grain = 'everything'"
            ).fetchone()
        return found != (0,)

    def _latency(self, since: datetime, until: datetime) -> Latency:
        with self.place.connect(read_only=True) as connection:
            found = connection.execute(_LATENCIES, {"since": since, "until": until}).fetchone()
        return Latency(*(found or (0, None, None)))
