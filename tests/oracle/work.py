"""All rows of the work on tickets: its load, who does it, how long it takes, what it costs."""

from __future__ import annotations

from collections.abc import Iterator

from .agent_days import agent_day_rows
from .handling_time import handling_time_rows
from .money import money_rows
from .surveys import survey_rows
from .tally import Calendar, Row
from .workload import workload_rows
from .world import World


def work_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    """V3, V7, V8, V11, V12, S8, Q2, Q3 (mix_adjusted) and E7–E9."""
    yield from workload_rows(world, calendar)
    yield from agent_day_rows(world, calendar)
    yield from handling_time_rows(world, calendar)
    yield from survey_rows(world, calendar)
    yield from money_rows(world, calendar)
