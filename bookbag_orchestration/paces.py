"""When each source of a watch is asked next: at its own pace, less often where none answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LONGEST_PAUSE_S = 240.0


@dataclass
class Paces:
    """`paces`: seconds from the end of one sync of a source to the start of its next. Instants are
    seconds of one clock that only goes forward. A source is due at once.
    """

    paces: Mapping[str, float]
    _next: dict[str, float] = field(default_factory=dict)
    _misses: dict[str, int] = field(default_factory=dict)

    def due(self, now: float) -> list[str]:
        """Sources to be asked now, in the order they are given."""
        return [name for name in self.paces if self._next.get(name, now) <= now]

    def answered(self, name: str, now: float) -> None:
        self._misses.pop(name, None)
        self._next[name] = now + self.paces[name]

    def missed(self, name: str, now: float) -> int:
        """A source could not be reached: its pause doubles. Returns how often in a row."""
        misses = self._misses[name] = self._misses.get(name, 0) + 1
        self._next[name] = now + min(self.paces[name] * 2**misses, LONGEST_PAUSE_S)
        return misses

    def give_up(self, name: str) -> None:
        """A source that only people can mend is not asked again."""
        self._next[name] = float("inf")

    def others(self, names: Sequence[str]) -> list[str]:
        """Sources beside `names` that answer: what these have brought is seen when all reach it."""
        return [
            name
            for name in self.paces
            if name not in names
            and name not in self._misses
            and self._next.get(name) != float("inf")
        ]

    def wait_s(self, now: float) -> float:
        """Seconds until the next one is due."""
        return max(0.0, min((self._next.get(name, now) for name in self.paces), default=now) - now)
