"""The rows that the Zendesk endpoints page through, each made once and kept as JSON.

What a row says hangs on the version of its ticket alone, never on when it is asked for, so a walk
that comes again costs no more than joining bytes.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import orjson

from ingestion.sandbox import zendesk_lists, zendesk_surveys, zendesk_users
from ingestion.sandbox.log import Entry
from ingestion.sandbox.world import Ticket, World
from ingestion.sandbox.zendesk_audits import (
    Audit,
    as_audit,
    as_event,
    audits_of,
    last_audited,
    subjects_of,
)
from ingestion.sandbox.zendesk_fields import agent_number, iso, status, subject, via
from ingestion.sandbox.zendesk_tickets import metric_set, ticket_row
from ingestion.sandbox.zendesk_users import Versions

ARCHIVED_AFTER_S = 120 * 86_400


class ZendeskDesk:
    """Everything by number and version; entries are those of `log`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.log = world.ticket_log
        self._began = int(self.log.at[0]) if len(self.log) else 0
        self._rows: dict[tuple[str, int, int], orjson.Fragment] = {}
        self._audits: dict[int, list[Audit | None]] = {}

    @property
    def tickets(self) -> dict[int, Ticket]:
        return self._world.tickets

    @cached_property
    def users(self) -> Versions:
        return zendesk_users.users(self._world, self._began)

    @cached_property
    def ratings(self) -> Versions:
        return zendesk_lists.ratings(self._world)

    @cached_property
    def survey_responses(self) -> zendesk_surveys.Responses | None:
        """None where the account has the older ratings."""
        if not zendesk_surveys.has_surveys(self._world):
            return None
        return zendesk_surveys.Responses.of(self._world)

    @cached_property
    def surveys(self) -> list[dict[str, Any]]:
        return zendesk_surveys.surveys(self._world)

    @cached_property
    def groups(self) -> Versions:
        return zendesk_lists.groups(self._world, self._began)

    @cached_property
    def brands(self) -> Versions:
        return zendesk_lists.brands(self._world, self._began)

    @cached_property
    def ticket_fields(self) -> Versions:
        return zendesk_lists.ticket_fields(self._began)

    @cached_property
    def _subjects(self) -> dict[str, tuple[int, str]]:
        return subjects_of(self._world.tickets)

    def _audits_of(self, number: int) -> list[Audit | None]:
        """One for each of the ticket's moments, None where it leaves none."""
        found = self._audits.get(number)
        if found is None:
            found = audits_of(self._world.tickets[number], self._subjects)
            self._audits[number] = found
        return found

    def _kept(self, kind: str, number: int, n: int, make: Callable[[], Any]) -> orjson.Fragment:
        key = (kind, number, n)
        found = self._rows.get(key)
        if found is None:
            found = self._rows[key] = orjson.Fragment(orjson.dumps(make()))
        return found

    def ticket(self, number: int, n: int, *, metrics: bool = False) -> orjson.Fragment:
        """The ticket after its moment `n`, with its metric set if that is asked for."""
        ticket = self._world.tickets[number]

        def make() -> dict[str, Any]:
            row = ticket_row(ticket, n)
            if metrics:
                row["metric_set"] = metric_set(ticket, n, self._audits_of(number))
            return row

        return self._kept("metrics" if metrics else "ticket", number, n, make)

    def ticket_at(self, number: int, at: int) -> orjson.Fragment:
        return self.ticket(number, self._world.tickets[number].seen(at) - 1)

    def listed_ticket(self, number: int, at: int, lacks: Sequence[str]) -> orjson.Fragment:
        """The ticket at `at` as lists have it, without these fields."""
        ticket = self._world.tickets[number]
        n = ticket.seen(at) - 1

        def make() -> dict[str, Any]:
            return {k: value for k, value in ticket_row(ticket, n).items() if k not in lacks}

        return self._kept(f"without {' '.join(lacks)}", number, n, make)

    def updated_at(self, number: int, at: int) -> int:
        """When the ticket's last audit up to `at` was made."""
        ticket = self._world.tickets[number]
        return ticket.moments[last_audited(ticket, ticket.seen(at) - 1)].at

    def users_of(self, numbers: Iterable[int], at: int) -> list[dict[str, Any]]:
        """The users whom the tickets' rows name, as they are at `at`, by id."""
        wanted: set[int] = set()
        for number in numbers:
            ticket = self._world.tickets[number]
            wanted.add(ticket.requester.number)
            assignee = agent_number(ticket.as_of(at).assignee_id, ticket.agents)
            if assignee is not None:
                wanted.add(assignee)
        found = (self.users.one(key, at) for key in sorted(wanted))
        return [row for row in found if row is not None]

    def has_audit(self, entry: Entry) -> bool:
        return self._audits_of(entry.number)[entry.n] is not None

    def audit(self, entry: Entry) -> orjson.Fragment:
        """The update as an audit; ValueError if it left none."""
        return self._kept("audit", entry.number, entry.n, lambda: self._as_audit(entry))

    def event(self, entry: Entry, *, with_comments: bool) -> orjson.Fragment:
        """The update as a ticket event; ValueError if it left no audit."""
        kind = "told" if with_comments else "event"

        def make() -> dict[str, Any]:
            return as_event(self._told(entry), with_comments=with_comments)

        return self._kept(kind, entry.number, entry.n, make)

    def _told(self, entry: Entry) -> Audit:
        audit = self._audits_of(entry.number)[entry.n]
        if audit is None:
            raise ValueError(f"update {entry.n} of ticket {entry.number} left no audit")
        return audit

    def _as_audit(self, entry: Entry) -> dict[str, Any]:
        row = as_audit(self._told(entry))
        if self.survey_responses is not None:
            ticket = self._world.tickets[entry.number]
            row["events"] += zendesk_surveys.audit_events(ticket, entry.n)
        return row

    def audits_at(self, number: int, at: int) -> list[dict[str, Any]]:
        """The ticket's audits up to `at`."""
        ticket = self._world.tickets[number]
        entries = (Entry(ticket.moments[n].at, number, n) for n in range(ticket.seen(at)))
        return [self._as_audit(entry) for entry in entries if self.has_audit(entry)]

    def comments_at(self, number: int, at: int) -> list[dict[str, Any]]:
        """The ticket's comments up to `at`."""
        seen = self._world.tickets[number].seen(at)
        plain: dict[str, Any] = {"metadata": {"system": {}, "custom": {}}}
        return [
            {**plain, **comment, "created_at": iso(audit.at), "via": via(audit.channel)}
            for audit in self._audits_of(number)[:seen]
            if audit
            for comment in audit.comments
        ]

    def is_shown(self, number: int, at: int) -> bool:
        """Whether endpoints other than the exports know the ticket: it exists, not deleted."""
        ticket = self._world.tickets.get(number)
        return bool(ticket and ticket.seen(at) and status(ticket.as_of(at)) != "deleted")

    def is_listed(self, number: int, at: int) -> bool:
        """Whether lists show the ticket: it is neither deleted nor archived."""
        if not self.is_shown(number, at):
            return False
        state = self._world.tickets[number].as_of(at)
        return status(state) != "closed" or state.updated_at >= at - ARCHIVED_AFTER_S

    def deleted(self, at: int) -> list[dict[str, Any]]:
        """The rows of `deleted_tickets`, by id."""
        found = []
        for ticket in self._ever_deleted:
            seen = ticket.seen(at)
            if not seen or status(ticket.states[seen - 1]) != "deleted":
                continue
            shown = [n for n in range(seen) if status(ticket.states[n]) != "deleted"]
            before = shown[-1] if shown else 0
            audit = self._audits_of(ticket.number)[min(before + 1, seen - 1)]
            found.append(
                {
                    "id": ticket.number,
                    "subject": subject(ticket),
                    "description": None,
                    "actor": {"id": audit.author_id if audit else -1, "name": ""},
                    "deleted_at": iso(ticket.moments[min(before + 1, seen - 1)].at),
                    "previous_state": status(ticket.states[before]),
                }
            )
        return found

    @cached_property
    def _ever_deleted(self) -> list[Ticket]:
        tickets = sorted(self._world.tickets.values(), key=lambda ticket: ticket.number)
        return [
            ticket
            for ticket in tickets
            if any(status(state) == "deleted" for state in ticket.states)
        ]
