"""Which target a figure reaches.

`kpi_status` judges the latest mature period and knows the tiers in force; a figure of another
period is judged here by the same tiers. Their order says which way is good, since a KPI with no
good direction of its own can still have a target on one of its stats.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.published import Figure, Kpi, Stat, Status

TIERS = ("best", "better", "good")
WORDS = {"best": "Best tier", "better": "On target", "good": "Acceptable", "below": "Off target"}
ON_TARGET = frozenset({"best", "better"})


@dataclass(frozen=True)
class Target:
    """Tiers of a stat, the one reached (best, better, good, below; None = not judged)."""

    good: float | None
    better: float | None
    best: float | None
    tier: str | None
    is_breach: bool
    sign: str  # ≥, ≤ or within (on either side of zero)

    @property
    def word(self) -> str:
        """The standing in words, empty when it is not judged."""
        return WORDS.get(self.tier or "", "")

    @property
    def is_met(self) -> bool:
        """Whether the middle tier, which is the target, is reached."""
        return self.tier in ON_TARGET

    @property
    def aim(self) -> float | None:
        """The target: the middle tier, else the one that is there."""
        return next((x for x in (self.better, self.good, self.best) if x is not None), None)


def judge(kpi: Kpi, stat: Stat, figure: Figure | None, status: Status | None) -> Target | None:
    """The target of a stat and how the figure stands; None when the stat has no target."""
    tiers = _tiers(kpi, stat, status)
    given = [value for value in tiers.values() if value is not None]
    if not given:
        return None
    sign = _sign(kpi, stat, given)
    tier, is_breach = None, False
    if figure is not None and is_final(figure) and figure.value is not None:
        if status is not None and status.starts_on == figure.starts_on:
            tier, is_breach = status.target_tier, status.is_breach
        else:
            tier = _tier(figure.value, tiers, sign)
    return Target(
        good=tiers["good"],
        better=tiers["better"],
        best=tiers["best"],
        tier=tier,
        is_breach=is_breach,
        sign=sign,
    )


def is_final(figure: Figure) -> bool:
    """Whether a figure may be judged: its look-ahead is over and it rests on enough."""
    return figure.is_mature and not figure.is_low_sample


def _tiers(kpi: Kpi, stat: Stat, status: Status | None) -> dict[str, float | None]:
    if status is not None:
        return {"good": status.good, "better": status.better, "best": status.best}
    # The catalogue gives a count's tiers as multiples of the daily volume, which it cannot resolve.
    if stat.name != kpi.target_stat or stat.kind == "count":
        return {}
    return {"good": kpi.good, "better": kpi.better, "best": kpi.best}


def _sign(kpi: Kpi, stat: Stat, given: list[float]) -> str:
    if stat.kind == "fte" or (kpi.direction == "in-band" and stat.kind == "points"):
        return "within"
    is_up = given[0] < given[-1] if given[0] != given[-1] else kpi.direction == "up"
    return "≥" if is_up else "≤"


def _tier(value: float, tiers: dict[str, float | None], sign: str) -> str:
    reached = abs(value) if sign == "within" else value
    for name in TIERS:
        limit = tiers.get(name)
        if limit is not None and (reached >= limit if sign == "≥" else reached <= limit):
            return name
    return "below"
