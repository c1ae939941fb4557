"""What is judged of one episode: handling, AI outcome, clocks, turns, sessions, cost (K6–K8, S, E).

Each judgement is a function of one ticket's life and of `data_as_of`. What needs other tickets too
(re-contacts) is in recontacts.py.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from .clock import seconds
from .episodes import Episode, Life
from .export import CostRate, Event, Message

TURN_GAP = timedelta(minutes=10)  # K6
SESSION_GAP = timedelta(minutes=30)  # Q4
ASSUME = {True: timedelta(hours=24), False: timedelta(hours=72)}  # K8, by is_sync
GAP_REASONS = frozenset({"no_answer", "low_confidence", "missing_knowledge"})  # Q11
FOREIGN_REASONS = frozenset({"usage_limit", "error"})  # Q7
HANDLINGS = ("hybrid", "human_only", "ai_only", "automation_only", "none")


@dataclass(frozen=True)
class Judged:
    """One episode with all that its own ticket decides of it."""

    life: Life
    episode: Episode
    handling: str
    handoffs: tuple[Event, ...]
    ai_outcome: str | None
    is_sync: bool

    @property
    def key(self) -> tuple[str, int]:
        return (self.life.case.ticket.ticket_id, self.episode.seq)

    @property
    def is_countable(self) -> bool:
        return self.life.case.is_countable

    @property
    def replies(self) -> list[Message]:
        return [item for item in self.episode.messages if item.side]

    def replies_of(self, side: str) -> list[Message]:
        return [item for item in self.replies if item.side == side]

    def first_reply_at(self, side: str | None = None) -> datetime | None:
        return next((item.at for item in self.replies if side in (None, item.side)), None)

    @property
    def is_ai_involved(self) -> bool:
        return bool(self.replies_of("ai") or self.handoffs)

    @property
    def handoff_reason(self) -> str | None:
        """Of the first handoff, which is the episode's."""
        first = next(iter(self.handoffs), None)
        return (first.to_value or first.reason) if first else None

    @property
    def is_escalated(self) -> bool:
        return bool(self.handoffs or self.replies_of("human"))

    @property
    def is_foreign_handoff(self) -> bool:
        """Q7: a handoff that says nothing of the AI's work."""
        return self.handoff_reason in FOREIGN_REASONS

    @property
    def has_gap(self) -> bool:
        """Q11's signal."""
        answered = any(item.is_substantive for item in self.replies_of("ai"))
        unhelpful = "not_helpful" in stated(self.episode)
        return self.handoff_reason in GAP_REASONS or not answered or unhelpful

    @property
    def is_resolved(self) -> bool:
        """K8: what the rates call a resolved episode."""
        return self.episode.resolve is not None and self.ai_outcome != "abandoned"

    @property
    def is_resolved_by_human(self) -> bool:
        resolve = self.episode.resolve
        return resolve is not None and resolve.actor_kind == "human_agent"

    @property
    def is_ai_resolved(self) -> bool:
        decided = self.ai_outcome in ("confirmed", "assumed")
        closed = self.episode.resolve is not None and not self.is_resolved_by_human
        return self.handling == "ai_only" and closed and decided

    @property
    def is_deflected(self) -> bool:
        """E1's numerator."""
        closed = self.episode.resolve is not None and not self.is_resolved_by_human
        return self.is_ai_resolved or (self.handling == "automation_only" and closed)

    @property
    def sessions(self) -> int:
        """Stretches of talk, customer messages and replies, no pause longer than 30 minutes."""
        talk = [item.at for item in self.episode.messages if item.is_from_customer or item.side]
        pauses = itertools.pairwise(talk)
        return bool(talk) + sum(later - earlier > SESSION_GAP for earlier, later in pauses)

    @property
    def is_one_touch(self) -> bool:
        """Q4 (a): one interaction."""
        if self.is_sync:
            return self.sessions <= 1
        return len(responder_turns(self.episode.messages)) <= 1

    def cost(self, side: str, rates: list[CostRate], on: datetime) -> Decimal | None:
        """E6: what the side's part of this contact cost at the rate of local time `on`.

        0 where the side did not reply, None where it did and no rate was in force.
        """
        if not self.replies_of(side):
            return Decimal(0)
        day = on.date()
        in_force = [
            rate
            for rate in rates
            if rate.handling == side
            and rate.valid_from <= day
            and (rate.valid_to is None or day <= rate.valid_to)
        ]
        return max(in_force, key=lambda rate: rate.valid_from).unit_cost if in_force else None


def judge(life: Life, data_as_of: datetime) -> list[Judged]:
    """The episodes of one ticket, in order."""
    return [_judged(life, episode, data_as_of) for episode in life.episodes]


def ticket_handling(judged: list[Judged]) -> str:
    """K7 for a ticket: hybrid if both sides occur in its episodes, else the first that occurs."""
    occurring = {one.handling for one in judged}
    if {"human_only", "ai_only"} <= occurring:
        return "hybrid"
    return next((name for name in HANDLINGS if name in occurring), "none")


def responder_turns(messages: list[Message]) -> list[str]:
    """K6: the side of each responder turn.

    Replies of one side at most 10 minutes apart; a customer message, or the other side, ends it.
    """
    turns: list[str] = []
    last: Message | None = None
    for item in messages:
        if item.is_from_customer:
            last = None
        elif item.side:
            if last is None or last.side != item.side or item.at - last.at > TURN_GAP:
                turns.append(item.side)
            last = item
    return turns


def handoff_clock(one: Judged) -> tuple[datetime, datetime | None] | None:
    """S4: when the customer began to wait for a human, and the human reply; None: no handoff."""
    humans = one.replies_of("human")
    if one.handoffs:
        start = one.handoffs[0].at
        return start, next((item.at for item in humans if item.at >= start), None)
    if one.handling != "hybrid":
        return None
    talk = one.episode.messages
    until = talk[: talk.index(humans[0])]
    last_ai = max((n for n, item in enumerate(until) if item.side == "ai"), default=None)
    if last_ai is None:
        return None
    asked = next((item.at for item in until[last_ai:] if item.is_from_customer), None)
    return (asked, humans[0].at) if asked else None


def customer_turns(one: Judged) -> list[tuple[datetime, Message | None]]:
    """S5: each run of customer messages, when it began, and the reply that ended it."""
    turns: list[tuple[datetime, Message | None]] = []
    for item in one.episode.messages:
        waiting = bool(turns) and turns[-1][1] is None
        if item.is_from_customer and not waiting:
            turns.append((item.at, None))
        elif item.side and waiting:
            turns[-1] = (turns[-1][0], item)
    return turns


def stated(episode: Episode) -> set[str]:
    """The outcomes that the source states: by `ai_outcome`, or as the value of a resolve."""
    return {
        item.to_value
        for item in episode.events
        if item.event_type in ("ai_outcome", "resolved") and item.to_value
    }


def frt(one: Judged, side: str | None = None) -> int | None:
    """Seconds from the opening to the first reply (of a side)."""
    return seconds(one.episode.opened_at, one.first_reply_at(side))


def _judged(life: Life, episode: Episode, data_as_of: datetime) -> Judged:
    handoffs = tuple(
        item
        for item in episode.events
        if item.event_type == "handoff" and item.actor_kind != "human_agent"
    )
    sides = {item.side for item in episode.messages if item.side}
    if "ai" in sides:
        handling = "hybrid" if "human" in sides or handoffs else "ai_only"
    elif "human" in sides:
        handling = "human_only"
    else:
        automated = any(
            item.author_kind == "automation" and item.is_public and not item.is_auto
            for item in episode.messages
        )
        handling = "automation_only" if automated else "none"
    involved = "ai" in sides or bool(handoffs)
    return Judged(
        life=life,
        episode=episode,
        handling=handling,
        handoffs=handoffs,
        ai_outcome=_outcome(life, episode, bool(handoffs), data_as_of) if involved else None,
        is_sync=life.case.is_sync,
    )


def _outcome(life: Life, episode: Episode, is_handed_off: bool, data_as_of: datetime) -> str | None:
    """K8, the first that holds."""
    replies = [item for item in episode.messages if item.side]
    answers = [item for item in replies if item.side == "ai"]
    told = stated(episode)
    if is_handed_off or any(item.side == "human" for item in replies):
        return "escalated"
    if "abandoned" in told or not any(item.is_substantive for item in answers):
        return "abandoned"
    if "confirmed" in told:
        return "confirmed"
    if episode.resolve is None:
        return None
    if "assumed" in told or _is_silent(life, answers[-1], data_as_of):
        return "assumed"
    return None


def _is_silent(life: Life, answer: Message, data_as_of: datetime) -> bool:
    """No customer message on the ticket up to the end of the window after the last AI reply.

    As with every window, its last second is within it: at one instant messages come first (K1).
    """
    window = ASSUME[life.case.is_sync]
    place = life.case.timeline.index(answer)
    later = [
        item
        for item in life.case.timeline[place + 1 :]
        if isinstance(item, Message) and item.is_from_customer and item.at - answer.at <= window
    ]
    return not later and answer.at + window <= data_as_of
