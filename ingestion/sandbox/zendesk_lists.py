"""Zendesk's satisfaction ratings, and the small lists: groups, brands and ticket fields.

A rating is a survey: it is `offered` from the day it is sent and changes in place when it is
answered or answered anew. Its assignee is the AI agent if the survey is about that.
"""

from collections.abc import Iterator
from typing import Any

from ingestion.sandbox.rows import number
from ingestion.sandbox.world import Ticket, World
from ingestion.sandbox.zendesk_fields import (
    FIELDS,
    agent_number,
    brand_number,
    group_number,
    iso,
    row_url,
    score,
)
from ingestion.sandbox.zendesk_surveys import has_surveys, offered, surveys_of
from ingestion.sandbox.zendesk_users import Versions

RATINGS_A_TICKET = 1000
SYSTEM_FIELDS = ("Subject", "Description", "Status", "Priority", "Group", "Assignee")
JsonRow = dict[str, Any]


def ratings(world: World) -> Versions:
    """None where the account has the surveys that replace them."""
    if has_surveys(world):
        return Versions.of([])
    return Versions.of(
        [version for ticket in world.tickets.values() for version in _ratings(ticket, world)]
    )


def _ratings(ticket: Ticket, world: World) -> Iterator[tuple[int, JsonRow]]:
    sent = offered(ticket)
    ai = next((key for key, agent in world.agents.items() if agent.get("kind") == "ai_agent"), None)
    for place, ((asked, target, _), given) in enumerate(surveys_of(ticket).items()):
        key = ticket.number * RATINGS_A_TICKET + place
        state = ticket.as_of(max(asked, ticket.created_at))
        assignee = ai if target == "ai" else state.assignee_id
        row = {
            "id": key,
            "url": row_url("satisfaction_ratings", key),
            "assignee_id": agent_number(assignee, world.agents),
            "group_id": group_number(state.team),
            "requester_id": ticket.requester.number,
            "ticket_id": ticket.number,
            "score": "offered",
            "created_at": iso(asked),
            "updated_at": iso(asked),
            "comment": None,
        }
        if asked in sent:
            yield asked, row
        for at, rating in given:
            yield at, row | {"score": score(rating["score_5"]), "updated_at": iso(at)}


def groups(world: World, began: int) -> Versions:
    return Versions.of(
        [
            (
                began,
                {
                    "url": row_url("groups", group_number(team)),
                    "id": group_number(team),
                    "is_public": True,
                    "name": team,
                    "description": "",
                    "default": place == 0,
                    "deleted": False,
                    "created_at": iso(began),
                    "updated_at": iso(began),
                },
            )
            for place, team in enumerate(world.teams)
        ]
    )


def brands(world: World, began: int) -> Versions:
    return Versions.of(
        [
            (
                began,
                {
                    "url": row_url("brands", brand_number(brand)),
                    "id": brand_number(brand),
                    "name": brand,
                    "active": True,
                    "default": place == 0,
                    "subdomain": "sandbox",
                    "is_deleted": False,
                    "created_at": iso(began),
                    "updated_at": iso(began),
                },
            )
            for place, brand in enumerate(world.brands)
        ]
    )


def ticket_fields(began: int) -> Versions:
    system = [(number("zendesk field", title), title, title.lower()) for title in SYSTEM_FIELDS]
    custom = [
        (key, title, "integer" if title.endswith("(sec)") else "text")
        for title, key in FIELDS.items()
    ]
    return Versions.of(
        [
            (
                began,
                {
                    "url": row_url("ticket_fields", key),
                    "id": key,
                    "type": kind,
                    "title": title,
                    "raw_title": title,
                    "description": "",
                    "position": place,
                    "active": True,
                    "required": False,
                    "removable": place >= len(system),
                    "created_at": iso(began),
                    "updated_at": iso(began),
                },
            )
            for place, (key, title, kind) in enumerate(system + custom)
        ]
    )
