"""Shops told in a few words, and the figures of opinions, revenue and loyalty in them.

A table is its header and its rows, a line each; `-` is an empty cell, as is one left out at a
row's end; `06-01` is a day of 2026, `06-01T09:30` a time of it in UTC.
"""

from __future__ import annotations

import csv
import re
from datetime import datetime
from pathlib import Path

from .export import Account
from .loyalty import loyalty_rows
from .revenue import revenue_rows
from .reviews import review_rows
from .tally import Calendar, Cell, Row
from .world import DIMENSIONS, world_of

UTC = Account("micro", "UTC", as_of=datetime.fromisoformat("2027-06-30T00:00Z"))
INSTANT = re.compile(r"(\d\d-\d\d)(T\d\d:\d\d(:\d\d)?)?")
MESSAGES = "ticket_id sent_at author_kind"
EVENTS = "ticket_id occurred_at event_type to_value actor_kind"
ORDERS = "order_id customer_id placed_at total cancelled_at currency is_test"


class Figures:
    """The rows of Q8, Q10 and R1–R5 of a shop: for each table its header and its rows."""

    def __init__(self, folder: Path, account: Account = UTC, **tables: tuple[str, str]) -> None:
        folder.mkdir(exist_ok=True)
        for name, (header, told) in tables.items():
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                out = csv.writer(file)
                out.writerow(header.split())
                for line in told.strip().splitlines():
                    out.writerow([_cell(word) for word in line.split()])
        world = world_of(folder, account)
        calendar = Calendar(world)
        parts = [part(world, calendar) for part in (review_rows, revenue_rows, loyalty_rows)]
        self._rows = [row for rows in parts for row in rows]

    def cell(self, kpi: str, stat: str, start: str, **cut: str) -> Cell:
        """Of the month, or with `start` like `2026q2` of the quarter, that starts then."""
        found = self._found(kpi, stat, start, **cut)
        assert found, f"no row of {kpi}.{stat} {start} {cut}"
        return Cell(*found[0][10:])

    def has(self, kpi: str, stat: str, start: str, **cut: str) -> bool:
        return bool(self._found(kpi, stat, start, **cut))

    def _found(self, kpi: str, stat: str, start: str, **cut: str) -> list[Row]:
        grain = "quarter" if "q" in start else "month"
        year, number = re.split("[-q]", start)
        month = int(number) * 3 - 2 if grain == "quarter" else int(number)
        where = tuple(cut.get(name, "all") for name in DIMENSIONS)
        key = (kpi, stat, grain, datetime(int(year), month, 1))
        return [row for row in self._rows if row[:4] == key and row[5:10] == where]


def _cell(word: str) -> str:
    if word == "-":
        return ""
    told = INSTANT.fullmatch(word)
    return f"2026-{told[1]}{told[2] or 'T00:00'}Z" if told else word
