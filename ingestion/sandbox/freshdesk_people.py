"""Freshdesk's agents, groups, contacts and fields, and the ids behind them.

Agents have no tags: an AI agent is one whose job title says so. Who has left the team is no agent
any more but a contact with the same id. Contacts are whoever wrote in, from their first ticket on;
test and staff accounts have the tags `test` and `internal`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

from ingestion.sandbox.people import Customer
from ingestion.sandbox.replay import Row
from ingestion.sandbox.rows import number
from ingestion.sandbox.world import World
from ingestion.sandbox.zendesk_users import Versions

DAY_S = 86_400
AI_TITLE = "AI Agent"
FIELDS = {
    "Category": "cf_category",
    "Subcategory": "cf_subcategory",
    "Product": "cf_product",
    "Order ID": "cf_order_id",
    "Language": "cf_language",
}
SYSTEM_FIELDS = {"Subject": "subject", "Status": "status", "Priority": "priority", "Type": "type"}
JsonRow = dict[str, Any]


def iso(at: int) -> str:
    """An instant as Freshdesk writes it."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def agent_number(agent_id: str | None, agents: dict[str, Row]) -> int | None:
    """None for nobody and for rules, which are no agents."""
    if agent_id is None or agents.get(agent_id, {}).get("kind") in ("automation", "system"):
        return None
    return _user_number(agent_id)


@cache
def _user_number(agent_id: str) -> int:
    return number("agent", agent_id)


@cache
def group_number(team: str | None) -> int | None:
    return None if team is None else number("freshdesk group", team)


@cache
def product_number(brand: str | None) -> int | None:
    return None if brand is None else number("freshdesk product", brand)


def agents(world: World, at: int, began: int) -> list[JsonRow]:
    """Who is an agent at `at`, by id; `began`: when accounts without a first day were made."""
    found = []
    for agent_id, agent in world.agents.items():
        key = agent_number(agent_id, world.agents)
        came, left = agent.get("active_from"), agent.get("active_to")
        since = began if came is None else came
        if key is None or since > at or (left is not None and left + DAY_S <= at):
            continue
        group = group_number(agent.get("team"))
        found.append(
            {
                "id": key,
                "available": True,
                "occasional": False,
                "ticket_scope": 1,
                "type": "support_agent",
                "group_ids": [] if group is None else [group],
                "created_at": iso(since),
                "updated_at": iso(since),
                "available_since": None,
                "contact": {
                    "active": True,
                    "email": f"{agent_id}@shop.example",
                    "job_title": AI_TITLE if agent.get("kind") == "ai_agent" else None,
                    "language": "en",
                    "mobile": None,
                    "name": agent.get("name") or agent_id,
                    "phone": None,
                    "time_zone": "UTC",
                    "created_at": iso(since),
                    "updated_at": iso(since),
                },
            }
        )
    return sorted(found, key=lambda row: int(row["id"]))


def contacts(world: World) -> Versions:
    made = [(at, row) for agent_id in world.agents for at, row in _left(world, agent_id)]
    for person in world.people.by_number.values():
        if person.wrote_at is not None:
            made.append((person.wrote_at, _customer(person, person.wrote_at)))
    return Versions.of(made)


def _left(world: World, agent_id: str) -> Iterator[tuple[int, JsonRow]]:
    agent = world.agents[agent_id]
    key, left = agent_number(agent_id, world.agents), agent.get("active_to")
    if key is not None and left is not None:
        at = left + DAY_S
        yield at, _contact(key, agent.get("name") or agent_id, f"{agent_id}@shop.example", at)


def _customer(person: Customer, at: int) -> JsonRow:
    marks = (("test", person.is_test), ("internal", person.is_internal))
    return _contact(person.number, person.name, person.email, at) | {
        "phone": person.phone,
        "unique_external_id": person.external_id,
        "tags": [tag for tag, holds in marks if holds],
    }


def _contact(key: int, name: str, email: str | None, at: int) -> JsonRow:
    return {
        "id": key,
        "active": False,
        "address": None,
        "company_id": None,
        "description": None,
        "email": email,
        "job_title": None,
        "language": "en",
        "mobile": None,
        "name": name,
        "phone": None,
        "time_zone": "UTC",
        "twitter_id": None,
        "unique_external_id": None,
        "custom_fields": {},
        "tags": [],
        "created_at": iso(at),
        "updated_at": iso(at),
    }


def groups(world: World, began: int) -> list[JsonRow]:
    return [
        {
            "id": group_number(team),
            "name": team,
            "description": None,
            "escalate_to": None,
            "unassigned_for": None,
            "business_hour_id": None,
            "group_type": "support_agent_group",
            "created_at": iso(began),
            "updated_at": iso(began),
        }
        for team in world.teams
    ]


def ticket_fields(began: int) -> list[JsonRow]:
    return [
        {
            "id": number("freshdesk field", name),
            "name": name,
            "label": label,
            "label_for_customers": label,
            "position": place,
            "type": "custom_text" if name.startswith("cf_") else f"default_{name}",
            "default": not name.startswith("cf_"),
            "archived": False,
            "created_at": iso(began),
            "updated_at": iso(began),
        }
        for place, (label, name) in enumerate((SYSTEM_FIELDS | FIELDS).items(), start=1)
    ]
