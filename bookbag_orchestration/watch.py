"""A watch: sources are asked again and again, and what they bring is followed at once.

A process that starts anew for each new ticket would take longer than the work: this one has all it
needs loaded. It stays until nobody wants it any more: the next tick is due, or another run waits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic, sleep

from bookbag_orchestration import landing
from bookbag_orchestration.history import words
from bookbag_orchestration.live_pass import Followed, LivePasses
from bookbag_orchestration.paces import Paces
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.sections import AnySource, ApiSource
from ingestion.errors import IngestError, UnavailableError
from ingestion.pipeline import Loaded

# A source that stays away so often in a row has failed; what does so once is back in a minute.
MISSES = 3
LOOK_S = 2.0
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
    _pending: set[str] = field(default_factory=set)
    _since: datetime | None = None
    _is_half: bool = False

    def run(self) -> None:
        """Asks every source once, and those with an API until it is over.

        Raises WatchError at its end where a source failed, and at once what a pass raises.
        """
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
                if not self._is_half and not self.place.is_followed():
                    self._follow()
            if not apis or self._pause(paces):
                break
        if self.faults:
            raise WatchError(" ".join(self.faults.values()))

    def _round(self, paces: Paces, names: Sequence[str], sources: dict[str, AnySource]) -> bool:
        """Asks these sources; True if one had something new."""
        brought = [self._ask(sources[name], paces) for name in names]
        return any(brought)

    def _ask(self, source: AnySource, paces: Paces) -> bool:
        name, began_at = source.name, datetime.now(UTC)
        try:
            with self.place.history.step(
                self.passes.run_id, "ingest", name, self.passes.job
            ) as told:
                try:
                    loaded = landing.sync(self.place, source, began_at)
                except UnavailableError as error:
                    if paces.missed(name, monotonic()) >= MISSES:
                        raise
                    told.is_behind, told.said = True, words(error)
                    return False
                self._is_half |= loaded.is_half
                landing.check_whole(source, loaded)
                told.is_behind, told.said = loaded.is_behind, landing.told(loaded)
                told.rows = loaded.total
        except IngestError as error:
            self.faults[name] = words(error)
            if not isinstance(error, UnavailableError):
                paces.give_up(name)
            return False
        self.faults.pop(name, None)
        paces.answered(name, monotonic())
        self.brought(source, loaded)
        if loaded.total:
            self._pending.add(name)
            self._since = self._since or began_at
        return bool(loaded.total)

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
