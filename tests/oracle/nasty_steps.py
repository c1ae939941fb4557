"""What may happen to a ticket in a nasty shop, one step at a time.

A step whose feature the shop does not have takes its turn and writes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from .nasty_people import HUMANS, LISTED
from .nasty_script import GAPS_S, HOUR, SKUS, Cells, Script

OUTCOMES = ["", "", "assumed", "assumed", "confirmed", "abandoned", "not_helpful"]
REASONS = ["no_answer", "low_confidence", "customer_request", "usage_limit", "error", "policy"]
ACTORS = ["human_agent", "human_agent", "ai_agent", "automation", "customer", "system"]
TAGS = ["cancel_request", "chargeback_threat", "return_request", "return_request", "saved", "vip"]
SESSION_GAPS_S = [0, 1, 300, 599, 600, 600, 600, 601, 900]

Step: TypeAlias = Callable[[Script, Cells, datetime], None]


def _says(kind: str, **flags: Any) -> Step:
    return lambda script, ticket, at: script.message(ticket, at, kind, **flags)


def _reply(script: Script, ticket: Cells, at: datetime) -> None:
    """At times with a recommendation, which is not the AI's."""
    skus = _recommended(script) if script.rng.random() < 0.2 else []
    is_assisted = script.rng.random() < 0.3
    script.message(ticket, at, "human_agent", is_ai_assisted=is_assisted, recommended_skus=skus)


def _answer(script: Script, ticket: Cells, at: datetime) -> None:
    """Some answers recommend; never two at one instant, where nothing says which is the last."""
    skus = _recommended(script) if script.rng.random() < 0.5 else []
    is_public = script.rng.random() < 0.9
    if any(at == known for _, known, _ in script.advice):
        skus = []
    script.advice += [(ticket, at, sku) for sku in skus]
    script.message(ticket, at, "ai_agent", is_public=is_public, recommended_skus=skus)


def _recommended(script: Script) -> list[str]:
    skus = script.rng.sample(SKUS, k=script.rng.choice([1, 1, 2]))
    return skus if script.has("recommendations") else []


def _session(script: Script, ticket: Cells, at: datetime) -> None:
    """One agent at work on a ticket: notes and events with gaps around ten minutes."""
    rng = script.rng
    agent = rng.choice(HUMANS)
    for _ in range(rng.choice([1, 2, 3, 9])):
        at += timedelta(seconds=rng.choice(SESSION_GAPS_S))
        if rng.random() < 0.6:
            script.message(ticket, at, "human_agent", author_id=agent, is_public=False)
        else:
            actor = {"actor_kind": "human_agent", "actor_id": agent}
            script.event(ticket, at, "priority_set", to_value="normal", **actor)


def _assign(script: Script, ticket: Cells, at: datetime) -> None:
    """To an agent, a team or nobody; then no column says who it was in the end."""
    to_value = script.rng.choice(["A", "B", "D", "night", ""])
    if script.has("assignments"):
        kind = "assigned" if to_value else "unassigned"
        ticket["assignee_id"] = ""
        script.event(ticket, at, kind, to_value=to_value, actor_kind="system")


def _tag(script: Script, ticket: Cells, at: datetime) -> None:
    """Put on, and at times off again, perhaps in the same second."""
    rng = script.rng
    tag, gap, is_undone = rng.choice(TAGS), rng.choice(GAPS_S), rng.random() < 0.3
    if not script.has("tags"):
        return
    script.event(ticket, at, "tag_added", to_value=tag)
    if is_undone:
        script.event(ticket, at + timedelta(seconds=gap), "tag_removed", to_value=tag)


def _survey(script: Script, ticket: Cells, at: datetime) -> None:
    if script.has("surveys"):
        script.event(ticket, at, "survey_sent", actor_kind="automation")


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
    script.event(ticket, at, "resolved", actor_id=script.rng.choice(LISTED))


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
        return {"actor_id": rng.choice([*LISTED, "AI", ""])}
    return {"actor_kind": rng.choice(ACTORS)}


STEPS: dict[str, Step] = {
    "ask": _says("customer"),
    "answer": _answer,
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
    "session": _session,
    "assign": _assign,
    "tag": _tag,
    "survey": _survey,
}
WEIGHTS = {"ask": 6, "reply": 4, "answer": 3, "resolve": 5, "thanks": 2, "mark": 0.3, "draft": 0.5}
