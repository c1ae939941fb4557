"""The diagnostics of a report, by quadrant of the balanced scorecard."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.lines import Line, read_line
from reports.periods import Period, Rhythm
from reports.published import Figures, Kpi, Stat, Statuses

QUADRANTS = ("quality", "efficiency", "volume", "revenue")
# These are about one side: the slice of the other is 0, 1 or empty by definition.
ONE_SIDED = frozenset(
    {
        "ai_first_response_time",
        "human_first_response_time",
        "handoff_response_time",
        "ai_involvement",
        "ai_resolution_rate",
        "containment_rate",
        "escalation_rate",
    }
)


@dataclass(frozen=True)
class Group:
    """A quadrant and its lines, in the order of the catalogue."""

    quadrant: str
    lines: tuple[Line, ...]


def read_groups(
    catalog: dict[str, Kpi], figures: Figures, statuses: Statuses, rhythm: Rhythm, period: Period
) -> tuple[Group, ...]:
    """The quadrants that have something to show.

    A KPI that the data cannot give has no line: the data notes name it with its reason.
    """
    shown = [kpi for kpi in catalog.values() if belongs(kpi, rhythm) and kpi.tier != "headline"]
    groups = []
    for quadrant in dict.fromkeys((*QUADRANTS, *(kpi.quadrant for kpi in shown))):
        lines = tuple(
            read_line(kpi, stat, figures, statuses, period)
            for kpi in shown
            if kpi.quadrant == quadrant and kpi.available
            for stat in shown_stats(kpi)
        )
        if lines:
            groups.append(Group(quadrant, lines))
    return tuple(groups)


def belongs(kpi: Kpi, rhythm: Rhythm) -> bool:
    """Whether a report has this KPI, which its cadence decides."""
    return not rhythm.cadences.isdisjoint(re.findall("[a-z]+", kpi.cadence.lower()))


def shown_stats(kpi: Kpi) -> tuple[Stat, ...]:
    """The KPI's own value, the median beside a mean (METRICS.md A5), and the one with targets."""
    names = {kpi.target_stat}
    if kpi.stats and kpi.stats[0].name == "mean":
        names.add("median")
    return tuple(stat for place, stat in enumerate(kpi.stats) if place == 0 or stat.name in names)


def both_sides(groups: tuple[Group, ...]) -> list[Line]:
    """The lines that compare AI and human; of a mean and a median only the median."""
    lines = [line for group in groups for line in group.lines]
    medians = {line.kpi.kpi for line in lines if line.stat.name == "median"}
    return [
        line
        for line in lines
        if line.kpi.kpi not in ONE_SIDED
        and not (line.stat.name == "mean" and line.kpi.kpi in medians)
        and line.ai is not None
        and line.human is not None
        and None not in (line.ai.value, line.human.value)
    ]
