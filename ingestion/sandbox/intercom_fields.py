"""What of the shop an Intercom conversation's fields carry, and the ids behind them.

State: Intercom knows open, snoozed and closed; new, pending and on hold are open. A merged or spam
conversation is closed; spam has the tag `spam`, a test the tag `test`, and a merged one is linked
to its survivor. High and urgent are `priority`. Category, subcategory, product, order and language
are conversation attributes. Whoever is no admin, contact or AI agent is the bot Operator.
"""

from html import escape
from typing import Any

from ingestion.sandbox.people import Customer
from ingestion.sandbox.replay import MESSAGE, Happening, Row, State
from ingestion.sandbox.rows import number
from ingestion.sandbox.world import Ticket

OPERATOR = {
    "type": "bot",
    "id": str(number("intercom bot", "operator")),
    "name": "Operator",
    "email": "operator+sandbox@intercom.io",
    "from_ai_agent": False,
    "is_ai_answer": False,
}
SOURCE_TYPE = {
    "email": "email",
    "contact_form": "email",
    "phone": "phone_call",
    "voice": "phone_call",
    "social": "facebook",
    "facebook": "facebook",
    "instagram": "instagram",
    "whatsapp": "whatsapp",
    "sms": "sms",
    "x": "twitter",
}
RESOLUTION = {
    "confirmed": "confirmed_resolution",
    "assumed": "assumed_resolution",
    "not_helpful": "negative_feedback",
}
PROCEDURAL = ("policy",)
"""Reasons of a handoff that a procedure of the AI agent asks for."""
JsonRow = dict[str, Any]


def agent_id(natural: str | None) -> int | None:
    return None if natural is None else number("agent", natural)


def team_id(team: str | None) -> int | None:
    return None if team is None else number("intercom team", team)


def contact_id(person: Customer) -> str:
    """Contacts are told by 24 hexadecimal digits."""
    return f"{person.number:024x}"


def state_of(state: State) -> str:
    if state.merged_into or state.is_spam or state.status in ("solved", "resolved", "closed"):
        return "closed"
    return "snoozed" if state.status == "snoozed" else "open"


def tags(ticket: Ticket, state: State) -> list[str]:
    marks = (("test", ticket.row.get("is_test")), ("spam", state.is_spam))
    return sorted({*state.tags, *(tag for tag, holds in marks if holds)})


def attributes(ticket: Ticket, state: State) -> JsonRow:
    row = ticket.row
    found = {
        "Category": state.category,
        "Subcategory": state.subcategory,
        "Product": row.get("product_sku"),
        "Order ID": row.get("order_id"),
        "Language": row.get("language"),
        "Merged": True if state.merged_into else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def author(ticket: Ticket, done: Happening) -> JsonRow:
    """Who did it, as an author of a part."""
    if done.actor_kind == "customer":
        person = ticket.requester
        return {
            "type": "user" if person.external_id else "lead",
            "id": contact_id(person),
            "name": person.name,
            "email": person.email,
        }
    agent: Row = ticket.agents.get(done.actor_id or "", {})
    if done.actor_kind not in ("human_agent", "ai_agent") or done.actor_id is None:
        return OPERATOR
    is_ai = done.actor_kind == "ai_agent"
    is_answer = done.kind == MESSAGE and done.row.get("is_substantive") is not False
    return {
        "type": "bot" if is_ai else "admin",
        "id": str(agent_id(done.actor_id)),
        "name": agent.get("name") or done.actor_id,
        "email": f"{done.actor_id}@shop.example",
        "from_ai_agent": is_ai,
        "is_ai_answer": is_ai and is_answer,
    }


def html(text: str | None) -> str | None:
    return f"<p>{escape(text)}</p>" if text else None
