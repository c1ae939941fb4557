"""The rows of Gorgias' lists as they stand at an instant.

A ticket that is merged into another is listed no more, and its messages are the other's from then
on, under their own ids. A ticket changes when something happens to it, or when another is merged
into it. There is one survey a ticket; a new score takes the place of the old one. An outgoing
message is sent a little after it was created, which changes it alone.
"""

from collections import defaultdict
from functools import cached_property
from typing import Any

from ingestion.sandbox.gorgias_events import Event, events_of
from ingestion.sandbox.gorgias_fields import (
    FIELDS,
    RULES,
    SNOOZED_S,
    VIA,
    agent_number,
    bare_iso,
    body,
    channel,
    contact_reason,
    is_snoozed,
    iso,
    person,
    status,
    tag_number,
    tags,
    team_number,
)
from ingestion.sandbox.gorgias_lists import person_of
from ingestion.sandbox.log import NEVER, Log
from ingestion.sandbox.replay import EVENT, MESSAGE, RATING, Happening
from ingestion.sandbox.rows import number
from ingestion.sandbox.world import Ticket, World

SENT_AFTER_S = 10
Json = dict[str, Any]
Stamped = tuple[int, int]
Named = tuple[str, int]


class GorgiasDesk:
    """`…_stamps` are instants and ids in ascending order; what they name is made when asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        by_id = {ticket.id: ticket for ticket in world.tickets.values()}
        self._merged: dict[int, tuple[int, Ticket]] = {}
        self._merges: dict[int, list[tuple[int, Ticket]]] = {}
        for ticket in world.tickets.values():
            for moment, state in zip(ticket.moments, ticket.states, strict=True):
                if state.merged_into in by_id and state.merged_into != ticket.id:
                    onto = by_id[state.merged_into]
                    self._merged[ticket.number] = moment.at, onto
                    self._merges.setdefault(onto.number, []).append((moment.at, ticket))
                    break

    def survivor(self, ticket: Ticket, at: int) -> Ticket:
        """The ticket that holds its messages at `at`: itself if it is not merged away."""
        merged_at, onto = self._merged.get(ticket.number, (at + 1, ticket))
        return self.survivor(onto, at) if merged_at <= at else ticket

    @cached_property
    def ticket_log(self) -> Log:
        """Every change of every ticket; of a merged one up to its merge."""
        return Log.of(
            (at, ticket.number, n)
            for ticket in self._world.tickets.values()
            for n, at in enumerate(self._changes(ticket))
        )

    def _changes(self, ticket: Ticket) -> list[int]:
        merged_at, _ = self._merged.get(ticket.number, (NEVER, None))
        own = {moment.at for moment in ticket.moments if moment.at < merged_at}
        return sorted(own | {at for at, _ in self._merges.get(ticket.number, ())})

    @cached_property
    def ticket_stamps(self) -> list[Stamped]:
        return sorted((each.created_at, each.number) for each in self._world.tickets.values())

    def find(self, key: int, at: int) -> Ticket | None:
        ticket = self._world.tickets.get(key)
        return ticket if ticket and ticket.seen(at) else None

    def is_listed(self, key: int, at: int) -> bool:
        ticket = self.find(key, at)
        return ticket is not None and self.survivor(ticket, at) is ticket

    def ticket(self, key: int, at: int) -> Json:
        """The ticket's row; it must be there."""
        ticket = self._world.tickets[key]
        n = ticket.seen(at) - 1
        state = ticket.states[n]
        updated = max(each for each in self._changes(ticket) if each <= at)
        done = [each for each, s in zip(ticket.moments, ticket.states[: n + 1], strict=False)
                if status(s) == "closed"]  # fmt: skip
        trashed = next((moment.at for moment, s in zip(ticket.moments, ticket.states[: n + 1],
                        strict=False) if s.is_deleted), None)  # fmt: skip
        born = ticket.moments[0].happenings
        opener = next((body(each) for each in born if each.kind == MESSAGE), "")
        assignee = agent_number(state.assignee_id, ticket.agents)
        fields = {
            "Contact reason": contact_reason(state),
            "Product": ticket.row.get("product_sku"),
            "Order number": ticket.row.get("order_id"),
        }
        return {
            "id": key,
            "uri": f"/api/tickets/{key}/",
            "external_id": ticket.id,
            "status": status(state),
            "priority": {"urgent": "critical"}.get(state.priority or "", state.priority)
            or "normal",
            "channel": channel(ticket),
            "via": channel(ticket),
            "from_agent": ticket.moments[0].actor_kind != "customer",
            "customer": person_of(ticket.requester),
            "assignee_user": {"id": assignee} if assignee else None,
            "assignee_team": {"id": team_number(state.team), "name": state.team}
            if state.team
            else None,
            "language": ticket.row.get("language"),
            "subject": ticket.row.get("subject") or opener[:100],
            "excerpt": opener[:200],
            "meta": None,
            "tags": [{"id": tag_number(tag), "name": tag} for tag in tags(ticket, n)],
            "custom_fields": {
                str(FIELDS[title]): {"id": FIELDS[title], "value": value}
                for title, value in fields.items()
                if value is not None
            },
            "spam": state.is_spam,
            "trashed_datetime": iso(trashed) if state.is_deleted and trashed else None,
            "snooze_datetime": iso(state.updated_at + SNOOZED_S) if is_snoozed(state) else None,
            "closed_datetime": iso(done[-1].at) if done and status(state) == "closed" else None,
            "created_datetime": iso(ticket.created_at),
            "updated_datetime": iso(updated),
        }

    @cached_property
    def _messages(self) -> dict[int, tuple[Ticket, Happening]]:
        return {
            number("gorgias message", f"{ticket.id} {done.row.get('message_id') or place}"): (
                ticket,
                done,
            )
            for ticket in self._world.tickets.values()
            for place, done in enumerate(
                done
                for moment in ticket.moments
                for done in moment.happenings
                if done.kind == MESSAGE
            )
        }

    @cached_property
    def message_stamps(self) -> list[Stamped]:
        return sorted((done.at, key) for key, (_, done) in self._messages.items())

    @cached_property
    def _stamps_by_ticket(self) -> dict[int, list[Stamped]]:
        found: dict[int, list[Stamped]] = defaultdict(list)
        for at, key in self.message_stamps:
            found[self._messages[key][0].number].append((at, key))
        return found

    def message_stamps_of(self, key: int, at: int) -> list[Stamped]:
        """Those of one ticket, with what was merged into it."""
        found, waiting = list[Stamped](), [key]
        while waiting:
            one = waiting.pop()
            found += self._stamps_by_ticket.get(one, ())
            waiting += [each.number for when, each in self._merges.get(one, ()) if when <= at]
        return sorted(found)

    @cached_property
    def tags(self) -> list[Named]:
        """When each tag was first used."""
        found: dict[str, int] = {}
        for ticket in self._world.tickets.values():
            for n, moment in enumerate(ticket.moments):
                for name in tags(ticket, n):
                    found[name] = min(moment.at, found.get(name, moment.at))
        return sorted(found.items())

    def message(self, key: int, at: int) -> Json:
        ticket, done = self._messages[key]
        row, text = done.row, body(done)
        is_ours = done.actor_kind != "customer"
        is_public = row.get("is_public") is not False
        sender = person_of(ticket.requester)
        if is_ours:
            sender = person(agent_number(done.actor_id, ticket.agents), "", None)
        is_sent = is_ours and is_public and done.at + SENT_AFTER_S <= at
        is_mail = channel(ticket) == "email" and is_public
        return {
            "id": key,
            "uri": f"/api/tickets/{ticket.number}/messages/{key}/",
            "message_id": row.get("message_id"),
            "external_id": row.get("message_id"),
            "ticket_id": self.survivor(ticket, at).number,
            "public": is_public,
            "channel": channel(ticket) if is_public else "internal-note",
            "via": VIA.get(done.actor_kind, channel(ticket)),
            "from_agent": is_ours,
            "rule_id": number("gorgias rule", "rules") if done.actor_kind in RULES else None,
            "sender": sender,
            "receiver": None,
            "subject": ticket.row.get("subject"),
            "body_text": text,
            "body_html": f"<div>{text}</div>",
            "stripped_text": text,
            "headers": {"Auto-Submitted": "auto-replied"} if is_mail and row.get("is_auto") else {},
            "intents": [{"name": "other/thanks"}] if row.get("is_gratitude") else [],
            "attachments": [],
            "created_datetime": iso(done.at),
            "sent_datetime": iso(done.at + SENT_AFTER_S) if is_sent else None,
            "failed_datetime": None,
        }

    @cached_property
    def _events(self) -> dict[int, Event]:
        found: dict[int, Event] = {}
        for ticket in self._world.tickets.values():
            _, onto = self._merged.get(ticket.number, (NEVER, ticket))
            found |= {event.id: event for event in events_of(ticket, onto.number)}
        return found

    @cached_property
    def event_stamps(self) -> list[Stamped]:
        return sorted((event.at, event.id) for event in self._events.values())

    def event(self, key: int, at: int) -> Json:
        return self._events[key].row

    @cached_property
    def survey_stamps(self) -> list[Stamped]:
        found = ((self._survey(each)[0], each.number) for each in self._world.tickets.values())
        return sorted((at, key) for at, key in found if at is not None)

    @staticmethod
    def _survey(ticket: Ticket) -> tuple[int | None, list[Happening]]:
        """When it was sent, and its scores."""
        done = [done for moment in ticket.moments for done in moment.happenings]
        scores = [each for each in done if each.kind == RATING]
        sent = [each.at for each in done
                if each.kind == EVENT and each.row["event_type"] == "survey_sent"]  # fmt: skip
        return min([*sent, *(each.at for each in scores)], default=None), scores

    def survey(self, key: int, at: int) -> Json:
        ticket = self._world.tickets[key]
        sent, scores = self._survey(ticket)
        last = next((each for each in reversed(scores) if each.at <= at), None)
        return {
            "id": key,
            "ticket_id": key,
            "customer_id": ticket.requester.number,
            "body_text": None,
            "meta": None,
            "score": round(last.row["score_5"]) if last else None,
            "created_datetime": bare_iso(sent or 0),
            "should_send_datetime": bare_iso(sent or 0),
            "sent_datetime": bare_iso(sent or 0),
            "scored_datetime": bare_iso(last.at) if last else None,
            "uri": f"/api/satisfaction-surveys/{key}/",
        }
