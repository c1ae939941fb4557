"""What hangs on Freshdesk's tickets: replies and notes, times and ratings.

A message knows who wrote it and whether a rule or an auto-responder did; what else the shop knows
of it has no field. A merge leaves its note in the ticket that is closed, none in the survivor.
"""

from typing import Any

from ingestion.sandbox.freshdesk_people import agent_number, group_number, iso
from ingestion.sandbox.freshdesk_tickets import is_merge, opening
from ingestion.sandbox.replay import MESSAGE, RATING, WORK
from ingestion.sandbox.rows import number
from ingestion.sandbox.world import Ticket, World

REPLY, NOTE = 0, 2
CODES = {1: -103, 2: -101, 3: 100, 4: 101, 5: 103}
RATINGS_A_TICKET = 1000
JsonRow = dict[str, Any]


def conversations(ticket: Ticket, at: int, world: World) -> list[JsonRow]:
    """Messages and notes up to `at`, without the description."""
    found: list[JsonRow] = []
    first = opening(ticket)
    for moment in ticket.moments[: ticket.seen(at)]:
        for done in moment.happenings:
            if done is first or not (done.kind == MESSAGE or is_merge(done)):
                continue
            row, merges = done.row, is_merge(done)
            incoming = done.actor_kind == "customer" and not merges
            private = merges or row.get("is_public") is False
            text = str(row.get("body") or "")
            key = number("message", str(row.get("message_id") or row.get("event_id")))
            if merges:
                text = f"This ticket is closed and merged into ticket {_survivor(world, row)}"
            writer = agent_number(done.actor_id, ticket.agents)
            found.append(
                {
                    "id": key,
                    "ticket_id": ticket.number,
                    "user_id": ticket.requester.number if incoming else writer,
                    "incoming": incoming,
                    "private": private,
                    "source": NOTE if private else REPLY,
                    "body": f"<div>{text}</div>",
                    "body_text": text,
                    "support_email": None,
                    "to_emails": [],
                    "from_email": None,
                    "cc_emails": [],
                    "bcc_emails": None,
                    "auto_response": bool(row.get("is_auto")),
                    "automation_id": number("rule", done.actor_id or "")
                    if done.actor_kind == "automation"
                    else None,
                    "attachments": [],
                    "created_at": iso(moment.at),
                    "updated_at": iso(moment.at),
                }
            )
    return found


def _survivor(world: World, row: JsonRow) -> int:
    return next((key for key, other in world.tickets.items() if other.id == row["to_value"]), 0)


def time_entries(ticket: Ticket, at: int) -> list[JsonRow]:
    """Whole minutes, as Freshdesk counts them."""
    return [
        {
            "id": number("time entry", done.row["entry_id"]),
            "ticket_id": ticket.number,
            "agent_id": agent_number(done.actor_id, ticket.agents),
            "company_id": None,
            "billable": True,
            "note": "",
            "timer_running": False,
            "time_spent": f"{done.row['seconds'] // 3600:02}:{done.row['seconds'] % 3600 // 60:02}",
            "executed_at": iso(done.row["started_at"]),
            "start_time": iso(done.row["started_at"]),
            "created_at": iso(done.at),
            "updated_at": iso(done.at),
        }
        for done in ticket.happened(WORK, at)
    ]


def ratings(ticket: Ticket, at: int) -> list[JsonRow]:
    """A rating is made by the first answer to a survey and changed by the next ones."""
    found: dict[tuple[Any, ...], JsonRow] = {}
    for done in ticket.happened(RATING, at):
        row = done.row
        survey = (row.get("survey_sent_at"), row.get("target"), row.get("episode_seq"))
        state = ticket.as_of(done.at)
        rating = found.setdefault(
            survey,
            {
                "id": ticket.number * RATINGS_A_TICKET + len(found),
                "survey_id": 1,
                "user_id": ticket.requester.number,
                "agent_id": agent_number(state.assignee_id, ticket.agents),
                "group_id": group_number(state.team),
                "ticket_id": ticket.number,
                "feedback": None,
                "created_at": iso(done.at),
            },
        )
        rating["ratings"] = {"default_question": CODES[round(row["score_5"])]}
        rating["updated_at"] = iso(done.at)
    return list(found.values())
