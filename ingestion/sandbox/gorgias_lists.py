"""Gorgias' customers, and the small lists: users, teams, tags and custom fields.

Customers are whoever wrote, from their first ticket on; nothing in them tells staff or testers.
Users are the agents; the AI agent is a bot among them, and who left is deactivated. Rules are none.
"""

from typing import Any

from ingestion.sandbox.gorgias_fields import (
    FIELDS,
    RULES,
    iso,
    person,
    tag_number,
    team_number,
    user_number,
)
from ingestion.sandbox.people import Customer
from ingestion.sandbox.world import World

DAY_S = 86_400
Json = dict[str, Any]


def person_of(customer: Customer) -> Json:
    return person(customer.number, customer.name, customer.email)


def customer_stamps(world: World) -> list[tuple[int, int]]:
    people = world.people.by_number.values()
    return sorted((each.wrote_at, each.number) for each in people if each.wrote_at is not None)


def customer(world: World, key: int) -> Json:
    one = world.people.by_number[key]
    numbers = [{"type": "phone", "address": one.phone}] if one.phone else []
    emails = [{"type": "email", "address": one.email}] if one.email else []
    return {
        **person_of(one),
        "external_id": one.external_id,
        "channels": [*emails, *numbers],
        "created_datetime": iso(one.wrote_at or 0),
        "updated_datetime": iso(one.wrote_at or 0),
    }


def users(world: World, at: int) -> list[Json]:
    rows = (_user(world, key, at) for key in world.agents)
    return [row for row in rows if row is not None]


def _user(world: World, agent_id: str, at: int) -> Json | None:
    agent = world.agents[agent_id]
    if agent.get("kind") in RULES:
        return None
    is_bot = agent.get("kind") == "ai_agent"
    left = agent.get("active_to")
    gone_at = left + DAY_S if left is not None else None
    is_gone = gone_at is not None and gone_at <= at
    return {
        **person(user_number(agent_id), agent.get("name") or agent_id, None),
        **({"name": "AI Agent", "firstname": "AI", "lastname": "Agent"} if is_bot else {}),
        "email": f"{agent_id}@shop.example",
        "external_id": agent_id,
        "active": not is_gone,
        "role": {"name": "bot" if is_bot else "agent"},
        "created_datetime": iso(agent.get("active_from") or 0),
        "deactivated_datetime": iso(gone_at) if gone_at and is_gone else None,
    }


def teams(world: World) -> list[Json]:
    return [
        {
            "id": team_number(team),
            "name": team,
            "members": [
                {"id": user_number(key)}
                for key, agent in world.agents.items()
                if agent.get("team") == team and agent.get("kind") not in RULES
            ],
            "uri": f"/api/teams/{team_number(team)}/",
        }
        for team in world.teams
    ]


def tag_rows(used: list[tuple[str, int]], at: int) -> list[Json]:
    """`used`: names and when each was first used."""
    return [{"id": tag_number(name), "name": name} for name, since in used if since <= at]


def custom_fields() -> list[Json]:
    return [{"id": key, "label": title, "object_type": "Ticket"} for title, key in FIELDS.items()]
