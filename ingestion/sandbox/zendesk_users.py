"""Zendesk's users, and how rows that change seldom are kept.

Users are the agents and whoever wrote in, from their first ticket on. An AI agent is a user of role
agent with the tag `ai_agent`. Who has left the team becomes an end-user. The requester of a ticket
marked as spam is suspended. Test and staff accounts have the tags `test` and `internal`.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingestion.sandbox.log import Log
from ingestion.sandbox.people import Customer
from ingestion.sandbox.replay import EVENT
from ingestion.sandbox.world import World
from ingestion.sandbox.zendesk_fields import (
    SYSTEM_USER,
    agent_number,
    group_number,
    iso,
    row_url,
)

DAY_S = 86_400
JsonRow = dict[str, Any]


@dataclass(frozen=True)
class Versions:
    """Rows that change seldom: each thing's versions, and the log of when they came."""

    log: Log
    rows: dict[tuple[int, int], JsonRow]
    began: dict[int, list[int]]

    @classmethod
    def of(cls, made: list[tuple[int, JsonRow]]) -> "Versions":
        """From instants and rows; rows of one `id` are its versions."""
        rows: dict[tuple[int, int], JsonRow] = {}
        began: dict[int, list[int]] = defaultdict(list)
        for at, row in sorted(made, key=lambda version: version[0]):
            key = row["id"]
            rows[key, len(began[key])] = row
            began[key].append(at)
        entries = ((at, key, n) for key, ats in began.items() for n, at in enumerate(ats))
        return cls(Log.of(entries), rows, dict(began))

    def current(self, as_of: int, since: int = 0) -> list[JsonRow]:
        """Each thing's row at `as_of` if it changed at or after `since`, by id."""
        log = self.log
        found = log.current(log.start(since), log.end(as_of), as_of)
        return sorted((self.rows[entry.number, entry.n] for entry in found), key=_id)

    def one(self, key: int, as_of: int) -> JsonRow | None:
        """One thing's row at `as_of`, None if it is not there yet."""
        seen = bisect_right(self.began.get(key, ()), as_of)
        return self.rows[key, seen - 1] if seen else None


def _id(row: JsonRow) -> int:
    return int(row["id"])


def users(world: World, began: int) -> Versions:
    """`began`: when the agents' accounts were made, in seconds."""
    made = [(at, row) for agent_id in world.agents for at, row in _agent(world, agent_id, began)]
    marks: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    for ticket in world.tickets.values():
        for moment in ticket.moments:
            for done in moment.happenings:
                if done.kind == EVENT and done.row["event_type"] in MARKS:
                    suspended = MARKS[done.row["event_type"]]
                    marks[ticket.requester.number].append((moment.at, suspended))
    for person in world.people.by_number.values():
        if person.wrote_at is not None:
            made.append((person.wrote_at, _customer(person, person.wrote_at, suspended=False)))
            for at, suspended in sorted(marks[person.number]):
                made.append((at, _customer(person, at, suspended=suspended)))
    return Versions.of(made)


MARKS = {"spam_marked": True, "spam_unmarked": False}


def _agent(world: World, agent_id: str, began: int) -> Iterator[tuple[int, JsonRow]]:
    agent = world.agents[agent_id]
    key = agent_number(agent_id, world.agents)
    if key in (None, SYSTEM_USER):
        return
    came, left = agent.get("active_from"), agent.get("active_to")
    at = began if came is None else came
    row = _user(key, agent.get("name") or agent_id, at) | {
        "email": f"{agent_id}@shop.example",
        "role": "agent",
        "external_id": agent_id,
        "tags": ["ai_agent"] if agent.get("kind") == "ai_agent" else [],
        "default_group_id": group_number(agent.get("team")),
        "verified": True,
    }
    yield at, row
    if left is not None:
        gone = left + DAY_S
        yield gone, row | {"role": "end-user", "updated_at": iso(gone), "default_group_id": None}


def _customer(person: Customer, at: int, *, suspended: bool) -> JsonRow:
    marks = (("test", person.is_test), ("internal", person.is_internal))
    return _user(person.number, person.name, person.wrote_at or at) | {
        "email": person.email,
        "phone": person.phone,
        "external_id": person.external_id,
        "updated_at": iso(at),
        "suspended": suspended,
        "tags": [tag for tag, holds in marks if holds],
    }


def _user(key: int | None, name: str, at: int) -> JsonRow:
    return {
        "id": key,
        "url": row_url("users", key),
        "name": name,
        "email": None,
        "created_at": iso(at),
        "updated_at": iso(at),
        "time_zone": "UTC",
        "iana_time_zone": "Etc/UTC",
        "phone": None,
        "shared_phone_number": None,
        "photo": None,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": None,
        "role": "end-user",
        "verified": False,
        "external_id": None,
        "tags": [],
        "alias": None,
        "active": True,
        "shared": False,
        "shared_agent": False,
        "last_login_at": None,
        "two_factor_auth_enabled": False,
        "signature": None,
        "details": None,
        "notes": None,
        "role_type": None,
        "custom_role_id": None,
        "moderator": False,
        "ticket_restriction": None,
        "only_private_comments": False,
        "restricted_agent": False,
        "suspended": False,
        "default_group_id": None,
        "report_csv": False,
        "user_fields": {},
    }
