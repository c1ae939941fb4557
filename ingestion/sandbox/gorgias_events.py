"""Gorgias' log of events: what each moment of a ticket changed, one event a change.

Events of one cause share a `context`; where a rule was it, a `rule-executed` is among them and
nobody is named as `user_id`. Tags are named by id. A merge is told by `ticket-merged` on the ticket
that remains, which does not say what was merged into it. Priorities, custom fields and the words
of a status leave no event.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from ingestion.sandbox.gorgias_fields import (
    RULES,
    agent_number,
    bare_iso,
    is_snoozed,
    status,
    tag_number,
    tags,
    team_number,
)
from ingestion.sandbox.replay import EVENT, RATING, Moment
from ingestion.sandbox.rows import number
from ingestion.sandbox.world import Ticket

PER_TICKET = 10_000


Change = tuple[str, dict[str, Any]]


class Event(NamedTuple):
    at: int
    id: int
    row: dict[str, Any]


def events_of(ticket: Ticket, survivor: int) -> Iterator[Event]:
    """All events that a ticket leaves. `survivor`: what it is merged into, else itself."""
    place = 0
    for n, moment in enumerate(ticket.moments):
        merges = ticket.states[n].merged_into is not None
        changes = [("ticket-merged", {})] if merges else list(_changes(ticket, n))
        if moment.actor_kind in RULES and changes:
            rule = {"id": number("gorgias rule", "rules"), "name": "Rules"}
            changes.insert(0, ("rule-executed", rule))
        about = survivor if merges else ticket.number
        for kind, data in changes:
            place += 1
            key = ticket.number * PER_TICKET + place
            yield Event(moment.at, key, _row(key, kind, data, ticket, moment, about))
        if merges:
            return


def _row(
    key: int, kind: str, data: dict[str, Any], ticket: Ticket, moment: Moment, about: int
) -> dict[str, Any]:
    digest = hashlib.md5(f"{ticket.id} {moment.at} {moment.actor_id}".encode()).hexdigest()
    user = agent_number(moment.actor_id, ticket.agents)
    return {
        "id": key,
        "type": kind,
        "object_type": "Ticket",
        "object_id": about,
        "user_id": None if moment.actor_kind in ("customer", *RULES) else user,
        "context": str(UUID(digest)),
        "created_datetime": bare_iso(moment.at),
        "data": data,
        "uri": f"/api/events/{key}/",
    }


def _changes(ticket: Ticket, n: int) -> Iterator[Change]:
    moment, state = ticket.moments[n], ticket.states[n]
    if n == 0:
        yield "ticket-created", {}
        before = state._replace(
            status="open", team=None, assignee_id=None, is_spam=False, is_deleted=False
        )
    else:
        before = ticket.states[n - 1]
        had, has = tags(ticket, n - 1), tags(ticket, n)
        if new := [tag_number(name) for name in has if name not in had]:
            yield "ticket-tags-added", {"tags_added": new}
        if gone := [tag_number(name) for name in had if name not in has]:
            yield "ticket-tags-removed", {"tags_removed": gone}
    if state.team != before.team:
        if state.team is None:
            yield "ticket-team-unassigned", {}
        else:
            yield "ticket-team-assigned", {"assignee_team_id": team_number(state.team)}
    if state.assignee_id != before.assignee_id:
        assignee = agent_number(state.assignee_id, ticket.agents)
        if assignee is None:
            yield "ticket-unassigned", {}
        else:
            yield "ticket-assigned", {"assignee_user_id": assignee}
    if is_snoozed(state) and not is_snoozed(before):
        yield "ticket-snoozed", {}
    elif is_snoozed(before) and status(state) == "open":
        yield "ticket-self-unsnoozed" if moment.actor_kind in RULES else "ticket-reopened", {}
    elif status(state) != status(before) or (is_snoozed(before) and not is_snoozed(state)):
        yield "ticket-closed" if status(state) == "closed" else "ticket-reopened", {}
    if state.is_spam != before.is_spam:
        yield "ticket-marked-spam" if state.is_spam else "ticket-unmarked-spam", {}
    if state.is_deleted != before.is_deleted:
        yield "ticket-trashed" if state.is_deleted else "ticket-untrashed", {}
    for done in moment.happenings:
        if done.kind == EVENT and done.row["event_type"] == "survey_sent":
            yield "satisfaction-survey-sent", {}
        elif done.kind == RATING:
            yield "satisfaction-survey-responded", {"score": round(done.row["score_5"])}
