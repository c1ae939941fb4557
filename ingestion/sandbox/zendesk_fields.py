"""What of the shop a Zendesk ticket's fields carry, and the ids behind them.

Status: on_hold and snoozed are `hold`, a snoozed ticket has the tag `snoozed` too. Marking as spam
is deleting: the desk's rule or agent adds the tag `spam` and deletes the ticket, which suspends its
requester. A merged ticket is closed and has the tag `closed_by_merge`. What the AI agent did is in
tags, cleared when a ticket is opened again: `ai_handoff` with `ai_handoff_<reason>`, and
`ai_outcome_<value>`. Category, subcategory, product, order, language and the time-tracking app's
two counts are custom fields. A score of 4 or 5 is `good`. A test ticket has the tag `test`.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from ingestion.sandbox.replay import MESSAGE, Row, State
from ingestion.sandbox.rows import number
from ingestion.sandbox.world import Ticket

ROWS_URL = "https://sandbox.zendesk.example/api/v2"
"""What the `url` of a row starts with; unlike the links between pages, it leads nowhere."""

GOOD_FROM = 4.0
SYSTEM_USER = -1

TITLES = (
    "Category",
    "Subcategory",
    "Product",
    "Order ID",
    "Language",
    "Total time spent (sec)",
    "Time spent last update (sec)",
)
FIELDS = {title: number("zendesk field", title) for title in TITLES}
CUSTOM = frozenset(FIELDS.values())
STATUS = {"on_hold": "hold", "snoozed": "hold", "resolved": "solved"}

VIA = {
    "contact_form": "web",
    "messaging": "native_messaging",
    "phone": "voice",
    "social": "any_channel",
}
VIA_OF_ACTOR = {
    "human_agent": "web",
    "ai_agent": "api",
    "automation": "rule",
    "system": "rule",
}
VIA_LABEL = {
    "any_channel": "Any channel",
    "api": "Web service",
    "chat": "Chat",
    "email": "Mail",
    "native_messaging": "Messaging",
    "rule": "Rule",
    "sms": "Text message",
    "voice": "Phone call (inbound)",
    "web": "Web form",
}


def row_url(kind: str, key: int | None) -> str:
    return f"{ROWS_URL}/{kind}/{key}.json"


def iso(at: int) -> str:
    """An instant as Zendesk writes it."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def channel(ticket: Ticket) -> str:
    """Zendesk's word for how the ticket came in; words it does not know are kept."""
    given = str(ticket.row.get("channel") or "web")
    return VIA.get(given, given)


def via(name: str) -> dict[str, Any]:
    return {"channel": name, "source": {"from": {}, "to": {}, "rel": None}}


def agent_number(agent_id: str | None, agents: dict[str, Row]) -> int | None:
    """The user id of an agent; -1, the system's, for rules; None for nobody."""
    if agent_id is None:
        return None
    if agents.get(agent_id, {}).get("kind") in ("automation", "system"):
        return SYSTEM_USER
    return _user_number(agent_id)


@cache
def _user_number(agent_id: str) -> int:
    return number("agent", agent_id)


@cache
def group_number(team: str | None) -> int | None:
    return None if team is None else number("zendesk group", team)


@cache
def brand_number(brand: str | None) -> int | None:
    return None if brand is None else number("zendesk brand", brand)


def tags(ticket: Ticket, state: State) -> list[str]:
    found = list(state.tags)
    if ticket.row.get("is_test"):
        found.append("test")
    if state.handoff:
        found += ["ai_handoff", f"ai_handoff_{state.handoff}"]
    if state.ai_outcome:
        found.append(f"ai_outcome_{state.ai_outcome}")
    if state.status == "snoozed":
        found.append("snoozed")
    if state.is_spam:
        found.append("spam")
    if state.merged_into:
        found.append("closed_by_merge")
    return sorted(set(found))


def score(survey: str | float | None) -> str:
    if survey is None:
        return "unoffered"
    if isinstance(survey, str):
        return survey
    return "good" if survey >= GOOD_FROM else "bad"


def status(state: State) -> str:
    if state.is_deleted or state.is_spam:
        return "deleted"
    if state.merged_into:
        return "closed"
    return STATUS.get(state.status, state.status)


def subject(ticket: Ticket) -> str:
    """The ticket's subject or, as Zendesk does without one, how its description begins."""
    return str(ticket.row.get("subject") or description(ticket)[:100])


def description(ticket: Ticket) -> str:
    """What was written when the ticket was opened; a later text must not show before its time."""
    born = ticket.moments[0].happenings
    return next((str(done.row.get("body") or "") for done in born if done.kind == MESSAGE), "")


def fixed_fields(ticket: Ticket) -> dict[str | int, Any]:
    """What a ticket is created with for good: by name, custom fields by id."""
    row = ticket.row
    return {
        "subject": subject(ticket),
        "requester_id": ticket.requester.number,
        "brand_id": brand_number(row.get("brand")),
        FIELDS["Product"]: row.get("product_sku"),
        FIELDS["Order ID"]: row.get("order_id"),
        FIELDS["Language"]: row.get("language"),
    }


def changing_fields(ticket: Ticket, state: State) -> dict[str | int, Any]:
    """What can change in a ticket: by name, custom fields by id. Tags are sorted."""
    last_spent = None if state.last_spent_s is None else str(state.last_spent_s)
    return {
        "status": status(state),
        "priority": state.priority,
        "assignee_id": agent_number(state.assignee_id, ticket.agents),
        "group_id": group_number(state.team),
        "tags": tags(ticket, state),
        "satisfaction_score": score(state.survey),
        FIELDS["Category"]: state.category,
        FIELDS["Subcategory"]: state.subcategory,
        FIELDS["Total time spent (sec)"]: str(state.spent_s) if state.spent_s else None,
        FIELDS["Time spent last update (sec)"]: last_spent,
    }
