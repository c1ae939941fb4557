"""The baseline of a series: its season, its level up to any day, and how far it strays from them.
 All of it is learned from buckets that were normal: `is_trained` says which, so that a calendar
day, an open incident or half a day of data teaches nothing. Arrays are (series, buckets), the
newest last.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from expectations.anomalies.laws import LEAST_MEAN, Bools, Floats, Law

Ints = NDArray[np.int64]

# What strays further than this many deviations pulls at the level no more than that.
WINSORISED = 3.0
# A part of a season that is further out than this many deviations of them all was no season.
STRANGE = 4.0
# A series that has never moved may: by a deviation of the least effect over this.
STEADIEST = 8.0
# No shop grows more than threefold a year for long; what does is news, and no trend.
STEEPEST = np.log(3) / 365
# A median of absolute values in standard deviations of a normal curve, and its square for squares.
SIGMA, SIGMA_2 = 1.4826, 2.198


@dataclass(frozen=True)
class Window:
    """Figures of series of one kind: `figure` and `size` as the law has them, `season` the index of
    each bucket in the season (weekday, or hour of the week). `spread`: (series, 1), the variance of
    one thing; None where it has to be learned.
    """

    law: Law
    figure: Floats
    size: Floats
    season: Ints
    is_trained: Bools
    spread: Floats | None = None


@dataclass(frozen=True)
class Pace:
    """How fast a level forgets and how its rules look back, in buckets. `burn`: before it a series
    has no history. `fresh`: the newest buckets, of which noise learns nothing: what begins now
    would widen its own bounds.
    """

    season: int
    half_life: float
    burn: int
    fresh: int
    trend: float = 0.0


@dataclass(frozen=True)
class Baseline:
    """What is learned: `season` is a factor or an offset of each bucket, `clean` the figures
    without it and without what strayed, `weight` how much each says of the level. Of each series
    (series, 1): `spread`, the variance of one thing, and `noise`, that beyond chance in the law's
    unit. `is_used`: buckets that noise was learned from.
    """

    window: Window
    pace: Pace
    season: Floats
    clean: Floats
    weight: Floats
    spread: Floats
    noise: Floats
    is_used: Bools

    def expected(self, lag: int) -> Floats:
        """What was expected of each bucket by those that end `lag` before it; NaN before any."""
        level = _level(self.clean, self.weight, self.pace.half_life, lag)
        return _seasoned(self.window.law, level * self._growth(lag), self.season)

    def staleness(self, lag: int) -> Floats:
        """By how many buckets what each level was learned from is older than it would be had all
        been normal: after an incident a level is what it was before.
        """
        usual = _level(self._place, np.ones_like(self.weight), self.pace.half_life, lag)
        return np.maximum(np.nan_to_num(usual - self._middle(lag)), 0.0)

    @property
    def _place(self) -> Floats:
        return np.broadcast_to(np.arange(self.clean.shape[1], dtype=float), self.clean.shape)

    def _middle(self, lag: int) -> Floats:
        """From when each level is, on average."""
        return _level(self._place, self.weight, self.pace.half_life, lag)

    def _growth(self, lag: int) -> Floats | float:
        """What a level has grown by since it was learned: a mean of the past lags behind a shop
        that grows. A line through a longer time says how fast, as far as it is no chance.
        """
        if not (self.pace.trend and self.window.law.is_noise_relative):
            return 1.0
        weight, trend = self.weight, self.pace.trend
        place = self._place
        then, mean = (_level(each, weight, trend, lag) for each in (place, self.clean))
        both, square, squares = (
            _level(each, weight, trend, lag)
            for each in (place * self.clean, place**2, self.clean**2)
        )
        over, together = square - then**2, both - then * mean
        slope = together / np.maximum(over, 1.0)
        rest = np.maximum(squares - mean**2 - slope * together, 0.0)
        # Buckets that follow each other stray together, for half a season or so.
        known = _count(weight > 0, trend, lag) * 2 / self.pace.season
        doubt = rest / np.maximum(known * over, LEAST_MEAN)
        share = np.maximum(1 - doubt / np.maximum(slope**2, LEAST_MEAN**2), 0.0)
        rate = np.clip(share * slope / np.maximum(mean, LEAST_MEAN), -STEEPEST, STEEPEST)
        age = place - self._middle(lag)
        growth: Floats = np.exp(np.nan_to_num(rate * age))
        return growth

    def variance(self, mean: Floats) -> Floats:
        """Of a figure whose expected value is `mean`, by its size."""
        law = self.window.law
        return law.chance(mean, self.window.size, self.spread) + self.noise * law.unit(mean) ** 2


def learn(window: Window, pace: Pace) -> Baseline:
    """Two rounds: noise is what is left beside a first level; a second one is not pulled by it."""
    law, size = window.law, np.maximum(window.size, LEAST_MEAN)
    figure = np.where(np.isfinite(window.figure), window.figure, 0.0)
    trained = window.is_trained & (window.size > 0) & np.isfinite(window.figure)
    parts = np.where(trained, size if law.is_sum else 1.0, 0.0)
    local = _local(_tamed(figure, trained), parts, pace.season)
    season = _season(window, figure, local, trained, pace)
    clean = figure / season if law.is_relative else figure - season
    mean = np.where(np.isfinite(local), _seasoned(law, local, season), figure)
    spread = window.spread
    if spread is None:
        spread = np.maximum(median((figure - mean) ** 2 * size, trained) * SIGMA_2, LEAST_MEAN)
    is_used = trained & (np.cumsum(trained, axis=1) > pace.burn)
    is_used[:, -pace.fresh :] = False
    noise = np.zeros((len(figure), 1))
    # By one level for all: where by chance nothing came, weights of its own would tell of nothing.
    usual = _seasoned(law, _mean(clean, parts), season)
    weight = _weight(law, usual, size, spread, noise, season, trained)
    for _ in range(2):
        level = _level(clean, weight, pace.half_life, lag=1)
        level = np.where(np.isfinite(level), level, _mean(clean, weight))
        mean = _seasoned(law, level, season)
        noise = np.maximum(
            _noise(figure - mean, law.chance(mean, size, spread), law.unit(mean), is_used),
            (law.least_effect[0] / STEADIEST) ** 2,
        )
        limit = WINSORISED * np.sqrt(law.chance(mean, size, spread) + noise * law.unit(mean) ** 2)
        near = mean + np.clip(figure - mean, -limit, limit)
        clean = np.where(trained, near / season if law.is_relative else near - season, clean)
        weight = _weight(law, mean, size, spread, noise, season, trained)
    return Baseline(window, pace, season, clean, weight, spread, noise, is_used)


def robust_scale(z: Floats, is_used: Bools, most: float, least_buckets: int) -> Floats:
    """(series, 1): how much wider than its law a statistic was, from 1 to `most`; 1 while there are
    fewer than `least_buckets` of it.
    """
    counted = is_used & np.isfinite(z)
    scale = median(np.abs(z), counted) * SIGMA
    enough = counted.sum(axis=1, keepdims=True) >= least_buckets
    return np.where(enough, np.clip(scale, 1.0, most), 1.0)


def _seasoned(law: Law, level: Floats, season: Floats) -> Floats:
    return level * season if law.is_relative else level + season


def _weight(
    law: Law,
    mean: Floats,
    size: Floats,
    spread: Floats,
    noise: Floats,
    season: Floats,
    is_on: Bools,
) -> Floats:
    """How much a figure says of the level: one over the variance of it without its season."""
    variance = law.chance(mean, size, spread) + noise * law.unit(mean) ** 2
    scale = season if law.is_relative else np.ones_like(season)
    weight: Floats = is_on * scale**2 / np.maximum(variance, LEAST_MEAN**2)
    return weight


def _level(clean: Floats, weight: Floats, half_life: float, lag: int) -> Floats:
    """Exponentially weighted means of what ends `lag` buckets before; NaN where nothing does."""
    decay = 0.5 ** (1 / half_life)
    level = np.full_like(clean, np.nan)
    sums = lfilter([1.0], [1.0, -decay], clean * weight, axis=1)[:, :-lag]
    weights = lfilter([1.0], [1.0, -decay], weight, axis=1)[:, :-lag]
    np.divide(sums, weights, out=level[:, lag:], where=weights > 0)
    return level


def _count(is_on: Bools, half_life: float, lag: int) -> Floats:
    """How many buckets that are on end `lag` before each, older ones as parts of one."""
    decay = 0.5 ** (1 / half_life)
    sums = np.zeros(is_on.shape)
    sums[:, lag:] = lfilter([1.0], [1.0, -decay], is_on.astype(float), axis=1)[:, :-lag]
    return sums


def _tamed(figure: Floats, trained: Bools) -> Floats:
    """Figures of which none is further out than any season would take it."""
    middle = median(figure, trained)
    limit = STRANGE * SIGMA * median(np.abs(figure - middle), trained)
    return np.where(limit > 0, np.clip(figure, middle - limit, middle + limit), figure)


def _local(figure: Floats, weight: Floats, season: int) -> Floats:
    """Means of one season around each bucket, which no season moves; NaN where there is nothing."""
    around = ((0, 0), (season - season // 2, season // 2))
    sums = np.cumsum(np.pad(figure * weight, around), axis=1)
    weights = np.cumsum(np.pad(weight, around), axis=1)
    total, over = sums[:, season:] - sums[:, :-season], weights[:, season:] - weights[:, :-season]
    return np.divide(total, over, out=np.full_like(figure, np.nan), where=over > LEAST_MEAN)


def _season(window: Window, figure: Floats, local: Floats, trained: Bools, pace: Pace) -> Floats:
    """What each bucket of the season is beside the level around it, drawn to none where that is as
    likely chance: by how far the season's parts differ beyond what their own noise explains.
    """
    law, count = window.law, pace.season
    known = trained & np.isfinite(local) & (local > LEAST_MEAN if law.is_relative else True)
    known[:, -1] = False
    none = 1.0 if law.is_relative else 0.0
    beside = np.full_like(figure, none)
    if law.is_relative:
        np.divide(figure, local, out=beside, where=known)
    else:
        np.subtract(figure, local, out=beside, where=known)
    limit = STRANGE * SIGMA * median(np.abs(beside - none), known)
    beside = np.clip(beside, none - limit, none + limit)
    weight = known * (np.maximum(window.size, LEAST_MEAN) if law.is_sum else 1.0)
    # Where the level is high its parts are known better.
    weight = weight * np.where(known, local, 0.0) if law.is_noise_relative else weight
    member = (window.season[:, None] == np.arange(count)[None, :]).astype(float)
    weights, buckets = weight @ member, known.astype(float) @ member
    part = np.divide(
        (beside * weight) @ member, weights, out=np.full_like(weights, none),
        where=(weights > 0) & (buckets >= 2),
    )  # fmt: skip
    rest = np.abs(beside - part[:, window.season])
    own = (median(rest, known) * SIGMA) ** 2 / np.maximum(buckets.mean(axis=1, keepdims=True), 1)
    between = np.maximum(((part - none) ** 2).mean(axis=1, keepdims=True) - own, 0)
    part = none + (part - none) * between / np.maximum(between + own, LEAST_MEAN)
    if law.is_relative:
        part = np.clip(part, 0.05, 5.0)
    by_bucket: Floats = part[:, window.season]
    return by_bucket


def _noise(rest: Floats, chance: Floats, unit: Floats, is_used: Bools) -> Floats:
    """The variance beyond chance, in the law's unit; of the rest that is not far out."""
    away = np.abs(rest) / np.sqrt(chance)
    near = is_used & (away <= WINSORISED * SIGMA * median(away, is_used))
    beyond = ((rest**2 - chance) * near).sum(axis=1, keepdims=True)
    over = (unit**2 * near).sum(axis=1, keepdims=True)
    noise: Floats = beyond / np.maximum(over, LEAST_MEAN**2)
    return noise


def _mean(figure: Floats, weight: Floats) -> Floats:
    total = weight.sum(axis=1, keepdims=True)
    mean: Floats = (figure * weight).sum(axis=1, keepdims=True) / np.where(total > 0, total, 1.0)
    return mean


def median(figure: Floats, is_used: Bools) -> Floats:
    """(series, 1): the median of what is used; 0 where nothing is."""
    if not figure.shape[1]:
        return np.zeros((len(figure), 1))
    kept = np.sort(np.where(is_used, figure, np.inf), axis=1)
    count = is_used.sum(axis=1)
    rows = np.arange(len(figure))
    middle = (kept[rows, np.maximum(count - 1, 0) // 2] + kept[rows, count // 2]) / 2
    return np.where(count > 0, middle, 0.0)[:, None]
