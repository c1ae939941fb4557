"""All rows of `kpi_values` that the oracle knows, of one export folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .backlog import backlog_rows
from .efficiency import efficiency_rows
from .export import Account
from .loyalty import loyalty_rows
from .quality import quality_rows
from .revenue import revenue_rows
from .reviews import review_rows
from .speed import speed_rows
from .tally import Calendar, Row
from .volume import volume_rows
from .work import work_rows
from .world import world_of

# The slow ones first: speed and volume are by the hour, too.
PARTS = (
    speed_rows,
    volume_rows,
    efficiency_rows,
    backlog_rows,
    quality_rows,
    work_rows,
    review_rows,
    revenue_rows,
    loyalty_rows,
)


def kpi_rows(folder: Path, account: Account) -> Iterator[Row]:
    """V1–V12, S1–S8, Q1–Q11, E1–E4, E6–E9 and R1–R5."""
    world = world_of(folder, account)
    calendar = Calendar(world)
    for part in PARTS:
        yield from part(world, calendar)
