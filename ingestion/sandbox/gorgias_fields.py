"""What of the shop a Gorgias ticket's fields carry, and the ids behind them.

A ticket is open or closed; a snoozed one is closed with a `snooze_datetime`. Pending and on hold
are open. The category is the custom field "Contact reason", levels joined by `::`. What the AI
agent did is in tags, cleared when a ticket is opened again, except `ai_answered`: `ai_handover`,
without a reason, and `ai_close`. A test ticket has the tag `test`. Tickets have no brand.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from ingestion.sandbox.replay import MESSAGE, Happening, Row, State
from ingestion.sandbox.rows import number
from ingestion.sandbox.world import Ticket

CHANNELS = {
    "web_form": "contact_form",
    "messaging": "chat",
    "voice": "phone",
    "social": "facebook",
    "instagram": "instagram-direct-message",
    "x": "twitter",
}
VIA = {"human_agent": "helpdesk", "ai_agent": "api", "automation": "rule", "system": "rule"}
SNOOZED_S = 86_400
TITLES = ("Contact reason", "Product", "Order number")
FIELDS = {title: number("gorgias field", title) for title in TITLES}
RULES = ("automation", "system")


def iso(at: int | float) -> str:
    """An instant as most of Gorgias' objects have it."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%f}+00:00"


def bare_iso(at: int | float) -> str:
    """As events and surveys have it: UTC, and not saying so."""
    return iso(at).removesuffix("+00:00")


def channel(ticket: Ticket) -> str:
    given = str(ticket.row.get("channel") or "email")
    return CHANNELS.get(given, given)


@cache
def user_number(agent_id: str) -> int:
    return number("agent", agent_id)


@cache
def team_number(team: str) -> int:
    return number("gorgias team", team)


@cache
def tag_number(name: str) -> int:
    return number("gorgias tag", name)


def agent_number(agent_id: str | None, agents: dict[str, Row]) -> int | None:
    """The user id of an agent; None for nobody and for rules, which are no users."""
    if agent_id is None or agents.get(agent_id, {}).get("kind") in RULES:
        return None
    return user_number(agent_id)


def status(state: State) -> str:
    return "closed" if state.status in ("solved", "closed", "snoozed") else "open"


def is_snoozed(state: State) -> bool:
    return state.status == "snoozed"


def tags(ticket: Ticket, n: int) -> list[str]:
    """The ticket's tags after its moment `n`."""
    state = ticket.states[n]
    found = list(state.tags)
    if ticket.row.get("is_test"):
        found.append("test")
    seen = (done for moment in ticket.moments[: n + 1] for done in moment.happenings)
    if any(done.kind == MESSAGE and done.actor_kind == "ai_agent" for done in seen):
        found.append("ai_answered")
    if state.handoff:
        found.append("ai_handover")
    if state.ai_outcome in ("confirmed", "assumed"):
        found.append("ai_close")
    return sorted(set(found))


def contact_reason(state: State) -> str | None:
    return "::".join(part for part in (state.category, state.subcategory) if part) or None


def body(done: Happening) -> str:
    return str(done.row.get("body") or "")


def person(key: int | None, name: str, email: str | None) -> dict[str, Any]:
    return {"id": key, "name": name, "email": email, "firstname": name, "lastname": "", "meta": {}}
