"""Conversations as Intercom shows them, each made once a version.

A conversation changes with its own moments and when another is merged into it, so its log is made
here.
"""

from collections import defaultdict
from functools import cached_property
from typing import Any

from ingestion.sandbox.intercom_fields import (
    OPERATOR,
    PROCEDURAL,
    RESOLUTION,
    SOURCE_TYPE,
    agent_id,
    attributes,
    author,
    contact_id,
    html,
    state_of,
    tags,
    team_id,
)
from ingestion.sandbox.intercom_parts import MOST_PARTS, PARTS_A_TICKET, opening, parts
from ingestion.sandbox.log import NEVER, Log
from ingestion.sandbox.replay import EVENT, MESSAGE, RATING
from ingestion.sandbox.world import Ticket, World

DAY_S = 86_400
JsonRow = dict[str, Any]


class IntercomDesk:
    """Conversations by number and version: the entries of `log`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made: dict[tuple[int, int], JsonRow] = {}

    @cached_property
    def log(self) -> Log:
        changes = self._changes.items()
        return Log.of((at, key, n) for key, ats in changes for n, at in enumerate(ats))

    @cached_property
    def _absorbed(self) -> dict[str, list[int]]:
        """When others were merged into a ticket, by the shop's id of it."""
        found: dict[str, list[int]] = defaultdict(list)
        for ticket in self._world.tickets.values():
            for done in ticket.happened(EVENT, NEVER):
                if done.row["event_type"] == "merged_into":
                    found[done.row["to_value"]].append(done.at)
        return found

    @cached_property
    def _changes(self) -> dict[int, list[int]]:
        return {key: self._instants(ticket) for key, ticket in self._world.tickets.items()}

    @cached_property
    def _deletable(self) -> list[Ticket]:
        tickets = self._world.tickets.values()
        return [one for one in tickets if any(state.is_deleted for state in one.states)]

    @cached_property
    def _by_id(self) -> dict[str, Ticket]:
        return {ticket.id: ticket for ticket in self._world.tickets.values()}

    def _instants(self, ticket: Ticket) -> list[int]:
        merged = (at for at in self._absorbed.get(ticket.id, ()) if at >= ticket.created_at)
        return sorted({*(moment.at for moment in ticket.moments), *merged})

    def is_shown(self, key: int, now: int) -> bool:
        ticket = self._world.tickets.get(key)
        return bool(ticket and ticket.seen(now) and not ticket.as_of(now).is_deleted)

    def count(self, now: int, since: int) -> int:
        """How many that are there changed at or after `since`."""
        gone = (int(row["id"]) for row in self.deleted(now))
        lost = sum(any(since <= at <= now for at in self._changes[key]) for key in gone)
        return self.log.count(now, since) - lost

    def deleted(self, now: int) -> list[JsonRow]:
        """By id, as Intercom orders them."""
        gone = [one for one in self._deletable if one.seen(now) and one.as_of(now).is_deleted]
        return [
            {
                "type": "conversation",
                "id": str(one.number),
                "deleted_at": next(
                    moment.at
                    for moment, state in zip(one.moments, one.states, strict=True)
                    if state.is_deleted
                ),
                "metrics_retained": True,
            }
            for one in sorted(gone, key=lambda one: one.number)
        ]

    def conversation(self, key: int, n: int) -> JsonRow:
        """As the search lists it: without parts."""
        found = self._made.get((key, n))
        if found is None:
            ticket = self._world.tickets[key]
            found = self._made[key, n] = self._conversation(ticket, self._changes[key][n])
        return found

    def whole(self, key: int, now: int) -> JsonRow:
        """With its newest parts; it must be there at `now`."""
        ats = [at for at in self._changes[key] if at <= now]
        told = parts(self._world.tickets[key], ats[-1], self._absorbed_of(key))
        listed = {
            "type": "conversation_part.list",
            "conversation_parts": told[-MOST_PARTS:],
            "total_count": len(told),
        }
        return self.conversation(key, len(ats) - 1) | {"conversation_parts": listed}

    def _absorbed_of(self, key: int) -> list[int]:
        return self._absorbed.get(self._world.tickets[key].id, [])

    def _conversation(self, ticket: Ticket, at: int) -> JsonRow:
        state = ticket.as_of(at)
        first = opening(ticket)
        who = author(ticket, first) if first else OPERATOR
        by_customer = first is None or first.actor_kind == "customer"
        told = parts(ticket, at, self._absorbed_of(ticket.number))
        now = told[-1]["state"] if told else state_of(state)
        survivor = self._by_id.get(state.merged_into or "")
        links = []
        if survivor is not None:
            links = [{"type": "conversation", "id": str(survivor.number), "category": None}]
        rating, ai_rating = self._ratings(ticket, at)
        ai = self._ai_agent(ticket, at, ai_rating)
        return {
            "type": "conversation",
            "id": str(ticket.number),
            "created_at": ticket.created_at,
            "updated_at": at,
            "waiting_since": None,
            "snoozed_until": at + DAY_S if now == "snoozed" else None,
            "source": {
                "type": SOURCE_TYPE.get(str(ticket.row.get("channel")), "conversation"),
                "id": str(ticket.number * PARTS_A_TICKET + PARTS_A_TICKET - 1),
                "delivered_as": "customer_initiated" if by_customer else "admin_initiated",
                "subject": html(ticket.row.get("subject")) or "",
                "body": (html(first.row.get("body")) if first else None) or "",
                "author": who,
                "attachments": [],
                "url": None,
                "redacted": False,
            },
            "contacts": {
                "type": "contact.list",
                "contacts": [
                    {
                        "type": "contact",
                        "id": contact_id(ticket.requester),
                        "external_id": ticket.requester.external_id,
                    }
                ],
            },
            "first_contact_reply": None,
            "admin_assignee_id": agent_id(state.assignee_id),
            "team_assignee_id": team_id(state.team),
            "open": now == "open",
            "state": now,
            "read": True,
            "tags": {"type": "tag.list", "tags": self._tags(ticket, at)},
            "priority": "priority" if state.priority in ("high", "urgent") else "not_priority",
            "sla_applied": None,
            "statistics": self._statistics(ticket, at, told),
            "conversation_rating": rating,
            "teammates": {"type": "admin.list", "teammates": []},
            "title": None,
            "custom_attributes": attributes(ticket, state),
            "topics": {},
            "ticket": None,
            "linked_objects": {
                "type": "list",
                "data": links,
                "total_count": len(links),
                "has_more": False,
            },
            "ai_agent": ai,
            "ai_agent_participated": ai is not None,
        }

    def _tags(self, ticket: Ticket, at: int) -> list[JsonRow]:
        """Each with the instant since which it is there."""
        found: dict[str, int] = {}
        for moment, state in zip(ticket.moments, ticket.states, strict=True):
            if moment.at > at:
                break
            names = tags(ticket, state)
            found = {name: found.get(name, moment.at) for name in names}
        return [
            {
                "type": "tag",
                "id": name,
                "name": name,
                "applied_at": since,
                "applied_by": {"type": "admin", "id": OPERATOR["id"]},
            }
            for name, since in found.items()
        ]

    def _ratings(self, ticket: Ticket, at: int) -> tuple[JsonRow | None, JsonRow]:
        """The rating of the conversation, and that of the AI agent: the last survey of each."""
        rating: JsonRow | None = None
        of_ai: JsonRow = {}
        for moment in ticket.moments[: ticket.seen(at)]:
            for done in moment.happenings:
                if done.kind == EVENT and done.row["event_type"] == "survey_sent":
                    rating = self._rating(ticket, moment.at, moment.at, None)
                if done.kind != RATING:
                    continue
                asked = done.row.get("survey_sent_at") or moment.at
                score = round(done.row["score_5"])
                if done.row.get("target") == "ai":
                    of_ai = {"rating": score, "created_at": asked, "updated_at": moment.at}
                else:
                    rating = self._rating(ticket, asked, moment.at, score)
        return rating, of_ai

    def _rating(self, ticket: Ticket, asked: int, at: int, score: int | None) -> JsonRow:
        teammate = agent_id(ticket.as_of(max(asked, ticket.created_at)).assignee_id)
        return {
            "rating": score,
            "remark": None,
            "created_at": asked,
            "updated_at": at,
            "contact": {"type": "contact", "id": contact_id(ticket.requester)},
            "teammate": None if teammate is None else {"type": "admin", "id": str(teammate)},
        }

    def _ai_agent(self, ticket: Ticket, at: int, rating: JsonRow) -> JsonRow | None:
        said = [done for done in ticket.happened(MESSAGE, at) if done.actor_kind == "ai_agent"]
        if not said:
            return None
        state = ticket.as_of(at)
        resolution = RESOLUTION.get(state.ai_outcome or "")
        if state.handoff:
            resolution = "procedure_handoff" if state.handoff in PROCEDURAL else "escalated"
        answers = [done for done in said if done.row.get("is_substantive") is not False]
        return {
            "source_type": "workflow",
            "source_title": "Shop",
            "last_answer_type": "ai_answer" if answers else None,
            "resolution_state": resolution,
            "rating": None,
            "rating_remark": None,
            "created_at": None,
            "updated_at": None,
            "content_sources": {"type": "content_source.list", "total_count": 0,
                                "content_sources": []},
        } | rating  # fmt: skip

    def _statistics(self, ticket: Ticket, at: int, told: list[JsonRow]) -> JsonRow:
        closes = [part for part in told if part["part_type"] == "close"]
        assigned = [part for part in told if part["part_type"] == "assignment"]
        spent = ticket.as_of(at).spent_s
        began = assigned[0]["created_at"] if assigned else ticket.created_at
        return {
            "type": "conversation_statistics",
            "first_assignment_at": assigned[0]["created_at"] if assigned else None,
            "first_close_at": closes[0]["created_at"] if closes else None,
            "last_close_at": closes[-1]["created_at"] if closes else None,
            "last_closed_by_id": closes[-1]["author"]["id"] if closes else None,
            "count_reopens": sum(part["part_type"] == "open" for part in told),
            "count_assignments": len(assigned),
            "count_conversation_parts": len(told),
            "handling_time": closes[-1]["created_at"] - began if closes and spent else None,
            "adjusted_handling_time": spent or None,
        }
