"""What happened to tickets, in Zendesk's two ways of telling it: audits and ticket events.

Both are the difference of a ticket's fields before and after, plus its comments. An update that
changes no field leaves no audit, yet it counts as a change of the ticket in the exports. Rules and
the system write as user -1. What the shop knows of a message and Zendesk has no field for is custom
metadata of the audit and its comment, as apps and AI agents leave it: `auto` (out of office,
bounce, receipt), `gratitude`, `ai_assisted`, `substantive` (false only) and `recommended_skus`.
"""

import json
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

from ingestion.sandbox.replay import EVENT, MESSAGE, Happening, Moment, Row
from ingestion.sandbox.rows import number
from ingestion.sandbox.world import Ticket
from ingestion.sandbox.zendesk_fields import (
    CUSTOM,
    SYSTEM_USER,
    VIA_LABEL,
    VIA_OF_ACTOR,
    agent_number,
    changing_fields,
    channel,
    fixed_fields,
    iso,
    subject,
    via,
)

AUDITS_A_TICKET, CHILDREN_AN_AUDIT = 1000, 100
BORN_WITHOUT: dict[str | int, Any] = {"satisfaction_score": "unoffered", "tags": []}
JsonRow = dict[str, Any]


class Change(NamedTuple):
    """One field's change; `is_new` when the ticket was created with it."""

    id: int
    field: str | int
    before: Any
    after: Any
    is_new: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """One update of a ticket; `comments` are in the shape that audits and ticket events share."""

    id: int
    ticket_id: int
    at: int
    author_id: int
    channel: str
    comments: tuple[JsonRow, ...]
    changes: tuple[Change, ...]
    custom: JsonRow


def author(ticket: Ticket, moment: Moment) -> int:
    if moment.actor_kind == "customer":
        return ticket.requester.number
    if moment.actor_kind in ("human_agent", "ai_agent"):
        return agent_number(moment.actor_id, ticket.agents) or SYSTEM_USER
    return SYSTEM_USER


def audits_of(ticket: Ticket, subjects: dict[str, tuple[int, str]]) -> list[Audit | None]:
    """The audit of each of the ticket's moments, None where it leaves none.

    `subjects`: number and subject of tickets, by the shop's id, for the words of a merge.
    """
    found: list[Audit | None] = []
    before = BORN_WITHOUT
    for n, (moment, state) in enumerate(zip(ticket.moments, ticket.states, strict=True)):
        audit_id = (ticket.number * AUDITS_A_TICKET + n) * CHILDREN_AN_AUDIT
        changes: tuple[Change, ...] = ()
        if n == 0 or any(done.kind != MESSAGE for done in moment.happenings):
            after = changing_fields(ticket, state)
            if n == 0:
                after = fixed_fields(ticket) | after
            changed = [name for name in after if before.get(name) != after[name]]
            changes = tuple(
                Change(audit_id + place, name, before.get(name), after[name], n == 0)
                for place, name in enumerate(changed, start=1)
            )
            before = after
        comments, custom = _comments(ticket, moment, audit_id, subjects)
        if not changes and not comments:
            found.append(None)
            continue
        name = channel(ticket) if n == 0 else VIA_OF_ACTOR.get(moment.actor_kind, channel(ticket))
        who = author(ticket, moment)
        found.append(
            Audit(audit_id, ticket.number, moment.at, who, name, comments, changes, custom)
        )
    return found


def last_audited(ticket: Ticket, n: int) -> int:
    """The last of the ticket's moments up to `n` that left an audit."""
    while n > 0:
        if any(_is_comment(done) for done in ticket.moments[n].happenings):
            return n
        before, after = (changing_fields(ticket, ticket.states[place]) for place in (n - 1, n))
        if before != after:
            return n
        n -= 1
    return n


def _is_comment(done: Happening) -> bool:
    return done.kind == MESSAGE or (done.kind == EVENT and done.row["event_type"] == "merged_into")


def _comments(
    ticket: Ticket, moment: Moment, audit_id: int, subjects: dict[str, tuple[int, str]]
) -> tuple[tuple[JsonRow, ...], JsonRow]:
    found: list[JsonRow] = []
    custom: JsonRow = {}
    for done in filter(_is_comment, moment.happenings):
        if done.kind == MESSAGE:
            row = done.row
            key = number("message", row.get("message_id") or f"{audit_id} {row.get('seq')}")
            body, public = row.get("body") or "", row.get("is_public") is not False
            told = _metadata(row)
            custom |= told
        else:
            target, about = subjects.get(done.row["to_value"], (0, ""))
            key = audit_id + CHILDREN_AN_AUDIT - 1
            told = {}
            body = f'This request was closed and merged into request #{target} "{about}".'
            public = False
        found.append(
            {
                "id": key,
                "type": "Comment",
                "author_id": author(ticket, moment),
                "body": body,
                "html_body": f'<div class="zd-comment" dir="auto"><p>{escape(body)}</p></div>',
                "plain_body": body,
                "public": public,
                "attachments": [],
                "audit_id": audit_id,
            }
            | ({"metadata": {"system": {}, "custom": told}} if told else {})
        )
    return tuple(found), custom


def _metadata(row: Row) -> JsonRow:
    flags = {"auto": "is_auto", "gratitude": "is_gratitude", "ai_assisted": "is_ai_assisted"}
    found: JsonRow = {name: True for name, column in flags.items() if row.get(column)}
    if row.get("is_substantive") is False:
        found["substantive"] = False
    if skus := row.get("recommended_skus"):
        found["recommended_skus"] = json.loads(skus) if isinstance(skus, str) else list(skus)
    return found


def as_audit(audit: Audit) -> JsonRow:
    """The audit as `ticket_audits` has it: values of fields are text, lists or null."""

    def text(value: Any) -> Any:
        return str(value) if isinstance(value, int) else value

    events = list(audit.comments)
    for change in audit.changes:
        event = {
            "id": change.id,
            "type": "Create" if change.is_new else "Change",
            "value": text(change.after),
            "field_name": str(change.field),
        }
        if not change.is_new:
            event["previous_value"] = text(change.before)
        events.append(event)
    return {
        "id": audit.id,
        "ticket_id": audit.ticket_id,
        "created_at": iso(audit.at),
        "author_id": audit.author_id,
        "metadata": {"system": {}, "custom": audit.custom},
        "events": events,
        "via": via(audit.channel),
    }


def as_event(audit: Audit, *, with_comments: bool) -> JsonRow:
    """The audit as the ticket event export has it; `with_comments`: the sideload of that name."""
    label = VIA_LABEL.get(audit.channel, audit.channel)
    children: list[JsonRow] = []
    for comment in audit.comments:
        if with_comments:
            told = {**comment, "via": via(audit.channel), "created_at": iso(audit.at)}
        else:
            told = {
                "id": comment["id"],
                "via": label,
                "comment_present": True,
                "comment_public": comment["public"],
            }
        children.append({**told, "via_reference_id": None, "event_type": "Comment"})
    for change in audit.changes:
        child = {
            "id": change.id,
            "via": label,
            "via_reference_id": None,
            "event_type": "Create" if change.is_new else "Change",
        }
        if change.field in CUSTOM:
            child["custom_ticket_fields"] = {str(change.field): change.after}
        else:
            child[str(change.field)] = change.after
        if change.field == "tags":
            old, new = set(change.before or ()), set(change.after)
            child["added_tags"], child["removed_tags"] = sorted(new - old), sorted(old - new)
        if not change.is_new:
            child["previous_value"] = change.before
        children.append(child)
    return {
        "id": audit.id,
        "ticket_id": audit.ticket_id,
        "timestamp": audit.at,
        "created_at": iso(audit.at),
        "updater_id": audit.author_id,
        "via": label,
        "system": {},
        "metadata": {"custom": audit.custom},
        "event_type": "Audit",
        "child_events": children,
    }


def subjects_of(tickets: dict[int, Ticket]) -> dict[str, tuple[int, str]]:
    """Number and subject of each ticket that others are merged into."""
    targets = {
        done.row["to_value"]
        for ticket in tickets.values()
        for moment in ticket.moments
        for done in moment.happenings
        if done.kind == EVENT and done.row["event_type"] == "merged_into"
    }
    return {
        ticket.id: (ticket.number, subject(ticket))
        for ticket in tickets.values()
        if ticket.id in targets
    }
