"""Freshdesk's tickets as they stand after each change, as an agent's screen has them.

Statuses are numbers: new and open are 2, on_hold and snoozed 7 (waiting on third party). Spam and
deleted are flags beside them. What the AI agent did is in tags, cleared when a ticket is opened
again: `ai_handoff_<reason>` and `ai_outcome_<value>`. A merged ticket is closed, and a note in it
names the survivor. `stats` forgets a resolve when a ticket is opened again. Ratings leave no trace
in a ticket, nor do surveys and schedules; who changed what is told nowhere.
"""

from typing import Any

from ingestion.sandbox.freshdesk_people import (
    FIELDS,
    agent_number,
    group_number,
    iso,
    product_number,
)
from ingestion.sandbox.replay import EVENT, MESSAGE, WORK, Happening, State
from ingestion.sandbox.world import Ticket

OPEN, PENDING, RESOLVED, CLOSED, WAITING = 2, 3, 4, 5, 7
STATUS = {
    "new": OPEN,
    "open": OPEN,
    "pending": PENDING,
    "solved": RESOLVED,
    "resolved": RESOLVED,
    "closed": CLOSED,
    "on_hold": WAITING,
    "snoozed": WAITING,
}
PRIORITY = {"low": 1, "normal": 2, "medium": 2, "high": 3, "urgent": 4}
EMAIL, PORTAL, OUTBOUND = 1, 2, 10
SOURCE = {
    "email": EMAIL,
    "contact_form": PORTAL,
    "web_form": PORTAL,
    "phone": 3,
    "voice": 3,
    "x": 5,
    "facebook": 6,
    "chat": 7,
    "messaging": 7,
    "whatsapp": 13,
}
AGENTS = ("human_agent", "ai_agent")
JsonRow = dict[str, Any]


def changing_fields(ticket: Ticket, state: State) -> JsonRow:
    tags = [*state.tags]
    if ticket.row.get("is_test"):
        tags.append("test")
    if state.handoff:
        tags.append(f"ai_handoff_{state.handoff}")
    if state.ai_outcome:
        tags.append(f"ai_outcome_{state.ai_outcome}")
    return {
        "status": CLOSED if state.merged_into else STATUS.get(state.status, OPEN),
        "priority": PRIORITY.get(state.priority or "low", 1),
        "responder_id": agent_number(state.assignee_id, ticket.agents),
        "group_id": group_number(state.team),
        "tags": sorted(set(tags)),
        "spam": state.is_spam,
        "deleted": state.is_deleted,
        FIELDS["Category"]: state.category,
        FIELDS["Subcategory"]: state.subcategory,
    }


def changes_of(ticket: Ticket) -> list[int]:
    """The ticket's moments that Freshdesk counts as its changes; its creation is the first."""
    found = [0]
    before = changing_fields(ticket, ticket.states[0])
    for n, moment in enumerate(ticket.moments[1:], start=1):
        after = changing_fields(ticket, ticket.states[n])
        if after != before or any(_is_work(done) for done in moment.happenings):
            found.append(n)
        before = after
    return found


def _is_work(done: Happening) -> bool:
    return done.kind in (MESSAGE, WORK) or is_merge(done)


def is_merge(done: Happening) -> bool:
    return done.kind == EVENT and done.row["event_type"] == "merged_into"


def opening(ticket: Ticket) -> Happening | None:
    """The message that is the ticket's description."""
    born = ticket.moments[0].happenings
    return next((done for done in born if done.kind == MESSAGE), None)


def ticket_row(ticket: Ticket, n: int) -> JsonRow:
    """The ticket after its moment `n`, which must be one of its changes."""
    now = changing_fields(ticket, ticket.states[n])
    first = opening(ticket)
    text = str(first.row.get("body") or "") if first else ""
    source = SOURCE.get(str(ticket.row.get("channel") or "web_form"), PORTAL)
    if first and first.actor_kind in AGENTS and source == EMAIL:
        source = OUTBOUND
    custom = {name: now.pop(name) for name in (FIELDS["Category"], FIELDS["Subcategory"])} | {
        FIELDS["Product"]: ticket.row.get("product_sku"),
        FIELDS["Order ID"]: ticket.row.get("order_id"),
        FIELDS["Language"]: ticket.row.get("language"),
    }
    deleted = {"deleted": True} if now.pop("deleted") else {}
    person = ticket.requester
    return {
        "id": ticket.number,
        "cc_emails": [],
        "fwd_emails": [],
        "reply_cc_emails": [],
        "to_emails": None,
        "email_config_id": None,
        "company_id": None,
        "product_id": product_number(ticket.row.get("brand")),
        "requester_id": person.number,
        "source": source,
        "type": None,
        "subject": ticket.row.get("subject") or text[:100],
        "is_escalated": False,
        "fr_escalated": False,
        "due_by": iso(ticket.created_at + 3 * 86_400),
        "fr_due_by": iso(ticket.created_at + 86_400),
        "created_at": iso(ticket.created_at),
        "updated_at": iso(ticket.moments[n].at),
        "custom_fields": custom,
        **now,
        **deleted,
        "description": f"<div>{text}</div>",
        "description_text": text,
        "requester": {
            "id": person.number,
            "name": person.name,
            "email": person.email,
            "mobile": None,
            "phone": person.phone,
        },
        "stats": stats(ticket, n),
    }


def stats(ticket: Ticket, n: int) -> JsonRow:
    names = ("agent_responded_at", "requester_responded_at", "first_responded_at", "reopened_at",
             "resolved_at", "closed_at", "pending_since")  # fmt: skip
    found: JsonRow = dict.fromkeys(names)
    first, status = opening(ticket), 0
    for moment, state in zip(ticket.moments[: n + 1], ticket.states, strict=False):
        at, now = iso(moment.at), changing_fields(ticket, state)["status"]
        if now != status:
            found["status_updated_at"] = at
            found["pending_since"] = at if now == PENDING else None
            if now in (RESOLVED, CLOSED):
                found["resolved_at"] = found["resolved_at"] or at
                found["closed_at"] = at if now == CLOSED else None
            elif status in (RESOLVED, CLOSED):
                found |= {"reopened_at": at, "resolved_at": None, "closed_at": None}
            status = now
        for done in moment.happenings:
            if done.kind != MESSAGE or done is first or done.row.get("is_public") is False:
                continue
            if done.actor_kind == "customer":
                found["requester_responded_at"] = at
            elif done.actor_kind in AGENTS:
                found["agent_responded_at"] = at
                found["first_responded_at"] = found["first_responded_at"] or at
    return found
