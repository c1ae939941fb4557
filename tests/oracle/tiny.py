"""Shops of a few rows, told in a test: the figures of the work done in them (work.py)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from .export import Account
from .tally import Calendar, Row
from .work import work_rows
from .world import DIMENSIONS, world_of

MESSAGES = "ticket_id,sent_at,author_kind,author_id,is_public,is_auto "
EVENTS = "ticket_id,occurred_at,event_type,actor_kind,actor_id,to_value "
AGENTS = "agent_id,kind,team A,human_agent,one B,human_agent,two BOT,ai_agent,one"
SHORT = re.compile(r"\b(?<!\d{4}-)\d\d-\d\dT\d\d:\d\d(:\d\d)?")
Figure: TypeAlias = Callable[..., Any]


def shop(folder: Path, zone: str = "UTC", **tables: str) -> Figure:
    """Asks the figures of a shop: `(value, numerator, denominator, n)`; None: there is no such row.

    A table is told as rows without blanks, its header first; the tickets may be left out. Instants
    may be short: `06-01T09:00` is of 2026, in UTC.
    """
    told = {name: text.split() for name, text in tables.items()}
    if "tickets" not in told:
        rows = [line for name in ("messages", "ticket_events") for line in told.get(name, [])[1:]]
        told["tickets"] = ["ticket_id", *dict.fromkeys(row.split(",")[0] for row in rows)]
    for name, lines in told.items():
        text = SHORT.sub(lambda at: f"2026-{at[0]}Z", "\n".join(lines))
        (folder / f"{name}.csv").write_text(f"{text}\n", encoding="utf-8")
    world = world_of(folder, Account("tiny", zone))
    found: dict[tuple[Any, ...], Row] = {}
    for row in work_rows(world, Calendar(world)):
        assert found.setdefault((*row[:4], *row[5:10]), row) is row, f"twice: {row}"

    def figure(kpi: str, stat: str, grain: str, day: str, **cut: str) -> Any:
        start = datetime.fromisoformat(f"2026-{day}")
        segments = tuple(cut.get(name, "all") for name in DIMENSIONS)
        row = found.get((kpi, stat, grain, start, *segments))
        return row[10:] if row else None

    return figure


def asked(instants: dict[str, list[datetime]]) -> str:
    """The messages file of tickets that only ask."""
    lines = [
        f"{name}{number},{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ},customer"
        for name, began in instants.items()
        for number, at in enumerate(began)
    ]
    return "\n".join(["ticket_id,sent_at,author_kind", *lines])
