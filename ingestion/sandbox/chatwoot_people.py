"""Chatwoot's people and lists: contacts, agents, teams, inboxes, labels, custom attributes.

An inbox a channel; the web form writes to the e-mail inbox. Who has left the team is no agent any
more. The AI agent is Captain's assistant, which no list names. Contacts are whoever wrote in, from
their first ticket on; test and staff accounts have a custom attribute that says so.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from ingestion.sandbox.people import Customer
from ingestion.sandbox.replay import Row
from ingestion.sandbox.rows import number
from ingestion.sandbox.world import World

DAY_S = 86_400
ACCOUNT = 1
EMAIL = "Channel::Email"
CHANNELS = {
    "email": EMAIL,
    "contact_form": EMAIL,
    "web_form": EMAIL,
    "chat": "Channel::WebWidget",
    "messaging": "Channel::WebWidget",
    "whatsapp": "Channel::Whatsapp",
    "sms": "Channel::Sms",
    "facebook": "Channel::FacebookPage",
    "instagram": "Channel::Instagram",
    "x": "Channel::TwitterProfile",
    "phone": "Channel::Voice",
    "voice": "Channel::Voice",
}
ATTRIBUTES = {
    "Category": "category",
    "Subcategory": "subcategory",
    "Product": "product",
    "Order ID": "order_id",
    "Language": "language",
}
NOBODY = ("automation", "system")
JsonRow = dict[str, Any]


def iso(at: int) -> str:
    """An instant as Chatwoot writes it where it writes no seconds since 1970."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def channel_of(ticket: Row) -> str:
    return CHANNELS.get(str(ticket.get("channel")), EMAIL)


@cache
def inbox_number(channel: str) -> int:
    return sorted(set(CHANNELS.values())).index(channel) + 1


@cache
def agent_number(agent_id: str) -> int:
    return number("agent", agent_id)


@cache
def team_number(team: str) -> int:
    return number("chatwoot team", team)


def agent(world_agents: dict[str, Row], agent_id: str) -> JsonRow:
    name = world_agents.get(agent_id, {}).get("name") or agent_id
    return {
        "id": agent_number(agent_id),
        "account_id": ACCOUNT,
        "availability_status": "offline",
        "auto_offline": True,
        "confirmed": True,
        "email": f"{agent_id}@shop.example",
        "available_name": name,
        "name": name,
        "role": "agent",
        "thumbnail": "",
        "custom_role_id": None,
    }


def agents(world: World, at: int) -> list[JsonRow]:
    found = []
    for agent_id, row in world.agents.items():
        came, left = row.get("active_from"), row.get("active_to")
        is_here = (came is None or came <= at) and (left is None or at < left + DAY_S)
        if row.get("kind") not in ("ai_agent", *NOBODY) and is_here:
            found.append(agent(world.agents, agent_id))
    return found


def team(name: str) -> JsonRow:
    return {
        "id": team_number(name),
        "name": name,
        "description": None,
        "allow_auto_assign": True,
        "account_id": ACCOUNT,
        "is_member": False,
    }


def team_members(world: World, key: int, at: int) -> list[JsonRow]:
    members = {
        agent_number(agent_id)
        for agent_id, row in world.agents.items()
        if row.get("team") and team_number(row["team"]) == key
    }
    return [row for row in agents(world, at) if row["id"] in members]


def inboxes() -> list[JsonRow]:
    """With the passwords that an administrator is shown."""
    return [
        {
            "id": inbox_number(channel),
            "name": channel.removeprefix("Channel::"),
            "channel_type": channel,
            "channel_id": inbox_number(channel),
            "avatar_url": "",
            "greeting_enabled": False,
            "csat_survey_enabled": True,
            "enable_auto_assignment": True,
            "hmac_token": "a secret of the inbox",
        }
        for channel in sorted(set(CHANNELS.values()))
    ]


def labels(titles: set[str]) -> list[JsonRow]:
    return [
        {
            "id": number("chatwoot label", title),
            "title": title,
            "description": "",
            "color": "#1f93ff",
            "show_on_sidebar": True,
        }
        for title in sorted(titles)
    ]


def attribute_definitions(began: int) -> list[JsonRow]:
    return [
        {
            "id": place,
            "attribute_display_name": title,
            "attribute_display_type": "text",
            "attribute_description": title,
            "attribute_key": key,
            "attribute_model": "conversation_attribute",
            "created_at": iso(began),
            "updated_at": iso(began),
        }
        for place, (title, key) in enumerate(ATTRIBUTES.items(), start=1)
    ]


def contact(person: Customer) -> JsonRow:
    """A contact as conversations, messages and ratings show it."""
    marks = (("test", person.is_test), ("internal", person.is_internal))
    return {
        "additional_attributes": {},
        "availability_status": "offline",
        "email": person.email,
        "id": person.number,
        "name": person.name,
        "phone_number": person.phone,
        "blocked": False,
        "identifier": person.external_id,
        "thumbnail": "",
        "custom_attributes": {name: True for name, holds in marks if holds},
        "created_at": person.wrote_at,
    }


def is_resolved(person: Customer) -> bool:
    """Whether a contact is known by more than a conversation; others are not listed."""
    return bool(person.email or person.phone or person.external_id)


def profile() -> JsonRow:
    """An administrator of the one account."""
    return {
        "id": number("agent", "reports"),
        "access_token": "a secret of the user",
        "account_id": ACCOUNT,
        "available_name": "Reports",
        "confirmed": True,
        "display_name": None,
        "email": "reports@shop.example",
        "name": "Reports",
        "provider": "email",
        "role": "administrator",
        "accounts": [
            {
                "id": ACCOUNT,
                "name": "Shop",
                "status": "active",
                "active_at": None,
                "role": "administrator",
                "permissions": ["administrator"],
                "availability": "offline",
                "availability_status": "offline",
                "auto_offline": True,
                "custom_role_id": None,
            }
        ],
    }
