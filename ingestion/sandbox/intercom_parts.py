"""Parts of a conversation: what was said and done in it after its opening message.

A change that the conversation is in already leaves no part, as with Intercom. What a customer
writes into a closed conversation opens it in the same part, where the shop opened it then. A merge
leaves a part on both sides, and neither names the other. An AI agent hands over by assigning. Tags,
surveys and times leave none.
"""

from collections.abc import Iterator
from typing import Any

from ingestion.sandbox.intercom_fields import (
    OPERATOR,
    agent_id,
    author,
    html,
    state_of,
    team_id,
)
from ingestion.sandbox.replay import EVENT, MESSAGE, Happening
from ingestion.sandbox.world import Ticket

MOST_PARTS = 500
PARTS_A_TICKET = 10_000
JsonRow = dict[str, Any]

_STATE_PART = {"closed": "close", "snoozed": "snoozed", "open": "open"}


def opening(ticket: Ticket) -> Happening | None:
    """The message that a conversation begins with: its `source`, not a part."""
    born = ticket.moments[0].happenings
    return next((done for done in born if done.kind == MESSAGE), None)


def parts(ticket: Ticket, at: int, absorbed: list[int]) -> list[JsonRow]:
    """All parts up to `at`, oldest first; `absorbed`: when others were merged into it."""
    found: list[JsonRow] = []
    first = opening(ticket)
    now = "open"
    told = [(done.at, done) for moment in ticket.moments[: ticket.seen(at)]
            for done in moment.happenings if done is not first]  # fmt: skip
    marks = [(when, None) for when in absorbed if when <= at]
    for when, done in sorted([*told, *marks], key=lambda one: (one[0], one[1] is None)):
        made: list[tuple[JsonRow, str, JsonRow, str]] = [
            (OPERATOR, "merged_primary_conversation", {}, now)
        ]
        if done is not None:
            who = author(ticket, done)
            made = [(who, *part) for part in _told(ticket, done, now)]
        for who, kind, fields, then in made:
            now = then
            found.append(_part(ticket.number * PARTS_A_TICKET + len(found), when, who, kind, now)
                         | fields)  # fmt: skip
    return found


def _told(ticket: Ticket, done: Happening, now: str) -> Iterator[tuple[str, JsonRow, str]]:
    """Type, fields and state after it of each part that a happening leaves."""
    row = done.row
    if done.kind == MESSAGE:
        body = {"body": html(row.get("body"))}
        opens = now == "closed" and state_of(ticket.as_of(done.at)) == "open"
        if row.get("is_public") is False:
            yield "note", body, now
        elif done.actor_kind == "customer" and opens:
            yield "open", body, "open"
        else:
            yield "comment", body, now
    if done.kind != EVENT:
        return
    kind, to = row["event_type"], row.get("to_value")
    if kind == "assigned":
        yield "assignment", {"assigned_to": _assignee(ticket, to)}, now
    elif kind == "unassigned":
        yield "assignment", {"assigned_to": {"type": "nobody_admin", "id": None}}, now
    elif kind == "handoff":
        yield "assignment", {"assigned_to": _assignee(ticket, ticket.as_of(done.at).team)}, now
    elif kind == "category_set":
        by = "workflow" if done.actor_kind in ("automation", "system") else "admin"
        value = {"name": to, "previous": row.get("from_value")}
        details = {"attribute": {"name": "Category"}, "value": value}
        yield f"conversation_attribute_updated_by_{by}", {"event_details": details}, now
    elif kind == "priority_set":
        yield "priority_changed", {}, now
    elif kind == "merged_into":
        yield "merged_secondary_conversation", {}, now
    then = _state_after(kind, to, now)
    if then != now:
        name = "unsnoozed" if now == "snoozed" and then == "open" else _STATE_PART[then]
        yield name, {}, then


def _state_after(kind: str, to: str | None, now: str) -> str:
    if kind == "status_changed":
        return {"solved": "closed", "resolved": "closed", "closed": "closed",
                "snoozed": "snoozed"}.get(str(to), "open")  # fmt: skip
    if kind in ("resolved", "closed", "merged_into", "spam_marked"):
        return "closed"
    if kind in ("reopened", "unsnoozed", "spam_unmarked"):
        return "open"
    return "snoozed" if kind == "snoozed" else now


def _assignee(ticket: Ticket, to: str | None) -> JsonRow | None:
    if to is None:
        return None
    if to in ticket.agents:
        return {"type": "admin", "id": str(agent_id(to))}
    return {"type": "team", "id": str(team_id(to))}


def _part(key: int, at: int, who: JsonRow, kind: str, state: str) -> JsonRow:
    return {
        "type": "conversation_part",
        "id": str(key),
        "part_type": kind,
        "body": None,
        "created_at": at,
        "updated_at": at,
        "notified_at": at,
        "assigned_to": None,
        "author": who,
        "attachments": [],
        "external_id": None,
        "redacted": False,
        "metadata": {},
        "email_message_metadata": None,
        "state": state,
        "tags": [],
        "event_details": {},
        "app_package_code": None,
    }
