"""One figure with all that makes it readable: the period before, baseline, target, both sides.

Cards and table rows are both lines, so that they judge and explain alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.formats import Change, change
from reports.judging import Target, is_final, judge
from reports.periods import Period
from reports.published import Figure, Figures, Kpi, Stat, Statuses


@dataclass(frozen=True)
class Line:
    """A stat of a KPI in a period; `reason` says why there is no value, where there is none."""

    kpi: Kpi
    stat: Stat
    period: Period
    figure: Figure | None
    previous: Figure | None
    change: Change | None
    ai: Figure | None
    human: Figure | None
    baseline: float | None
    target: Target | None
    reason: str

    @property
    def value(self) -> float | None:
        """The figure's value, None when it is unknown."""
        return self.figure.value if self.figure else None

    @property
    def caution(self) -> str:
        """Why the figure is not judged: "not final yet", "low sample", or nothing."""
        if self.figure is None or self.figure.value is None:
            return ""
        if not self.figure.is_mature:
            return "not final yet"
        return f"low sample, n = {self.figure.n:,}" if self.figure.is_low_sample else ""


def read_line(kpi: Kpi, stat: Stat, figures: Figures, statuses: Statuses, period: Period) -> Line:
    """The line of a stat in a period."""
    figure = figures.get((kpi.kpi, stat.name, "all", period.starts_on))
    previous = figures.get((kpi.kpi, stat.name, "all", period.back(1).starts_on))
    ai = figures.get((kpi.kpi, stat.name, "ai_handled", period.starts_on))
    human = figures.get((kpi.kpi, stat.name, "human_handled", period.starts_on))
    status = statuses.get((kpi.kpi, stat.name))
    return Line(
        kpi=kpi,
        stat=stat,
        period=period,
        figure=figure,
        previous=previous,
        change=_difference(figure, previous, stat, kpi.direction),
        ai=ai,
        human=human,
        # A baseline looks back from the latest period: for an earlier one it would look ahead.
        baseline=status.baseline if status and status.starts_on <= period.starts_on else None,
        target=judge(kpi, stat, figure, status),
        reason=_reason(kpi, figure, period),
    )


def _difference(
    value: Figure | None, other: Figure | None, stat: Stat, direction: str
) -> Change | None:
    if value is None or other is None or value.value is None or other.value is None:
        return None
    is_judged = is_final(value) and is_final(other)
    return change(value.value, other.value, stat.kind, direction, is_judged=is_judged)


def _reason(kpi: Kpi, figure: Figure | None, period: Period) -> str:
    if figure is not None and figure.value is not None:
        return ""
    if not kpi.available:
        return kpi.unavailable_reason or "not available from the connected sources"
    if figure is None:
        return f"no complete figure for this {period.grain}"
    if figure.n == 0:
        return f"nothing to measure this {period.grain}"
    return "not known from the data"
