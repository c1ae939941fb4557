"""All rows of `kpi_values` that the oracle knows, of one export folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .backlog import backlog_rows
from .efficiency import efficiency_rows
from .export import Account
from .quality import quality_rows
from .speed import speed_rows
from .tally import Calendar, Row
from .volume import volume_rows
from .world import world_of


def kpi_rows(folder: Path, account: Account) -> Iterator[Row]:
    """V1, V2, V4–V6, V9, V10, S1–S7, Q1, Q3 (value), Q4–Q7, Q9, Q11, E1–E4 and E6."""
    world = world_of(folder, account)
    calendar = Calendar(world)
    yield from volume_rows(world, calendar)
    yield from backlog_rows(world, calendar)
    yield from speed_rows(world, calendar)
    yield from quality_rows(world, calendar)
    yield from efficiency_rows(world, calendar)
