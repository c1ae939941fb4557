"""A ticket's state at any instant, replayed from what happened to it.

An API only ever shows the present; the sandbox's present moves, so each state a ticket was in must
be had, and none may know what came later. What no event tells is taken from the ticket as it ended.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Row = dict[str, Any]

EVENT, MESSAGE, RATING, WORK = "event", "message", "rating", "work"
DONE = ("solved", "closed")


@dataclass(frozen=True, slots=True)
class Happening:
    """One row of the export: an event, a message, a rating or a time entry."""

    kind: str
    at: int
    actor_kind: str
    actor_id: str | None
    row: Row


@dataclass(frozen=True, slots=True)
class Moment:
    """What one actor did to a ticket at one instant."""

    at: int
    actor_kind: str
    actor_id: str | None
    happenings: tuple[Happening, ...]


class State(NamedTuple):
    """A ticket as it stands after a moment.

    `handoff` (a reason) and `ai_outcome` are those since it was last opened. `survey` is `offered`
    or, once answered, the score from 1 to 5.
    """

    status: str
    team: str | None
    assignee_id: str | None
    priority: str | None
    category: str | None
    subcategory: str | None
    tags: tuple[str, ...]
    is_spam: bool
    is_deleted: bool
    merged_into: str | None
    updated_at: int
    handoff: str | None = None
    ai_outcome: str | None = None
    survey: str | float | None = None
    survey_target: str | None = None
    spent_s: int = 0
    last_spent_s: int | None = None


def tag_list(value: Any) -> tuple[str, ...]:
    """Tags as JSON text, `;`-separated text or a list."""
    if not value:
        return ()
    if isinstance(value, str):
        listed = json.loads(value) if value.startswith("[") else value.split(";")
    else:
        listed = list(value)
    return tuple(str(tag).strip() for tag in listed)


def states(ticket: Row, moments: Sequence[Moment], agents: dict[str, Row]) -> list[State]:
    """The state after each moment."""
    state = _born(ticket, moments, agents)
    found = []
    for moment in moments:
        for happening in moment.happenings:
            changes = _changes(state, happening, ticket, agents)
            state = state._replace(updated_at=moment.at, **changes)
        found.append(state)
    return found


def _born(ticket: Row, moments: Sequence[Moment], agents: dict[str, Row]) -> State:
    events = [done.row for moment in moments for done in moment.happenings if done.kind == EVENT]

    def first(*types: str) -> Row | None:
        return next((row for row in events if row["event_type"] in types), None)

    def before(change: Row | None, final: Any) -> Any:
        return final if change is None else change.get("from_value")

    tags = list(tag_list(ticket.get("tags")))
    for row in reversed(events):
        if row["event_type"] == "tag_added" and row["to_value"] in tags:
            tags.remove(row["to_value"])
        elif row["event_type"] == "tag_removed":
            tags.append(row.get("from_value") or row["to_value"])
    to_agent = [row for row in events if row["event_type"] == "assigned"]
    assigned = any(row["to_value"] in agents for row in to_agent)
    teamed = any(row["to_value"] not in agents for row in to_agent)
    told = any(_status_of(row) for row in events)
    category = before(first("category_set"), ticket.get("category"))
    return State(
        status="new" if told else ticket.get("status") or "open",
        team=None if teamed else ticket.get("team"),
        assignee_id=None if assigned else ticket.get("assignee_id"),
        priority=before(first("priority_set"), ticket.get("priority")),
        category=category,
        subcategory=ticket.get("subcategory") if category == ticket.get("category") else None,
        tags=tuple(tags),
        is_spam=not first("spam_marked") and bool(ticket.get("is_spam")),
        is_deleted=not first("deleted", "trashed") and bool(ticket.get("is_deleted")),
        merged_into=None if first("merged_into") else ticket.get("merged_into"),
        updated_at=moments[0].at,
    )


_STATUS_OF_EVENT = {
    "resolved": "solved",
    "closed": "closed",
    "reopened": "open",
    "snoozed": "snoozed",
    "unsnoozed": "open",
}


def _status_of(row: Row) -> str | None:
    if row["event_type"] == "status_changed":
        return "solved" if row["to_value"] == "resolved" else str(row["to_value"])
    return _STATUS_OF_EVENT.get(row["event_type"])


_FLAGS: dict[str, dict[str, Any]] = {
    "unassigned": {"assignee_id": None},
    "spam_marked": {"is_spam": True},
    "spam_unmarked": {"is_spam": False},
    "deleted": {"is_deleted": True},
    "trashed": {"is_deleted": True},
    "restored": {"is_deleted": False},
    "unmerged": {"merged_into": None},
    "survey_sent": {"survey": "offered", "survey_target": None},
}

_VALUES: dict[str, Callable[[State, Row, Row], dict[str, Any]]] = {
    "merged_into": lambda _, row, ticket: {"merged_into": row["to_value"]},
    "tag_added": lambda state, row, ticket: {"tags": _with(state.tags, row["to_value"])},
    "tag_removed": lambda state, row, ticket: {
        "tags": tuple(tag for tag in state.tags if tag != (row["to_value"] or row["from_value"]))
    },
    "category_set": lambda _, row, ticket: {
        "category": row["to_value"],
        "subcategory": ticket.get("subcategory")
        if row["to_value"] == ticket.get("category")
        else None,
    },
    "priority_set": lambda _, row, ticket: {"priority": row["to_value"]},
    "handoff": lambda _, row, ticket: {
        "handoff": row.get("reason") or row.get("to_value") or "other"
    },
    "ai_outcome": lambda _, row, ticket: {"ai_outcome": row["to_value"]},
}


def _with(tags: tuple[str, ...], tag: str) -> tuple[str, ...]:
    return tags if tag in tags else (*tags, tag)


def _changes(
    state: State, happening: Happening, ticket: Row, agents: dict[str, Row]
) -> dict[str, Any]:
    row = happening.row
    if happening.kind == RATING:
        return {"survey": row["score_5"], "survey_target": row.get("target")}
    if happening.kind == WORK:
        spent = int(row["seconds"])
        return {"spent_s": state.spent_s + spent, "last_spent_s": spent}
    if happening.kind == MESSAGE:
        return {}
    kind = row["event_type"]
    if status := _status_of(row):
        changes: dict[str, Any] = {"status": status}
        if state.status in DONE and status not in DONE:
            changes |= {"handoff": None, "ai_outcome": None}
        if kind == "resolved" and row.get("to_value"):
            changes["ai_outcome"] = row["to_value"]
        return changes
    if kind == "assigned":
        to = row["to_value"]
        if to not in agents:
            return {"team": to}
        return {"assignee_id": to, "team": state.team or agents[to].get("team")}
    if kind in _FLAGS:
        return _FLAGS[kind]
    return _VALUES[kind](state, row, ticket) if kind in _VALUES else {}
