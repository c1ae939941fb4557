"""Contacts, admins and teams as Intercom lists them.

A contact is whoever wrote, from the first time on, and changes when writing again. Test and staff
accounts have the attributes `is_test` and `is_internal`.
"""

from collections import defaultdict
from functools import cached_property
from typing import Any

from ingestion.sandbox.intercom_fields import agent_id, contact_id, team_id
from ingestion.sandbox.log import Log
from ingestion.sandbox.people import Customer
from ingestion.sandbox.world import World

DAY_S = 86_400
JsonRow = dict[str, Any]


class IntercomPeople:
    """Contacts by number and version: the entries of `log`."""

    def __init__(self, world: World) -> None:
        self._world = world

    @cached_property
    def _changes(self) -> dict[int, list[int]]:
        """When each contact wrote; the first time is when it was made."""
        found: dict[int, set[int]] = defaultdict(set)
        for ticket in self._world.tickets.values():
            wrote = (m.at for m in ticket.moments if m.actor_kind == "customer")
            found[ticket.requester.number] |= {ticket.created_at, *wrote}
        return {key: sorted(ats) for key, ats in found.items()}

    @cached_property
    def log(self) -> Log:
        changes = self._changes.items()
        return Log.of((at, key, n) for key, ats in changes for n, at in enumerate(ats))

    def contact(self, key: int, n: int) -> JsonRow:
        person: Customer = self._world.people.by_number[key]
        at = self._changes[key][n]
        return {
            "type": "contact",
            "id": contact_id(person),
            "workspace_id": "sandbox",
            "external_id": person.external_id,
            "role": "user" if person.external_id else "lead",
            "email": person.email,
            "phone": person.phone,
            "name": person.name,
            "has_hard_bounced": False,
            "marked_email_as_spam": False,
            "unsubscribed_from_emails": False,
            "created_at": self._changes[key][0],
            "updated_at": at,
            "signed_up_at": person.created_at if person.external_id else None,
            "last_replied_at": at,
            "custom_attributes": {"is_test": person.is_test, "is_internal": person.is_internal},
        }

    def admins(self, now: int) -> list[JsonRow]:
        """Who is on the team now; who has left is listed no more."""
        found = []
        for natural, agent in sorted(self._world.agents.items()):
            came, left = agent.get("active_from"), agent.get("active_to")
            is_here = (came is None or came <= now) and (left is None or now < left + DAY_S)
            if (agent.get("kind") or "human_agent") == "human_agent" and is_here:
                team = team_id(agent.get("team"))
                found.append(
                    {
                        "type": "admin",
                        "id": str(agent_id(natural)),
                        "name": agent.get("name") or natural,
                        "email": f"{natural}@shop.example",
                        "job_title": None,
                        "away_mode_enabled": False,
                        "away_mode_reassign": False,
                        "has_inbox_seat": True,
                        "team_ids": [] if team is None else [team],
                    }
                )
        return found

    def teams(self, now: int) -> list[JsonRow]:
        admins = self.admins(now)
        return [
            {
                "type": "team",
                "id": str(team_id(team)),
                "name": team,
                "admin_ids": [int(one["id"]) for one in admins if team_id(team) in one["team_ids"]],
            }
            for team in self._world.teams
        ]
