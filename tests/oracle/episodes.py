"""A ticket's life: its states, episodes, resolves and reopens, walked event by event (K5).

One pass over the timeline in K1's order. Everything later is a question asked of what it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from .export import RESOLVED_STATES, Event, Message
from .tickets import Case, Item

NEEDS_US = frozenset({"new", "open"})


@dataclass
class Episode:
    """One engagement cycle; `items` run up to the opening of the next one."""

    seq: int
    opened_at: datetime
    items: list[Item] = field(default_factory=list)
    resolve: Event | None = None  # the one that closes it, None while it is open
    resolve_position: int | None = None

    @property
    def resolved_at(self) -> datetime | None:
        return self.resolve.at if self.resolve else None

    @property
    def messages(self) -> list[Message]:
        return [item for item in self.items if isinstance(item, Message)]

    @property
    def events(self) -> list[Event]:
        return [item for item in self.items if isinstance(item, Event)]


@dataclass
class Span:
    """A stay in one state; `since` is what a backlog's age is counted from (V10)."""

    state: str
    valid_from: datetime
    since: datetime
    valid_to: datetime | None = None


@dataclass
class Life:
    """What became of one ticket. Positions are places on its timeline: K1 decides ties."""

    case: Case
    episodes: list[Episode] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    resolves: list[tuple[int, Event]] = field(default_factory=list)
    reopens: list[tuple[int, datetime]] = field(default_factory=list)

    def state_before(self, instant: datetime) -> Span | None:
        """K9, end of a period: the state just before `instant`."""
        past = [span for span in self.spans if span.valid_from < instant]
        return past[-1] if past else None

    @property
    def is_resolved_now(self) -> bool:
        return bool(self.spans) and self.spans[-1].state in RESOLVED_STATES


def life_of(case: Case, has_messages: bool) -> Life:
    """Walks the ticket; a merged or a silent one has no life."""
    walk = _Walk(Life(case), has_messages)
    if not has_messages and case.starts_at:
        walk.open_episode(case.starts_at)
    for position, item in enumerate(case.timeline):
        if isinstance(item, Message):
            walk.message(position, item)
        else:
            walk.event(position, item)
    return walk.life


def category_of(case: Case, episode: Episode) -> str | None:
    """K19: the category in force at the episode's resolve, else now.

    In force is what the last `category_set` before it says; without one, what the first later one
    says it replaced. Now is what the last one says, and the column where there is none at all.
    """
    sets = [
        (place, item)
        for place, item in enumerate(case.timeline)
        if isinstance(item, Event) and item.event_type == "category_set"
    ]
    if not sets:
        return case.ticket.category
    now = sets[-1][1].to_value
    if episode.resolve_position is None or episode.resolved_at is None:  # an agent carries it on
        return now
    before = [item for place, item in sets if place < episode.resolve_position]
    return before[-1].to_value if before else sets[0][1].from_value or now


class _Walk:
    """The pass itself: `state` is None until the ticket is there, at its first customer message."""

    def __init__(self, life: Life, has_messages: bool) -> None:
        self.life = life
        self._has_messages = has_messages
        self._state: str | None = None

    def message(self, position: int, item: Message) -> None:
        if item.is_from_customer and self._has_messages and self._is_closed():
            if self.life.episodes:
                self.life.reopens.append((position, item.at))
            self.open_episode(item.at)
        self._attach(item)

    def event(self, position: int, item: Event) -> None:
        self._attach(item)
        state = item.state
        # A resolve before the first customer message is none: the ticket is not there yet.
        if self._state is None or state is None or state == self._state:
            return
        if state in RESOLVED_STATES:
            self._resolve(position, item, state)
        elif self._state in RESOLVED_STATES:
            self._return(position, item, state)
        else:
            self._enter(state, item.at, self.life.spans[-1].since)

    def open_episode(self, at: datetime) -> None:
        """A message that opens an episode sets open, whatever the state was."""
        self.life.episodes.append(Episode(len(self.life.episodes) + 1, at))
        self._enter("open", at, at)

    def _resolve(self, position: int, item: Event, state: str) -> None:
        if self._state in RESOLVED_STATES:
            return  # an automatic close days after the resolve
        self.life.resolves.append((position, item))
        if not self._is_closed():
            self.life.episodes[-1].resolve = item
            self.life.episodes[-1].resolve_position = position
        # Else the second resolve of a gratitude-only reopen: states and `events` see it, no more.
        self._enter(state, item.at, item.at)

    def _return(self, position: int, item: Event, state: str) -> None:
        if not self._has_messages:
            self.life.reopens.append((position, item.at))
            self.open_episode(item.at)
            if state == "open":
                return
        elif item.actor_kind == "human_agent":
            self.life.reopens.append((position, item.at))
            self.life.episodes[-1].resolve = None  # carried on to its next resolve
        self._enter(state, item.at, item.at)

    def _is_closed(self) -> bool:
        """Whether a customer message would open an episode."""
        return not self.life.episodes or self.life.episodes[-1].resolve is not None

    def _attach(self, item: Item) -> None:
        if self.life.episodes:
            self.life.episodes[-1].items.append(item)

    def _enter(self, state: str, at: datetime, since: datetime) -> None:
        if self.life.spans:
            self.life.spans[-1].valid_to = at
        self.life.spans.append(Span(state, at, since))
        self._state = state
