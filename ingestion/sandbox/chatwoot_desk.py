"""A Chatwoot conversation as lists show it, and the answers to its surveys."""

from typing import Any

from ingestion.sandbox import chatwoot_lines as lines
from ingestion.sandbox import chatwoot_people as people
from ingestion.sandbox.replay import MESSAGE, RATING
from ingestion.sandbox.world import Ticket

RATINGS_A_TICKET = 100
JsonRow = dict[str, Any]


def conversation(ticket: Ticket, active_at: int, now: int) -> JsonRow:
    """As lists have it. `updated_at` follows every change, `last_activity_at` every message."""
    state, channel = ticket.as_of(now), people.channel_of(ticket.row)
    written = lines.messages(ticket, now)
    replies = [
        done.at
        for done in ticket.happened(MESSAGE, now)
        if done.actor_kind == "human_agent" and done.row.get("is_public") is not False
    ]
    attributes = {
        "category": state.category,
        "subcategory": state.subcategory,
        "product": ticket.row.get("product_sku"),
        "order_id": ticket.row.get("order_id"),
        "language": ticket.row.get("language"),
    }
    assigned = lines.assignee(ticket, state)
    subject = ticket.row.get("subject")
    return {
        "meta": {
            "sender": people.contact(ticket.requester),
            "channel": channel,
            **({"assignee": people.agent(ticket.agents, assigned)} if assigned else {}),
            **({"team": people.team(state.team)} if state.team else {}),
            "hmac_verified": False,
        },
        "id": ticket.number,
        "messages": written[-1:],
        "account_id": people.ACCOUNT,
        "uuid": f"00000000-0000-4000-8000-{ticket.number:012}",
        "additional_attributes": {"mail_subject": subject} if subject else {},
        "agent_last_seen_at": 0,
        "assignee_last_seen_at": 0,
        "can_reply": True,
        "contact_last_seen_at": 0,
        "custom_attributes": {key: held for key, held in attributes.items() if held is not None},
        "inbox_id": people.inbox_number(channel),
        "labels": lines.labels(ticket, state),
        "muted": False,
        "snoozed_until": None,
        "status": lines.status(state),
        "created_at": ticket.created_at,
        "updated_at": float(ticket.moments[ticket.seen(now) - 1].at),
        "timestamp": active_at,
        "first_reply_created_at": min(replies, default=0),
        "unread_count": 0,
        "last_non_activity_message": next(
            (each for each in reversed(written) if each["message_type"] != lines.ACTIVITY), None
        ),
        "last_activity_at": active_at,
        "priority": lines.priority(state),
        "waiting_since": 0,
        "sla_policy_id": None,
    }


def ratings(ticket: Ticket, now: int) -> list[JsonRow]:
    """A rating is made by the first answer to a survey and changed by the next ones."""
    rated = list(ticket.happened(RATING, now))
    if not rated:
        return []
    surveys = [
        message
        for message in lines.messages(ticket, now)
        if message["content_type"] == "input_csat"
    ]
    found: dict[int, JsonRow] = {}
    for done in rated:
        asked = [message["id"] for message in surveys if message["created_at"] <= done.at]
        if not asked:
            continue
        person = lines.assignee(ticket, ticket.as_of(done.at))
        rating = found.setdefault(
            asked[-1],
            {
                "id": ticket.number * RATINGS_A_TICKET + len(found),
                "feedback_message": None,
                "account_id": people.ACCOUNT,
                "message_id": asked[-1],
                "contact": people.contact(ticket.requester),
                "conversation_id": ticket.number,
                **({"assigned_agent": people.agent(ticket.agents, person)} if person else {}),
                "created_at": done.at,
            },
        )
        rating["rating"] = round(done.row["score_5"])
    return list(found.values())
