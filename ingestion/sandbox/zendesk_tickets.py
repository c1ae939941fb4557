"""Ticket rows and their metrics as Zendesk shows them, for each version a ticket had.

A version is a moment of the ticket; what a row says hangs on nothing else, so it is made once.
"""

from typing import Any

from ingestion.sandbox.replay import MESSAGE
from ingestion.sandbox.world import Ticket
from ingestion.sandbox.zendesk_audits import Audit, author, last_audited
from ingestion.sandbox.zendesk_fields import (
    FIELDS,
    changing_fields,
    channel,
    description,
    fixed_fields,
    iso,
    row_url,
    via,
)

MINUTE_S = 60
DONE = ("solved", "closed", "deleted")
METRICS_BEHIND = 10**15


def ticket_row(ticket: Ticket, n: int) -> dict[str, Any]:
    """The ticket after its moment `n`.

    `updated_at` is the last audit's instant, `generated_timestamp` the last change's.
    """
    now = fixed_fields(ticket) | changing_fields(ticket, ticket.states[n])
    updated = ticket.moments[last_audited(ticket, n)].at
    custom = [{"id": key, "value": now[key]} for key in FIELDS.values()]
    messages = (
        done.row
        for moment in ticket.moments[: n + 1]
        for done in moment.happenings
        if done.kind == MESSAGE
    )
    return {
        "url": row_url("tickets", ticket.number),
        "id": ticket.number,
        "external_id": ticket.id,
        "via": via(channel(ticket)),
        "created_at": iso(ticket.created_at),
        "updated_at": iso(updated),
        "type": None,
        "subject": now["subject"],
        "raw_subject": now["subject"],
        "description": description(ticket),
        "priority": now["priority"],
        "status": now["status"],
        "recipient": None,
        "requester_id": now["requester_id"],
        "submitter_id": author(ticket, ticket.moments[0]),
        "assignee_id": now["assignee_id"],
        "organization_id": None,
        "group_id": now["group_id"],
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": any(row.get("is_public") is not False for row in messages),
        "due_at": None,
        "tags": now["tags"],
        "custom_fields": custom,
        "satisfaction_rating": {"score": now["satisfaction_score"]},
        "sharing_agreement_ids": [],
        "custom_status_id": None,
        "fields": custom,
        "followup_ids": [],
        "ticket_form_id": None,
        "brand_id": now["brand_id"],
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": channel(ticket) == "native_messaging",
        "generated_timestamp": ticket.moments[n].at,
    }


def metric_set(ticket: Ticket, n: int, audits: list[Audit | None]) -> dict[str, Any]:
    """The ticket's metrics after its moment `n`; calendar minutes, none in business hours."""
    key = METRICS_BEHIND + ticket.number
    found: dict[str, Any] = {
        "url": row_url("ticket_metrics", key),
        "id": key,
        "ticket_id": ticket.number,
        "created_at": iso(ticket.created_at),
        "updated_at": iso(ticket.moments[n].at),
        "reopens": 0,
        "replies": 0,
        **dict.fromkeys(
            (
                "assignee_updated_at",
                "requester_updated_at",
                "status_updated_at",
                "initially_assigned_at",
                "assigned_at",
                "solved_at",
                "latest_comment_added_at",
            )
        ),
    }
    stations: dict[str, set[Any]] = {"group_id": set(), "assignee_id": set()}
    spent = {"hold": 0, "pending": 0, "requester": 0}
    status, since = "", ticket.created_at
    reply_at: int | None = None
    solved: list[int] = []
    for moment, audit in zip(ticket.moments[: n + 1], audits[: n + 1], strict=True):
        at = moment.at
        if audit is None:
            continue
        for change in audit.changes:
            if change.field in stations and change.after is not None:
                stations[str(change.field)].add(change.after)
                if change.field == "assignee_id":
                    found["initially_assigned_at"] = found["initially_assigned_at"] or iso(at)
                    found["assigned_at"] = iso(at)
            if change.field == "status":
                _spend(spent, status, at - since)
                if change.after in DONE and status not in DONE:
                    solved.append(at)
                if status in DONE and change.after not in DONE:
                    found["reopens"] += 1
                status, since, found["status_updated_at"] = change.after, at, iso(at)
        if audit.comments:
            found["latest_comment_added_at"] = iso(at)
            by_agent = moment.actor_kind in ("human_agent", "ai_agent")
            if by_agent and any(done.row.get("is_public") is not False
                                for done in moment.happenings if done.kind == MESSAGE):  # fmt: skip
                found["replies"] += 1
                reply_at = at if reply_at is None and at > ticket.created_at else reply_at
        side = "requester" if moment.actor_kind == "customer" else "assignee"
        if side == "requester" or moment.actor_kind == "human_agent":
            found[f"{side}_updated_at"] = iso(at)
    _spend(spent, status, ticket.moments[n].at - since)
    begin = ticket.created_at
    found |= {
        "group_stations": len(stations["group_id"]),
        "assignee_stations": len(stations["assignee_id"]),
        "solved_at": iso(solved[-1]) if solved and status in DONE else None,
        "reply_time_in_minutes": _minutes(None if reply_at is None else reply_at - begin),
        "first_resolution_time_in_minutes": _minutes(solved[0] - begin if solved else None),
        "full_resolution_time_in_minutes": _minutes(
            solved[-1] - begin if solved and status in DONE else None
        ),
        "agent_wait_time_in_minutes": _minutes(spent["pending"]),
        "requester_wait_time_in_minutes": _minutes(spent["requester"] + spent["hold"]),
        "on_hold_time_in_minutes": _minutes(spent["hold"]),
    }
    return found


def _spend(spent: dict[str, int], status: str, seconds: int) -> None:
    if status in ("new", "open"):
        spent["requester"] += seconds
    elif status in spent:
        spent[status] += seconds


def _minutes(seconds: int | None) -> dict[str, int | None]:
    return {"calendar": None if seconds is None else seconds // MINUTE_S, "business": None}
