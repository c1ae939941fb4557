"""The rules: one bucket far out, several together, a feed that is dead.
 Each holds figures against their predictive law and asks for an effect that somebody would act
upon. What was usual for a series widens its own bounds; a drift that has begun cannot, since the
level that several buckets are held against ends before the first of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from scipy.special import betainc

from expectations.anomalies.baseline import Baseline, Ints, Pace, median, robust_scale
from expectations.anomalies.laws import LEAST_MEAN, SMALLEST, Bools, Duration, Floats

# A verdict's `buckets` where the feed is dead.
DEAD: Final = 0
# A series is wider than its law by no more; beyond, its law is wrong and thresholds would not help.
WIDEST = 1.3
# How far the level of a series may wander, beside chance, and how far any does.
WANDERING, UNSETTLED = 3.0, 0.25
# Less than this share of what is expected is no feed.
DRIED_UP = 0.05
# How much the number of things of a share or a mean strays, where its own noise is not known.
UNSTEADY = 0.05
# An event is not the same twice: of what it did the last time, so much is open.
RETOLD = 0.2


@dataclass(frozen=True)
class Rules:
    """What is looked for at one pace; lengths are in buckets, of which a day has `per_day`.

    `one` and `several` (how many together → threshold) are thresholds of z, `at_event` that of a
    day whose event has come before; `lag`: the level that several are held against ends so long
    before the newest. Nothing is judged before `learning` buckets, and until `young` it takes
    `caution` times as much. `dead`: how unlikely a silence has to be, of `silence` buckets at
    most, since one that goes on is no news. `window`: how far back is looked. Shares and means of
    less than `fewest` things say nothing, nor do counts that are less than `least_events` away
    from what was expected.
    """

    pace: Pace
    per_day: int
    window: int
    one: float
    several: Mapping[int, float]
    lag: int
    learning: int
    young: int
    at_event: float = 5.5
    caution: float = 1.25
    dead: float = 3e-4
    silence: int = 21
    fewest: int = 5
    least_events: int = 0


DAILY: Final = Rules(
    pace=Pace(season=7, half_life=14, burn=7, fresh=10, trend=42),
    per_day=1,
    window=140,
    one=4.1,
    several={3: 4.3, 7: 4.8, 14: 5.0},
    lag=14,
    learning=21,
    young=28,
)
HOURLY: Final = Rules(
    pace=Pace(season=168, half_life=14 * 24, burn=7 * 24, fresh=12),
    per_day=24,
    window=8 * 168,
    one=4.5,
    several={3: 4.8, 6: 5.0, 12: 5.2},
    lag=24,
    learning=21 * 24,
    young=28 * 24,
    silence=72,
)


@dataclass(frozen=True)
class Verdict:
    """A rule's word on the tested buckets, (series, tested): a signed `z`, its `strength` as a
    share of the threshold (0 where the effect is too small to act upon), of how many `buckets`;
    what was `expected` of a bucket and the bounds, on the scale of the law.
    """

    z: Floats
    strength: Floats
    buckets: Ints
    seen: Floats
    expected: Floats
    lower: Floats
    upper: Floats

    def or_stronger(self, other: "Verdict") -> "Verdict":
        is_other = other.strength > self.strength
        mine, others = vars(self), vars(other)
        return Verdict(**{name: np.where(is_other, others[name], mine[name]) for name in mine})


@dataclass(frozen=True)
class Case:
    """Series of one kind with what was learned of them; the newest `tested` buckets are judged."""

    base: Baseline
    rules: Rules
    tested: int
    means: dict[int, Floats] = field(default_factory=dict, init=False, repr=False)
    """What was expected, by the lag: several rules ask for the same."""

    def expected(self, lag: int) -> Floats:
        if lag not in self.means:
            self.means[lag] = self.base.expected(lag)
        return self.means[lag]

    @cached_property
    def known(self) -> Ints:
        """How many normal buckets there were before each tested one."""
        window = self.base.window
        is_normal = window.is_trained & (window.size > 0)
        seen: Ints = np.cumsum(is_normal, axis=1) - is_normal
        return seen[:, -self.tested :]

    def alone(self, scale: Floats | None = None) -> Verdict:
        """Each bucket by itself. `scale`: what an event makes of it; see `effects`."""
        law, rules, newest = self.base.window.law, self.rules, np.s_[:, -self.tested :]
        figure, size = self.base.window.figure, self.base.window.size
        mean = self.expected(lag=1)
        variance = self.base.variance(np.nan_to_num(mean))
        z = (figure - mean) / np.sqrt(variance)
        usual = robust_scale(z, self.base.is_used, WIDEST, rules.young)
        figure, size, mean, variance = figure[newest], size[newest], mean[newest], variance[newest]
        variance = variance + self._stale(lag=1) * law.unit(mean) ** 2
        threshold = rules.one * self._caution
        if scale is not None:
            threshold = rules.at_event * self._caution
            scale = np.where(np.isfinite(scale), scale, 1.0 if law.is_relative else 0.0)
            moved = (scale - 1) * mean if law.is_relative else scale
            mean = mean + moved
            open_ = RETOLD * (scale - 1) * mean if law.is_relative else RETOLD * scale
            variance = variance + open_**2
        is_there = (size > 0) & np.isfinite(figure) & np.isfinite(mean)
        seen, expected = np.where(is_there, figure, 0.0), np.where(is_there, mean, 1.0)
        score = law.score(seen, size, expected, variance, self._freedom(1)) / usual
        z = np.where(is_there, score, 0.0)
        is_felt = law.effect(seen, expected) >= law.least_effect[0]
        is_enough = self._is_enough(size, np.abs(seen - expected) * size)
        strength = np.where(is_there & is_felt & is_enough, np.abs(z) / threshold, 0.0)
        band = threshold * usual * np.sqrt(variance)
        return Verdict(
            z, strength, np.ones(z.shape, np.int64), figure, mean, mean - band, mean + band
        )

    def several(self, buckets: int) -> Verdict:
        """So many buckets together, up to each tested one."""
        law, newest = self.base.window.law, np.s_[:, -self.tested :]
        sums = self._sums(buckets)
        usual = robust_scale(
            sums.z[:, :-buckets], self.base.is_used[:, :-buckets], WIDEST, self.rules.young
        )
        seen, expected, size = sums.seen[newest], sums.expected[newest], sums.size[newest]
        stale = self._stale(max(self.rules.lag, buckets))
        variance = sums.variance[newest] + stale * law.unit(expected) ** 2
        score = law.score(seen, size, expected, variance, self._freedom(buckets)) / usual
        is_whole = sums.is_whole[newest]
        z = np.where(is_whole, score, 0.0)
        is_felt = law.effect(seen, expected) >= law.least_effect[1]
        is_enough = self._is_enough(size, np.abs(seen - expected) * size)
        threshold = self.rules.several[buckets] * self._caution
        strength = np.where(is_whole & is_felt & is_enough, np.abs(z) / threshold, 0.0)
        band = threshold * usual * np.sqrt(variance)
        together = np.full(z.shape, buckets, np.int64)
        return Verdict(z, strength, together, seen, expected, expected - band, expected + band)

    def silence(self) -> tuple[Floats, Bools]:
        """(logarithm of how likely so long a run of next to nothing was, whether the bucket is one
        of such a run), of counts.
        """
        base, window = self.base, self.base.window
        mean = np.nan_to_num(self.expected(lag=1))
        noise = np.maximum(base.noise, UNSTEADY)
        events = np.nan_to_num(window.figure)
        is_there = window.size > 0
        is_empty = is_there & (events <= DRIED_UP * mean)
        none = -np.log1p(noise * mean) / noise
        as_few = np.log(
            np.maximum(betainc(1 / noise, events + 1, 1 / (1 + noise * mean)), SMALLEST)
        )
        likely = np.where(events <= 0, none, as_few)
        likely, is_empty = (
            each[:, -self.tested - self.rules.silence :] for each in (likely, is_empty)
        )
        run = np.zeros(len(likely))
        runs = np.zeros(is_empty.shape)
        for bucket in range(likely.shape[1]):
            run = np.where(is_empty[:, bucket], run + likely[:, bucket], 0.0)
            runs[:, bucket] = run
        return runs[:, -self.tested :], is_empty[:, -self.tested :]

    @cached_property
    def _caution(self) -> Floats:
        return np.where(self.known < self.rules.young, self.rules.caution, 1.0)

    def _is_enough(self, size: Floats, events: Floats) -> Bools:
        """Whether there were things enough to say something, or events enough to matter."""
        if self.base.window.law.is_noise_relative:
            return events >= self.rules.least_events
        return size >= self.rules.fewest

    def _freedom(self, buckets: int) -> Floats:
        """Degrees of freedom of a t: how well the spread is known, or how long the tails are."""
        known = np.clip(self.base.is_used.sum(axis=1, keepdims=True) - 1.0, 5, 60)
        is_long = isinstance(self.base.window.law, Duration)
        return np.full_like(known, Duration.FREEDOM * buckets) if is_long else known

    @cached_property
    def _wander(self) -> Floats:
        """(series, 1): by how much the variance of a level grows with each bucket that passes, in
        the law's unit: what the sums over the longest time strayed beyond chance and noise.
        """
        sums = self._sums(max(self.rules.several))
        scale = robust_scale(sums.z, self.base.is_used, WANDERING, self.rules.young)
        unit = self.base.window.law.unit(np.maximum(sums.expected, LEAST_MEAN))
        typical = median(sums.variance / unit**2, sums.is_whole)
        age = self.rules.lag + self.base.pace.half_life / np.log(2)
        wander: Floats = np.maximum(scale**2 - 1, UNSETTLED) * typical / age
        return wander

    def _stale(self, lag: int) -> Floats:
        return self._wander * self.base.staleness(lag)[:, -self.tested :]

    def _sums(self, buckets: int) -> "_Sums":
        law, window = self.base.window.law, self.base.window
        mean = self.expected(lag=max(self.rules.lag, buckets))
        is_there = (window.size > 0) & np.isfinite(window.figure) & np.isfinite(mean)
        is_new = np.zeros_like(is_there)
        is_new[:, -self.tested :] = True
        counted = is_there & ((self.base.weight > 0) | is_new)
        figure, mean = np.where(counted, window.figure, 0.0), np.where(counted, mean, 0.0)
        variance = self.base.variance(mean)
        weight = counted * (window.size if law.is_sum else 1 / np.maximum(variance, LEAST_MEAN**2))
        total = _rolling(weight, buckets)
        over = np.maximum(total, LEAST_MEAN**2)
        is_enough = _rolling(counted.astype(float), buckets) >= max(2, 0.6 * buckets)
        return _Sums(
            seen=_rolling(figure * weight, buckets) / over,
            expected=_rolling(mean * weight, buckets) / over,
            variance=_rolling(variance * weight**2, buckets) / over**2,
            size=_rolling(window.size * counted, buckets),
            is_whole=is_enough & (total > 0) & counted,
        )


@dataclass(frozen=True)
class _Sums:
    """Several buckets up to each, (series, buckets): what was seen and expected of one of them, the
    variance of it, how many things they hold together, and whether enough of them were there.
    """

    seen: Floats
    expected: Floats
    variance: Floats
    size: Floats
    is_whole: Bools

    @property
    def z(self) -> Floats:
        """As of a normal curve; NaN where too few were there."""
        away = (self.seen - self.expected) / np.sqrt(np.maximum(self.variance, LEAST_MEAN**2))
        return np.where(self.is_whole, away, np.nan)


def _rolling(figure: Floats, buckets: int) -> Floats:
    """Sums of as many buckets up to each; of fewer where there are fewer."""
    sums = np.cumsum(figure, axis=1)
    sums[:, buckets:] = sums[:, buckets:] - sums[:, :-buckets]
    return sums
