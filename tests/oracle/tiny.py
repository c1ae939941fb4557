"""Shops of a few rows, told in a test, and what the oracle says of them.

A table is CSV with blanks between its rows, the header first: `ticket_id,channel A,mail B,chat`. A
row may stop early. `06-01` is a day of 2026, `06-01T09:30` a time of it, in UTC.
"""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from .export import Account
from .kpis import PARTS
from .tally import Calendar, Cell
from .world import DIMENSIONS, world_of

TINY = Account("tiny", "UTC")
SETTLED = replace(TINY, as_of=datetime(2027, 6, 30, tzinfo=UTC))  # no window is open any more

MESSAGES = "ticket_id,sent_at,author_kind,author_id,is_public,is_auto "
EVENTS = "ticket_id,occurred_at,event_type,actor_kind,actor_id,to_value "
ORDERS = "order_id,customer_id,placed_at,total,cancelled_at,currency,is_test "
AGENTS = "agent_id,kind,team A,human_agent,one B,human_agent,two BOT,ai_agent,one"

SHORT = re.compile(r"(\d\d-\d\d)(T\d\d:\d\d(:\d\d)?)?")


class TinyShop:
    """Its rows are computed part by part, until the part that has the figure asked for."""

    def __init__(self, folder: Path, account: Account = TINY, **tables: str) -> None:
        """Without `tickets`, they are those that the messages and events name."""
        told = {name: [row.split(",") for row in text.split()] for name, text in tables.items()}
        if "tickets" not in told:
            rows = [row for name in ("messages", "ticket_events") for row in told.get(name, [])[1:]]
            told["tickets"] = [["ticket_id"], *([name] for name in {row[0]: row for row in rows})]
        for name, lines in told.items():
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([_long(word) for word in line] for line in lines)
        self._world = world_of(folder, account)
        self._calendar = Calendar(self._world)
        self._parts = [*reversed(PARTS)]  # the quick ones first
        self._found: dict[tuple[str, str], dict[tuple[str, datetime, tuple[str, ...]], Cell]] = {}

    def cell(self, kpi: str, stat: str, grain: str, day: str, **cut: str) -> Cell:
        """Of the period that starts on `day`, like `06-01`."""
        found = self._cell(kpi, stat, grain, day, cut)
        assert found is not None, f"no row of {kpi}.{stat}, {grain} {day}, {cut}"
        return found

    def has(self, kpi: str, stat: str, grain: str, day: str, **cut: str) -> bool:
        return self._cell(kpi, stat, grain, day, cut) is not None

    def _cell(self, kpi: str, stat: str, grain: str, day: str, cut: dict[str, str]) -> Cell | None:
        assert cut.keys() <= set(DIMENSIONS)
        while (kpi, stat) not in self._found:
            assert self._parts, f"no rows of {kpi}.{stat}"
            for row in self._parts.pop(0)(self._world, self._calendar):
                cells = self._found.setdefault((row.kpi, row.stat), {})
                place = (row.grain, row.period_start, row[5:10])
                assert place not in cells, f"twice: {row}"
                cells[place] = Cell(*row[10:])
        where = tuple(cut.get(name, "all") for name in DIMENSIONS)
        return self._found[kpi, stat].get((grain, datetime.fromisoformat(f"2026-{day}"), where))


def _long(word: str) -> str:
    short = SHORT.fullmatch(word)
    return f"2026-{short[1]}{short[2] or 'T00:00'}Z" if short else word
