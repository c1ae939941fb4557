"""Random lives of tickets: what customers, agents and machines do to one, one step after another.

Most steps follow a plausible plot (asked, answered, resolved, thanked, asked again); between them
anything may happen at any time, often at the very same second.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeAlias

HOUR = timedelta(hours=1)
GAPS_S = [0, 0, 0, 1, 20, 60, 599, 600, 601, 1799, 1800, 1801, 3600, 7200, 14400, 14401, 36000]
LONG_GAPS_S = [86399, 86400, 86401, 172799, 172800, 172801, 259200, 604800, 604801]
OUTCOMES = ["", "", "assumed", "assumed", "confirmed", "abandoned", "not_helpful"]
REASONS = ["no_answer", "low_confidence", "customer_request", "usage_limit", "error", "policy"]
ACTORS = ["human_agent", "human_agent", "ai_agent", "automation", "customer", "system"]
HUMANS = ["A", "B", "D"]

Cells: TypeAlias = dict[str, Any]  # a row of any table


class Script:
    """The tables that lives are written into, and the instants at which things happened."""

    def __init__(
        self, rng: random.Random, start: datetime, change: datetime, span: timedelta
    ) -> None:
        self.rng, self.start, self.change, self.span = rng, start, change, span
        self.tickets: list[Cells] = []
        self.messages: list[Cells] = []
        self.events: list[Cells] = []
        self.opened: dict[str, datetime] = {}  # when each ticket's life began

    @property
    def talk(self) -> list[datetime]:
        return sorted(row["sent_at"] for row in self.messages)

    @property
    def first(self) -> datetime:
        """When anything happened first."""
        events = [row["occurred_at"] for row in self.events]
        return min([*self.talk, *events], default=self.start)

    def some_instant(self) -> datetime:
        """Anywhere in the span; often near the change of clocks, or a round gap after something."""
        rng = self.rng
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
                "is_resolve": kind in ("resolved", "closed") or solves,
                **cells,
            }
        )


def live_a_life(script: Script, ticket: Cells) -> None:
    """Writes the messages and events of one ticket from some instant on."""
    rng = script.rng
    at = script.some_instant()
    script.opened[ticket["ticket_id"]] = at
    lag = timedelta(seconds=rng.choice([0, 0, -180, 90]))  # rows are made late, or ahead
    ticket["created_at"] = at + lag if rng.random() < 0.8 else ""
    if rng.random() < 0.3:
        script.event(ticket, at, "created")
    plot = rng.choices(list(PLOTS), [weight for weight, _ in PLOTS.values()])[0]
    for step in PLOTS[plot][1]:
        STEPS[step](script, ticket, at)
        at += timedelta(seconds=rng.choice(GAPS_S))
    for _ in range(rng.choice([0, 1, 2, 4, 8]) if plot != "silent" else 0):
        at += timedelta(seconds=rng.choice(GAPS_S if rng.random() < 0.7 else LONG_GAPS_S))
        step = rng.choices(list(STEPS), [WEIGHTS.get(name, 1) for name in STEPS])[0]
        STEPS[step](script, ticket, at)


def _says(kind: str, **flags: Any) -> Callable[[Script, Cells, datetime], None]:
    return lambda script, ticket, at: script.message(ticket, at, kind, **flags)


def _reply(script: Script, ticket: Cells, at: datetime) -> None:
    script.message(ticket, at, "human_agent", is_ai_assisted=script.rng.random() < 0.3)


def _resolve(script: Script, ticket: Cells, at: datetime) -> None:
    """By any actor and wording; sometimes twice, sometimes undone in the same second."""
    rng = script.rng
    how = rng.random()
    actor = _actor(rng)
    if how < 0.7:
        script.event(ticket, at, "resolved", to_value=rng.choice(OUTCOMES), **actor)
    elif how < 0.85:
        to_value = rng.choice(["solved", "resolved", "closed"])
        script.event(ticket, at, "status_changed", to_value=to_value, **actor)
    else:
        script.event(ticket, at, "closed", **actor)
    if rng.random() < 0.2:
        _reopen(script, ticket, at)
    if rng.random() < 0.2:
        script.event(ticket, at, "resolved", to_value=rng.choice(OUTCOMES), **actor)
    if rng.random() < 0.2:
        later = at + timedelta(days=rng.choice([1, 4]))
        script.event(ticket, later, "closed", actor_kind="automation")


def _ai_resolve(script: Script, ticket: Cells, at: datetime) -> None:
    actor = script.rng.choice(["ai_agent", "automation", "customer"])
    to_value = script.rng.choice(OUTCOMES)
    script.event(ticket, at, "resolved", to_value=to_value, actor_kind=actor)


def _human_resolve(script: Script, ticket: Cells, at: datetime) -> None:
    script.event(ticket, at, "resolved", actor_id=script.rng.choice(HUMANS))


def _reopen(script: Script, ticket: Cells, at: datetime) -> None:
    kind, to_value = script.rng.choice(
        [("reopened", ""), ("reopened", ""), ("status_changed", "open"), ("status_changed", "new")]
    )
    script.event(ticket, at, kind, to_value=to_value, **_actor(script.rng))


def _thanks(script: Script, ticket: Cells, at: datetime) -> None:
    """A word of thanks, which some helpdesks take for a reopen."""
    script.message(ticket, at, "customer", is_gratitude=True)
    if script.rng.random() < 0.6:
        script.event(ticket, at, "reopened", actor_kind="customer")
        if script.rng.random() < 0.7:
            later = at + timedelta(minutes=5)
            script.event(ticket, later, "resolved", actor_kind="human_agent")


def _handoff(script: Script, ticket: Cells, at: datetime) -> None:
    rng = script.rng
    actor = rng.choice(["ai_agent", "ai_agent", "automation", "customer", "human_agent", ""])
    reason = {rng.choice(["to_value", "reason"]): rng.choice(REASONS)}
    script.event(ticket, at, "handoff", actor_kind=actor, **reason)


def _status(script: Script, ticket: Cells, at: datetime) -> None:
    to_value = script.rng.choice(["pending", "pending", "on_hold", "snoozed", "open", "new"])
    script.event(ticket, at, "status_changed", to_value=to_value, **_actor(script.rng))


def _snooze(script: Script, ticket: Cells, at: datetime) -> None:
    script.event(ticket, at, "snoozed", actor_kind="human_agent")
    if script.rng.random() < 0.7:
        script.event(ticket, at + script.rng.choice([1, 30]) * HOUR, "unsnoozed")


def _outcome(script: Script, ticket: Cells, at: datetime) -> None:
    script.event(ticket, at, "ai_outcome", to_value=script.rng.choice(OUTCOMES[2:]))


def _category(script: Script, ticket: Cells, at: datetime) -> None:
    """The column says what was set last; what it replaced is told half the time."""
    to_value = script.rng.choice(["wismo", "returns", "product"])
    was = ticket["category"] if script.rng.random() < 0.5 else ""
    script.event(ticket, at, "category_set", from_value=was, to_value=to_value)
    ticket["category"] = to_value


def _mark(script: Script, ticket: Cells, at: datetime) -> None:
    """Marked, and half the time unmarked again, at times in the same second."""
    on, off = script.rng.choice(
        [("spam_marked", "spam_unmarked"), ("trashed", "restored"), ("deleted", "restored")]
    )
    script.event(ticket, at, on)
    if script.rng.random() < 0.6:
        script.event(ticket, at + script.rng.choice([0, 1, 2]) * HOUR, off)


def _actor(rng: random.Random) -> dict[str, str]:
    """By kind, or by an id that `agents` knows; seldom nothing at all."""
    if rng.random() < 0.2:
        return {"actor_id": rng.choice([*HUMANS, "AI", ""])}
    return {"actor_kind": rng.choice(ACTORS)}


STEPS: dict[str, Callable[[Script, Cells, datetime], None]] = {
    "ask": _says("customer"),
    "answer": _says("ai_agent"),
    "greet": _says("ai_agent", is_substantive=False),
    "draft": _says("ai_agent", is_public=False),
    "reply": _reply,
    "note": _says("human_agent", is_public=False),
    "notify": _says("automation"),
    "receipt": _says("automation", is_auto=True),
    "absence": _says("customer", is_auto=True),
    "thanks": _thanks,
    "resolve": _resolve,
    "ai_resolve": _ai_resolve,
    "human_resolve": _human_resolve,
    "reopen": _reopen,
    "handoff": _handoff,
    "status": _status,
    "snooze": _snooze,
    "outcome": _outcome,
    "category": _category,
    "mark": _mark,
}
WEIGHTS = {"ask": 6, "reply": 4, "answer": 3, "resolve": 5, "thanks": 2, "mark": 0.3, "draft": 0.5}
PLOTS: dict[str, tuple[float, list[str]]] = {
    "human": (4, ["ask", "reply", "human_resolve"]),
    "human again": (2, ["ask", "reply", "resolve", "ask", "reply", "resolve"]),
    "ai": (4, ["ask", "answer", "ai_resolve"]),
    "ai again": (2, ["ask", "answer", "ai_resolve", "thanks", "ask", "answer"]),
    "hybrid": (2, ["ask", "answer", "ask", "reply", "resolve"]),
    "handed off": (3, ["ask", "greet", "handoff", "reply", "resolve"]),
    "greeted only": (1, ["ask", "greet", "ai_resolve"]),
    "greeted first": (1, ["greet", "ask", "reply", "resolve"]),
    "notified": (1, ["ask", "receipt", "notify", "resolve"]),
    "unanswered": (2, ["ask"]),
    "outbound": (1, ["reply"]),
    "outbound answered": (1, ["reply", "resolve", "ask", "reply", "resolve"]),
    "machine only": (1, ["absence", "receipt"]),
    "silent": (1, []),
    "no word": (1, ["resolve"]),
}
