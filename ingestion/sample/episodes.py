"""Episodes: the rows that the AI, the rules and the people work on, and what the shop works with.

A first episode is a ticket; a later one is a customer who comes back. Both are handled by the same
code, which is why they share one shape.
"""

from dataclasses import dataclass, field, fields

import numpy as np

from ingestion.sample.catalogue import SYNC_CHANNELS
from ingestion.sample.demand import Tickets
from ingestion.sample.dice import Bools, Dice, Floats, Ints, Keys
from ingestion.sample.ledger import Ledger
from ingestion.sample.orders import Orders
from ingestion.sample.staff import Staff
from ingestion.sample.story import Story

NEVER = 1 << 60
NOT_HANDLED, AI_ONLY, HYBRID, HUMAN_ONLY, RULES_ONLY = range(5)
NO_OUTCOME, CONFIRMED, ASSUMED, ABANDONED, NOT_HELPFUL = range(5)
OUTCOMES = ("", "confirmed", "assumed", "abandoned", "not_helpful")


@dataclass
class Scene:
    """The shop while it is being made."""

    story: Story
    dice: Dice
    orders: Orders
    staff: Staff
    ledger: Ledger = field(default_factory=Ledger)
    work: list[tuple[Ints, Ints, Ints, Ints]] = field(default_factory=list)

    def day(self, at: Ints) -> Ints:
        return self.story.days.index(at)


@dataclass
class Episodes:
    """One row an episode; `ticket` is the position of its ticket."""

    key: Keys
    ticket: Ints
    seq: Ints
    at: Ints
    category: Ints
    channel: Ints
    team: Ints
    goodness: Floats
    language: Ints
    sku: Ints
    order: Ints

    def __len__(self) -> int:
        return len(self.key)

    @property
    def is_sync(self) -> Bools:
        return np.isin(self.channel, SYNC_CHANNELS)

    def take(self, rows: Ints | Bools) -> "Episodes":
        return Episodes(**{item.name: getattr(self, item.name)[rows] for item in fields(self)})


@dataclass
class Ends:
    """How each episode went; instants are NEVER where it did not happen.

    `wait_s` is the customer's wait for the first reply of the side that ended it.
    """

    handling: Ints
    outcome: Ints
    resolved_at: Ints
    wait_s: Floats
    agent: Ints
    last_reply_at: Ints
    is_ill: Bools

    @staticmethod
    def of(size: int) -> "Ends":
        return Ends(
            handling=np.full(size, NOT_HANDLED),
            outcome=np.full(size, NO_OUTCOME),
            resolved_at=np.full(size, NEVER),
            wait_s=np.zeros(size),
            agent=np.full(size, -1),
            last_reply_at=np.full(size, NEVER),
            is_ill=np.zeros(size, dtype=bool),
        )

    def take(self, rows: Ints | Bools) -> "Ends":
        return Ends(**{item.name: getattr(self, item.name)[rows] for item in fields(self)})


def first_episodes(tickets: Tickets, start: int = 0) -> Episodes:
    """The first episode of each ticket; `start` is the position of the first of them."""
    size = len(tickets)
    return Episodes(
        key=tickets.key,
        ticket=np.arange(start, start + size),
        seq=np.ones(size, dtype=np.int64),
        at=tickets.at,
        category=tickets.category,
        channel=tickets.channel,
        team=tickets.team,
        goodness=tickets.goodness,
        language=tickets.language,
        sku=tickets.sku,
        order=tickets.order,
    )


def joined(parts: list[tuple[Episodes, Ends]]) -> tuple[Episodes, Ends]:
    """Episodes and their ends of several rounds as one."""
    episodes = {
        item.name: np.concatenate([getattr(part, item.name) for part, _ in parts])
        for item in fields(Episodes)
    }
    ends = {
        item.name: np.concatenate([getattr(part, item.name) for _, part in parts])
        for item in fields(Ends)
    }
    return Episodes(**episodes), Ends(**ends)
