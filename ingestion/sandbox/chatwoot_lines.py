"""What is written in a Chatwoot conversation, and the log that its reports are made of.

Messages are of four types: in, out, activity and template. An activity is a sentence about what was
changed, in the account's language; it and every other message move the conversation to the top of
the list. Custom attributes are changed without one. The survey is a template of its own.

The log knows resolves and openings, and of hand-offs the first. A bot resolved what no person had
written in. That the AI settled it is what Captain infers, whether the customer said so or not; no
other outcome is told, and no reason.
"""

from collections.abc import Iterator
from typing import Any

from ingestion.sandbox.chatwoot_people import (
    ACCOUNT,
    NOBODY,
    agent_number,
    channel_of,
    contact,
    inbox_number,
    iso,
)
from ingestion.sandbox.replay import EVENT, MESSAGE, Happening, State
from ingestion.sandbox.rows import number
from ingestion.sandbox.world import Ticket

IN, OUT, ACTIVITY, TEMPLATE = range(4)
A_TICKET = 100_000
"""Messages and events of one ticket have ids of their own range."""
STATUS = {
    "pending": "pending",
    "on_hold": "pending",
    "snoozed": "snoozed",
    "solved": "resolved",
    "resolved": "resolved",
    "closed": "resolved",
}
SETTLED = ("confirmed", "assumed")
RULE = number("chatwoot rule", "rules")
JsonRow = dict[str, Any]


def status(state: State) -> str:
    return STATUS.get(state.status, "open")


def labels(ticket: Ticket, state: State) -> list[str]:
    marks = (("test", ticket.row.get("is_test")), ("spam", state.is_spam))
    return sorted({*state.tags, *(name for name, holds in marks if holds)})


def priority(state: State) -> str | None:
    return {"normal": "medium"}.get(state.priority or "", state.priority)


def assignee(ticket: Ticket, state: State) -> str | None:
    """Only people can be assigned."""
    kind = ticket.agents.get(state.assignee_id or "", {}).get("kind")
    return None if kind in ("ai_agent", *NOBODY) else state.assignee_id


def activities(ticket: Ticket, n: int) -> list[str]:
    """What the activity messages of moment `n` say."""
    now, said = ticket.states[n], []
    if n == 0:
        return []
    before = ticket.states[n - 1]
    by = ticket.moments[n].actor_id or "Automation System"
    if status(now) != status(before):
        said.append(f"Conversation was set to {status(now)} by {by}")
    if now.team != before.team:
        said.append(f"Assigned to {now.team or 'nobody'} by {by}")
    if assignee(ticket, now) != assignee(ticket, before):
        said.append(f"Assigned to {assignee(ticket, now) or 'nobody'} by {by}")
    if priority(now) != priority(before):
        said.append(f"{by} set the priority to {priority(now)}")
    if labels(ticket, now) != labels(ticket, before):
        said.append(f"{by} set labels {', '.join(labels(ticket, now))}")
    return said


def is_active(ticket: Ticket, n: int) -> bool:
    """Whether moment `n` leaves a message; so does the conversation's beginning."""
    happened = ticket.moments[n].happenings
    return n == 0 or bool(activities(ticket, n)) or any(_is_written(done) for done in happened)


def messages(ticket: Ticket, upto: int) -> list[JsonRow]:
    """All messages up to an instant, oldest first, as the list of messages has them."""
    found: list[JsonRow] = []

    def write(at: int, kind: int, content: str, **more: Any) -> None:
        found.append(
            {
                "id": ticket.number * A_TICKET + len(found),
                "content": content,
                "inbox_id": inbox_number(channel_of(ticket.row)),
                "conversation_id": ticket.number,
                "message_type": kind,
                "content_type": "text",
                "status": "sent",
                "content_attributes": {},
                "created_at": at,
                "private": False,
                "source_id": None,
                **more,
            }
        )

    for n, moment in enumerate(ticket.moments[: ticket.seen(upto)]):
        for done in moment.happenings:
            if done.kind == MESSAGE:
                write(
                    done.at, _type(done), str(done.row.get("body") or ""), **_author(ticket, done)
                )
            elif _is_written(done):
                write(done.at, TEMPLATE, "Please rate this", content_type="input_csat")
        for content in activities(ticket, n):
            write(moment.at, ACTIVITY, content)
    return found


def _is_written(done: Happening) -> bool:
    is_survey = done.kind == EVENT and done.row["event_type"] == "survey_sent"
    return done.kind == MESSAGE or is_survey


def _type(done: Happening) -> int:
    if done.actor_kind == "customer":
        return IN
    return TEMPLATE if done.actor_kind in NOBODY and done.row.get("is_auto") else OUT


def _author(ticket: Ticket, done: Happening) -> JsonRow:
    if done.actor_kind == "customer":
        auto = {"email": {"auto_reply": True}} if done.row.get("is_auto") else {}
        sender = {**contact(ticket.requester), "type": "contact"}
        return {"content_attributes": auto, "sender": sender}
    if done.actor_kind in NOBODY:
        return (
            {} if done.row.get("is_auto") else {"content_attributes": {"automation_rule_id": RULE}}
        )
    key = done.actor_id or "somebody"
    kind = "captain_assistant" if done.actor_kind == "ai_agent" else "user"
    name = ticket.agents.get(key, {}).get("name") or key
    sender = {"id": agent_number(key), "name": name, "available_name": name, "type": kind}
    return {"private": done.row.get("is_public") is False, "sender": sender}


def reporting_events(ticket: Ticket, upto: int) -> list[JsonRow]:
    """The log of a conversation, oldest first. Its `conversation_id` is not the one in use."""
    return [
        {
            "id": ticket.number * A_TICKET + place,
            "name": name,
            "value": at - ticket.created_at,
            "value_in_business_hours": 0.0,
            "event_start_time": iso(ticket.created_at),
            "event_end_time": iso(at),
            "account_id": ACCOUNT,
            "inbox_id": inbox_number(channel_of(ticket.row)),
            "user_id": None if user is None else agent_number(user),
            "conversation_id": number("chatwoot conversation", ticket.id),
            "created_at": iso(at),
            "updated_at": iso(at),
        }
        for place, (at, name, user) in enumerate(_reported(ticket, upto))
    ]


def _reported(ticket: Ticket, upto: int) -> Iterator[tuple[int, str, str | None]]:
    """Instant and name of each event, and who was assigned then."""
    people, bots, is_handed_over = 0, 0, False
    for n, moment in enumerate(ticket.moments[: ticket.seen(upto)]):
        now, user = ticket.states[n], assignee(ticket, ticket.states[n])
        for done in moment.happenings:
            if done.kind == MESSAGE and done.row.get("is_public") is not False:
                bots += done.actor_kind == "ai_agent"
                people += done.actor_kind == "human_agent"
                if done.actor_kind == "human_agent" and people == 1:
                    yield moment.at, "first_response", done.actor_id
        if n and status(now) != status(ticket.states[n - 1]):
            if status(now) == "resolved":
                if now.ai_outcome in SETTLED and moment.actor_kind == "ai_agent":
                    yield moment.at, "conversation_captain_inference_resolved", user
                if bots and not people:
                    yield moment.at, "conversation_bot_resolved", user
                yield moment.at, "conversation_resolved", user
            elif status(now) == "open":
                yield moment.at, "conversation_opened", user
        if now.handoff and not is_handed_over:
            is_handed_over = True
            yield moment.at, "conversation_bot_handoff", user
