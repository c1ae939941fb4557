"""The tables that the lives of a nasty shop's tickets are written into."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from .nasty_options import CROWD, Options
from .nasty_people import HUMANS

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
GAPS_S = [0, 0, 0, 1, 20, 60, 599, 600, 601, 1799, 1800, 1801, 3600, 7200, 14400, 14401, 36000]
LONG_GAPS_S = [86399, 86400, 86401, 172799, 172800, 172801, 259200, 604800, 604801]
SKUS = ["S1", "S2", "S3"]

Cells: TypeAlias = dict[str, Any]  # a row of any table


class Script:
    """What was said and done, and when; `end` is when the last life may begin."""

    def __init__(self, options: Options, start: datetime, change: datetime) -> None:
        self.options, self.start, self.change = options, start, change
        self.span = options.days * DAY
        self.end = start + self.span
        self.rng = options.rng("frame")
        self.tickets: list[Cells] = []
        self.messages: list[Cells] = []
        self.events: list[Cells] = []
        self.opened: dict[str, datetime] = {}  # when each ticket's life began
        self.advice: list[tuple[Cells, datetime, str]] = []  # ticket, instant, sku

    def has(self, feature: str) -> bool:
        return feature in self.options.has

    @property
    def is_full(self) -> bool:
        """Beside a crowd as much again as makes a shop; ids are short of a thousand."""
        crowd = CROWD if self.options.is_crowded else 0
        return len(self.messages) > 190 + crowd or len(self.events) > 180 + crowd

    @property
    def talk(self) -> list[datetime]:
        return sorted(row["sent_at"] for row in self.messages)

    @property
    def resolves(self) -> list[Cells]:
        return [row for row in self.events if row["is_resolve"]]

    @property
    def first(self) -> datetime:
        """When anything happened first."""
        events = [row["occurred_at"] for row in self.events]
        return min([*self.talk, *events], default=self.start)

    @property
    def last(self) -> datetime:
        """When anything happened last."""
        events = [row["occurred_at"] for row in self.events]
        return max([*self.talk, *events], default=self.end)

    def some_instant(self, rng: random.Random) -> datetime:
        """Anywhere in the span; often near the change of clocks, or a round gap after something."""
        known: list[datetime] = [row["occurred_at"] for row in self.events]
        if known and rng.random() < 0.4:
            return rng.choice(known) + timedelta(seconds=rng.choice([*GAPS_S, *LONG_GAPS_S]))
        if rng.random() < 0.3:
            return self.change + timedelta(minutes=rng.randint(-20 * 60, 30 * 60))
        return self.start + timedelta(minutes=rng.randint(0, int(self.span / HOUR) * 60))

    def message(self, ticket: Cells, at: datetime, kind: str, **flags: Any) -> None:
        number = len(self.messages) + 1
        author = {"human_agent": self.rng.choice(HUMANS), "ai_agent": "AI"}.get(kind, "")
        self.messages.append(
            {
                # Ids do not follow the order of sending, seq does (with ties).
                "message_id": f"M{(number * 37) % 1009:04d}",
                "ticket_id": ticket["ticket_id"],
                "sent_at": at,
                "author_kind": kind,
                "author_id": author,
                "seq": number - self.rng.randint(0, 1),
                **flags,
            }
        )

    def event(self, ticket: Cells, at: datetime, kind: str, **cells: Any) -> None:
        number = len(self.events) + 1
        solves = cells.get("to_value") in ("solved", "resolved", "closed")
        self.events.append(
            {
                "event_id": f"E{(number * 41) % 1013:04d}",
                "ticket_id": ticket["ticket_id"],
                "occurred_at": at,
                "event_type": kind,
                "seq": number - self.rng.randint(0, 1),
                "is_resolve": kind in ("resolved", "closed")
                or (kind == "status_changed" and solves),
                **cells,
            }
        )
