"""The sandbox's shop as a self-hosted Chatwoot keeps it: the tables that are read, and their rows.

Columns are those of Chatwoot's public schema as far as they matter, with room for the sandbox's
long numbers. Rows are made of what the sandbox's API answers with, so that both tell one story.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import psycopg

from ingestion.chatwoot_shapes import CONTENT_TYPES, PRIORITIES, STATUSES
from ingestion.sandbox import chatwoot_desk as desk
from ingestion.sandbox import chatwoot_lines as lines
from ingestion.sandbox import chatwoot_people as people
from ingestion.sandbox.replay import MESSAGE, RATING
from ingestion.sandbox.rows import number
from ingestion.sandbox.world import Ticket, World
from tests.postgres_support import Server

SCHEMA = """
create table accounts (id bigint primary key, name text);
create table users (
    id bigint primary key, name text not null, display_name text, email text,
    encrypted_password text, tokens json
);
create table account_users (id bigint primary key, account_id bigint, user_id bigint, role integer);
create table teams (
    id bigint primary key, account_id bigint, name text, description text, allow_auto_assign boolean
);
create table team_members (id bigint primary key, team_id bigint, user_id bigint);
create table inboxes (
    id bigint primary key, account_id bigint, name text, channel_type text, channel_id bigint
);
create table channel_twilio_sms (id bigint primary key, medium integer, auth_token text);
create table contacts (
    id bigint primary key, account_id bigint not null, name text, email text, phone_number text,
    identifier text, blocked boolean, custom_attributes jsonb, created_at timestamp,
    updated_at timestamp not null, last_activity_at timestamp
);
create table conversations (
    id bigint primary key, account_id bigint not null, display_id bigint not null, uuid uuid,
    inbox_id bigint, status integer not null, priority integer, assignee_id bigint,
    assignee_agent_bot_id bigint, team_id bigint, contact_id bigint, custom_attributes jsonb,
    additional_attributes jsonb, cached_label_list text, created_at timestamp not null,
    updated_at timestamp not null, last_activity_at timestamp not null, snoozed_until timestamp,
    first_reply_created_at timestamp, waiting_since timestamp
);
create table messages (
    id bigint primary key, account_id bigint not null, conversation_id bigint not null,
    inbox_id bigint, content text, content_type integer not null, content_attributes json,
    additional_attributes jsonb, message_type integer not null, private boolean, status integer,
    sender_type text, sender_id bigint, source_id text, created_at timestamp not null,
    updated_at timestamp not null
);
create index on messages (conversation_id);
create table csat_survey_responses (
    id bigint primary key, account_id bigint not null, conversation_id bigint, message_id bigint,
    rating integer, feedback_message text, contact_id bigint, assigned_agent_id bigint,
    created_at timestamp not null, updated_at timestamp not null
);
create table reporting_events (
    id bigint primary key, account_id bigint, conversation_id bigint, inbox_id bigint,
    user_id bigint, name text, value float, value_in_business_hours float,
    event_start_time timestamp, event_end_time timestamp, created_at timestamp not null,
    updated_at timestamp not null
);
create table agent_bots (
    id bigint primary key, account_id bigint, name text, description text, bot_type integer,
    outgoing_url text
);
create table captain_assistants (id bigint primary key, account_id bigint, name text);
create table labels (
    id bigint primary key, account_id bigint, title text, description text, color text,
    show_on_sidebar boolean
);
create table custom_attribute_definitions (
    id bigint primary key, account_id bigint, attribute_model integer, attribute_key text,
    attribute_display_name text, attribute_description text
);
"""
SENDERS = {"contact": "Contact", "user": "User", "captain_assistant": "Captain::Assistant"}
Rows = dict[str, list[dict[str, Any]]]
_NAMES = count()


def fill(url: str, world: World, now: datetime) -> None:
    """The tables as they stand at `now`, and no row more; one transaction."""
    with psycopg.connect(url) as connection:
        for table, rows in rows_of(world, int(now.timestamp())).items():
            connection.execute(f"truncate {table}")
            insert(connection, table, rows)


def insert(connection: psycopg.Connection[Any], table: str, rows: list[dict[str, Any]]) -> None:
    """Columns that a row does not name are null."""
    connection.execute(
        f"insert into {table} select * from json_populate_recordset(null::{table}, %s)",
        [json.dumps(rows)],
    )


def internal(ticket: Ticket) -> int:
    """The id of a conversation that its own tables know it by."""
    return number("chatwoot conversation", ticket.id)


def rows_of(world: World, now: int) -> Rows:
    rows: Rows = defaultdict(list)
    writers: dict[tuple[str, int], str] = {}
    labels: set[str] = set()
    rows["accounts"] = [{"id": people.ACCOUNT, "name": "Shop"}]
    for ticket in (each for each in world.tickets.values() if each.seen(now)):
        if not ticket.as_of(now).is_deleted:
            written = lines.messages(ticket, now)
            for sender in (message["sender"] for message in written if "sender" in message):
                writers[sender["type"], sender["id"]] = sender["name"]
            rows["messages"] += (_message(ticket, message) for message in written)
            rows["conversations"].append(_conversation(ticket, now))
            rows["csat_survey_responses"] += _ratings(ticket, now)
            rows["reporting_events"] += (
                {**event, "conversation_id": internal(ticket)}
                for event in lines.reporting_events(ticket, now)
            )
            labels |= set(lines.labels(ticket, ticket.as_of(now)))
    rows["contacts"] = list(_contacts(world, now))
    for agent_id, row in world.agents.items():
        if row.get("kind") not in ("ai_agent", *people.NOBODY):
            agent = people.agent(world.agents, agent_id)
            writers["user", agent["id"]] = agent["name"]
    for (kind, key), name in writers.items():
        if kind == "user":
            rows["users"].append({"id": key, "name": name, "display_name": ""})
        elif kind == "captain_assistant":
            rows["captain_assistants"].append({"id": key, "name": name})
    rows["account_users"] = [
        {"id": place, "account_id": people.ACCOUNT, "user_id": agent["id"], "role": 0}
        for place, agent in enumerate(people.agents(world, now))
    ]
    rows["teams"] = [people.team(name) for name in world.teams]
    rows["team_members"] = [
        {"id": place, "team_id": team, "user_id": user}
        for place, (team, user) in enumerate(
            (team["id"], member["id"])
            for team in rows["teams"]
            for member in people.team_members(world, team["id"], now)
        )
    ]
    account = {"account_id": people.ACCOUNT}
    rows["inboxes"] = [{**inbox, **account} for inbox in people.inboxes()]
    rows["labels"] = [{**label, **account} for label in people.labels(labels)]
    rows["custom_attribute_definitions"] = [
        {**definition, **account, "attribute_model": 0}
        for definition in people.attribute_definitions(0)
    ]
    return rows


def _at(seconds: int) -> str | None:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}" if seconds else None


def _conversation(ticket: Ticket, now: int) -> dict[str, Any]:
    active = [n for n in range(ticket.seen(now)) if lines.is_active(ticket, n)]
    told = desk.conversation(ticket, ticket.moments[active[-1]].at, now)
    clocks = ("created_at", "updated_at", "last_activity_at", "first_reply_created_at")
    return {
        **{name: told[name] for name in ("account_id", "uuid", "inbox_id", "custom_attributes")},
        **{name: _at(int(told[name])) for name in clocks},
        "id": internal(ticket),
        "display_id": ticket.number,
        "status": STATUSES.index(told["status"]),
        "priority": PRIORITIES.index(told["priority"]) if told["priority"] else None,
        "assignee_id": told["meta"].get("assignee", {}).get("id"),
        "team_id": told["meta"].get("team", {}).get("id"),
        "contact_id": ticket.requester.number,
        "additional_attributes": told["additional_attributes"],
        "cached_label_list": ", ".join(told["labels"]),
    }


def _message(ticket: Ticket, told: dict[str, Any]) -> dict[str, Any]:
    """Attributes are JSON in a JSON text, as Rails writes them."""
    sender = told.get("sender")
    return {
        "id": told["id"],
        "account_id": people.ACCOUNT,
        "conversation_id": internal(ticket),
        "inbox_id": told["inbox_id"],
        "content": told["content"],
        "content_type": CONTENT_TYPES.index(told["content_type"]),
        "content_attributes": json.dumps(told["content_attributes"]),
        "additional_attributes": {},
        "message_type": told["message_type"],
        "private": told["private"],
        "status": 0,
        "sender_type": SENDERS[sender["type"]] if sender else None,
        "sender_id": sender["id"] if sender else None,
        "created_at": _at(told["created_at"]),
        "updated_at": _at(told["created_at"]),
    }


def _ratings(ticket: Ticket, now: int) -> Iterator[dict[str, Any]]:
    for told in desk.ratings(ticket, now):
        yield {
            **told,
            "conversation_id": internal(ticket),
            "contact_id": told["contact"]["id"],
            "assigned_agent_id": told.get("assigned_agent", {}).get("id"),
            "created_at": _at(told["created_at"]),
            "updated_at": _at(max(done.at for done in ticket.happened(RATING, now))),
        }


def _contacts(world: World, now: int) -> Iterator[dict[str, Any]]:
    """Whoever has written, known by an address or not."""
    wrote: dict[int, int] = {}
    for ticket in world.tickets.values():
        key, written = ticket.requester.number, ticket.happened(MESSAGE, now)
        by_customer = [done.at for done in written if done.actor_kind == "customer"]
        if ticket.seen(now):
            wrote[key] = max(wrote.get(key, 0), ticket.created_at, *by_customer)
    for key, at in wrote.items():
        told = people.contact(world.people.by_number[key])
        clocks = {"created_at": _at(told["created_at"]), "last_activity_at": _at(at)}
        yield {**told, **clocks, "updated_at": _at(at), "account_id": people.ACCOUNT}


def made(server: Server) -> str:
    """The URL of a new database with these tables and no row."""
    url = server.make(f"chatwoot_{next(_NAMES)}")
    with psycopg.connect(url) as connection:
        connection.execute(SCHEMA)
    return url


def change(url: str, *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement)
