"""Estimates and how sure they are: what the KPIs say of a sample beyond a share or a mean (A5)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .tally import quantile

Z = 1.959963984540054  # two-sided 95 %


def wilson(share: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share of `n` observations, which need not be whole."""
    middle = share + Z**2 / (2 * n)
    spread = Z * math.sqrt(share * (1 - share) / n + (Z / (2 * n)) ** 2)
    scale = 1 + Z**2 / n
    return (middle - spread) / scale, (middle + spread) / scale


def risk_interval(hits: int, of: int, base_hits: int, base_of: int) -> tuple[float, float] | None:
    """The 95 % interval of a relative risk on the log scale; None where a side has no hit."""
    if not hits or not base_hits:
        return None
    risk = (hits / of) / (base_hits / base_of)
    spread = Z * math.sqrt(1 / hits - 1 / of + 1 / base_hits - 1 / base_of)
    return risk * math.exp(-spread), risk * math.exp(spread)


def spearman(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """The correlation of the ranks; None where one side does not vary."""
    left, right = _ranks(xs), _ranks(ys)
    middle = (len(xs) + 1) / 2
    products = sum((x - middle) * (y - middle) for x, y in zip(left, right, strict=True))
    spreads = [sum((rank - middle) ** 2 for rank in ranks) for ranks in (left, right)]
    return products / math.sqrt(spreads[0] * spreads[1]) if all(spreads) else None


def spearman_interval(rho: float, n: int) -> tuple[float, float]:
    """Its 95 % interval by Bonett and Wright (2000): Fisher's z with a wider variance."""
    if abs(rho) == 1:
        return rho, rho
    spread = Z * math.sqrt((1 + rho**2 / 2) / (n - 3))
    return math.tanh(math.atanh(rho) - spread), math.tanh(math.atanh(rho) + spread)


def median_s(seconds: Sequence[float]) -> int | None:
    """The median of durations in whole seconds."""
    middle = quantile(seconds, 0.5).value
    return None if middle is None else int(middle)


def _ranks(values: Sequence[float]) -> list[float]:
    """The place of each value, those that tie share the mean of their places."""
    ordered = sorted(values)
    mean_place = {
        value: ordered.index(value) + (ordered.count(value) + 1) / 2 for value in set(values)
    }
    return [mean_place[value] for value in values]
