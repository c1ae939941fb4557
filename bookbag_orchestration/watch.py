"""A watch: sources are asked again and again, and what they bring is followed at once.

A process that starts anew for each new ticket would take longer than the work: this one has all it
needs loaded. It stays until nobody wants it any more: the next tick is due, or another run waits.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic, sleep

from bookbag_orchestration import landing
from bookbag_orchestration.history import words
from bookbag_orchestration.live_pass import Followed, LivePasses
from bookbag_orchestration.paces import Paces
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.sections import AnySource, ApiSource
from ingestion.api import Patience
from ingestion.errors import IngestError, UnavailableError
from ingestion.pipeline import Loaded

# A source that stays away so often in a row, or in two watches, has failed; what does so once is
# back in a minute.
MISSES = 3
LOOK_S = 2.0
# While a source is asked nobody else may work at the warehouse: one that does not answer now is
# asked again at its next turn.
PATIENCE = Patience(timeout_s=20, attempts=2, pause_s=10)
# Longer than who waits for the warehouse looks away (turns.py), however much there is to follow.
GIVE_WAY_S = 0.5


class WatchError(Exception):
    """Sources that could not be read; the message is what they said. All else is done."""


@dataclass
class Watch:
    """One watch. `is_over` says when to end, `brought` is told of each sync and `followed` of each
    pass.
    """

    place: Workplace
    passes: LivePasses
    is_over: Callable[[], bool]
    brought: Callable[[AnySource, Loaded], None]
    followed: Callable[[Followed], None]
    faults: dict[str, str] = field(default_factory=dict)
    _pending: set[str] = field(init=False)
    _since: datetime | None = None
    # New rows of each source in this watch, whose asks are one step of the run.
    _rows: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        # What a watch before this one has landed and not followed is judged too.
        self._pending = {source.name for source in self.place.config.sources}

    def run(self) -> None:
        """Asks every source once, and those with an API until it is over.

        Raises WatchError at its end where a source failed, and at once what a pass raises.
        """
        try:
            self._watch()
        finally:
            self.passes.finish()
        if self.faults:
            raise WatchError(" ".join(self.faults.values()))

    def _watch(self) -> None:
        sources = {source.name: source for source in self.place.config.sources}
        apis = {name: each.pace_s for name, each in sources.items() if isinstance(each, ApiSource)}
        paces = Paces(apis)
        files = Paces(dict.fromkeys(sources.keys() - apis.keys(), 0.0))
        with self.place.alone():
            self._round(files, files.due(0.0), sources)
        while True:
            # Between two looks others may work at the warehouse, and the next look waits for them.
            with self.place.alone():
                due = paces.due(monotonic())
                if self._round(paces, due, sources):
                    # What these have brought is seen when the others are known as far (K10).
                    self._round(paces, paces.others(due), sources)
                if self._is_to_follow():
                    self._follow()
            if not apis or self._pause(paces):
                break

    def _round(self, paces: Paces, names: Sequence[str], sources: dict[str, AnySource]) -> bool:
        """Asks these sources; True if one had something new."""
        brought = [self._ask(sources[name], paces) for name in names]
        return any(brought)

    def _ask(self, source: AnySource, paces: Paces) -> bool:
        name, began_at = source.name, datetime.now(UTC)
        # Until it has answered in full: what a sync that fails has landed is there.
        is_judged = name not in self._pending
        self._pending.add(name)
        try:
            with self.place.history.step(
                self.passes.run_id, "ingest", name, self.passes.job
            ) as told:
                try:
                    loaded = landing.sync(self.place, source, began_at, PATIENCE)
                except UnavailableError as error:
                    misses, history = paces.missed(name, monotonic()), self.place.history
                    if misses >= MISSES or history.was_away("ingest", name, self.passes.run_id):
                        raise
                    told.is_away, told.rows, told.said = True, self._rows[name], words(error)
                    return False
                landing.check_whole(source, loaded)
                self._rows[name] += loaded.total
                told.is_behind, told.rows = loaded.is_behind, self._rows[name]
                told.said = landing.told(replace(loaded, rows={"all": told.rows}))
        except IngestError as error:
            self.faults[name] = words(error)
            if not isinstance(error, UnavailableError):
                paces.give_up(name)
            return False
        self.faults.pop(name, None)
        paces.answered(name, monotonic())
        self.brought(source, loaded)
        if loaded.total:
            self._since = self._since or began_at
        elif is_judged:
            self._pending.discard(name)
        return bool(loaded.total)

    def _is_to_follow(self) -> bool:
        """Whether there is something new, whole, and a build that ended well to follow it from."""
        place = self.place
        return not (place.is_followed() or place.has_other_models() or place.is_half())

    def _follow(self) -> None:
        refused = {fault.subject for fault in self.place.faults() if fault.step == "check"}
        judged = self._pending | (refused & {source.name for source in self.place.config.sources})
        self.followed(self.passes.follow(sorted(judged), self._since or datetime.now(UTC)))
        self._pending.clear()
        self._since = None

    def _pause(self, paces: Paces) -> bool:
        """Gives way, and waits until a source is due; True when the watch is over."""
        sleep(GIVE_WAY_S)
        while not (is_over := self.is_over()):
            wait_s = paces.wait_s(monotonic())
            if wait_s <= 0:
                break
            sleep(min(wait_s, LOOK_S))
        return is_over
