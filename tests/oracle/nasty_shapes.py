"""Shops that hand over less: without messages, without events, or with one of the two alone."""

from __future__ import annotations

from datetime import datetime

from .nasty_options import Options
from .nasty_script import Cells, Script

OF_TICKETS = ("csat_responses", "time_entries", "qa_reviews")


def reshape(
    options: Options, script: Script, tables: dict[str, list[Cells]], as_of: datetime | None
) -> dict[str, list[Cells]]:
    """The tables that a shop of this shape hands over."""
    if options.shape in ("no messages", "tickets alone"):
        _open_by_column(script)
        tables = {**tables, "messages": [], "tickets": _with_replies(script, tables, as_of)}
    if options.shape in ("no events", "tickets alone"):
        tables = {**tables, "ticket_events": [], "tickets": _with_resolves(script, tables, as_of)}
    if options.shape == "events alone":
        tables = {**tables, "messages": [], "tickets": []}
        known = {
            row["ticket_id"] for row in script.events if not as_of or row["occurred_at"] <= as_of
        }
        for entity in OF_TICKETS:
            tables[entity] = [row for row in tables.get(entity, []) if row["ticket_id"] in known]
    return tables


def _with_replies(
    script: Script, tables: dict[str, list[Cells]], as_of: datetime | None
) -> list[Cells]:
    """The tickets with their first reply by a human, where one was given by `as_of`."""
    first: dict[str, datetime] = {}
    for row in script.messages:
        is_reply = row["author_kind"] == "human_agent" and row.get("is_public", True)
        if is_reply and (not as_of or row["sent_at"] <= as_of):
            at = first.get(row["ticket_id"], row["sent_at"])
            first[row["ticket_id"]] = min(at, row["sent_at"])
    return [{**row, "first_reply_at": first.get(row["ticket_id"])} for row in tables["tickets"]]


def _with_resolves(
    script: Script, tables: dict[str, list[Cells]], as_of: datetime | None
) -> list[Cells]:
    last: dict[str, datetime] = {}
    for row in script.resolves:
        if not as_of or row["occurred_at"] <= as_of:
            last[row["ticket_id"]] = max(
                row["occurred_at"], last.get(row["ticket_id"], row["occurred_at"])
            )
    return [{**row, "resolved_at": last.get(row["ticket_id"])} for row in tables["tickets"]]


def _open_by_column(script: Script) -> None:
    """Without messages a ticket opens when it was made, so not after something happened to it."""
    for row in script.tickets:
        if row["created_at"]:
            row["created_at"] = min(row["created_at"], script.opened[row["ticket_id"]])
