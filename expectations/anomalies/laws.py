"""Predictive laws: how unlikely a figure is, given what is expected of it.
 A figure is a mean over `size` things: a count is one of a day, a ratio one over its denominator.
What it may be by chance alone depends on its kind, and a normal curve in its place costs one found
event in ten: counts are skewed, ratios end at 0 and 1, durations have long tails.
"""

from abc import ABC, abstractmethod
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, ndtri, stdtr

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# A probability that is no longer told from none; z = 37.
SMALLEST = 1e-300
LEAST_MEAN = 1e-9
FEWEST_EVENTS = 0.05


class Law(ABC):
    """Figures, means and variances are arrays of one shape; a score is a signed z."""

    is_relative: bool = True
    """Whether a season multiplies what is expected; else it is added."""
    least_effect: tuple[float, float]
    """Below it nobody would act: of one bucket, and of several together."""
    is_sum: bool = True
    """Whether several buckets together are a sum over their things."""
    is_noise_relative: bool = False
    """Whether what strays beyond chance is a share of what is expected."""

    def figures(
        self, value: Floats, numerator: Floats, denominator: Floats
    ) -> tuple[Floats, Floats]:
        """(figure, size) on the scale of the law; a size of 0 is nothing."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(denominator > 0, numerator / denominator, np.nan), denominator

    def shown(self, figure: Floats) -> Floats:
        """Figures of the law's scale in the unit of the series, no further than they can be."""
        return figure

    def unit(self, mean: Floats) -> Floats:
        """What noise beyond chance is a share of."""
        return mean if self.is_noise_relative else np.ones_like(mean)

    @abstractmethod
    def chance(self, mean: Floats, size: Floats, spread: Floats) -> Floats:
        """The variance of a figure that comes from the number of its things alone. `spread` is the
        variance of one thing, for laws whose mean does not say it.
        """

    @abstractmethod
    def score(
        self, figure: Floats, size: Floats, mean: Floats, variance: Floats, freedom: Floats
    ) -> Floats:
        """The signed z of figures whose expected value is `mean`; `variance` holds chance and all
        else that is known to move it.
        """

    def effect(self, figure: Floats, mean: Floats) -> Floats:
        """How far off, as people would say it: a share of what was expected."""
        return np.abs(figure / np.maximum(mean, LEAST_MEAN) - 1)


class Rate(Law):
    """Events over an exposure (orders, days): negative binomial; a count has an exposure of 1."""

    least_effect = (0.15, 0.10)
    is_noise_relative = True

    def shown(self, figure: Floats) -> Floats:
        return np.maximum(figure, 0.0)

    def chance(self, mean: Floats, size: Floats, spread: Floats) -> Floats:
        # Of a series that is nearly always 0 one event is no surprise.
        exposure = np.maximum(size, LEAST_MEAN)
        chance: Floats = np.maximum(mean, FEWEST_EVENTS / exposure) / exposure
        return chance

    def score(
        self, figure: Floats, size: Floats, mean: Floats, variance: Floats, freedom: Floats
    ) -> Floats:
        events, expected = figure * size, np.maximum(mean * size, LEAST_MEAN)
        # A law that is not wider than Poisson's is Poisson's.
        wide = np.maximum(variance * size * size, expected * (1 + 1e-6))
        shape = expected * expected / (wide - expected)
        p = shape / (shape + expected)
        at_least = np.where(events > 0, betainc(np.maximum(events, LEAST_MEAN), shape, 1 - p), 1.0)
        at_most = betainc(shape, events + 1, p)
        return _signed(events > expected, at_least, at_most)


class Count(Rate):
    """Events of a bucket."""

    def figures(
        self, value: Floats, numerator: Floats, denominator: Floats
    ) -> tuple[Floats, Floats]:
        return value, np.where(np.isfinite(value), 1.0, 0.0)


class Ratio(Law):
    """A share of `size` things: beta-binomial, by the number of things that are independent."""

    least_effect = (0.03, 0.02)

    def shown(self, figure: Floats) -> Floats:
        return np.clip(figure, 0.0, 1.0)

    def chance(self, mean: Floats, size: Floats, spread: Floats) -> Floats:
        share = np.clip(mean, 0.01, 0.99)
        return share * (1 - share) / np.maximum(size, LEAST_MEAN)

    def score(
        self, figure: Floats, size: Floats, mean: Floats, variance: Floats, freedom: Floats
    ) -> Floats:
        share = np.clip(mean, 1e-4, 1 - 1e-4)
        alone = np.maximum(share * (1 - share) / np.maximum(variance, LEAST_MEAN), LEAST_MEAN)
        effective = np.clip(alone, np.minimum(size, 1.0), np.maximum(size, LEAST_MEAN))
        hits = figure * effective
        at_least = np.where(
            hits > 0, betainc(np.maximum(hits, LEAST_MEAN), effective - hits + 1, share), 1.0
        )
        misses = effective - hits
        at_most = np.where(
            misses > 0, betainc(np.maximum(misses, LEAST_MEAN), hits + 1, 1 - share), 1.0
        )
        return _signed(hits > effective * share, at_least, at_most)

    def effect(self, figure: Floats, mean: Floats) -> Floats:
        """In points of the share."""
        return np.abs(figure - mean)


class Mean(Law):
    """A mean of `size` things whose spread is known: Student's t."""

    least_effect = (0.10, 0.06)
    is_sum = False

    def figures(
        self, value: Floats, numerator: Floats, denominator: Floats
    ) -> tuple[Floats, Floats]:
        return value, np.where(np.isfinite(value), denominator, 0.0)

    def chance(self, mean: Floats, size: Floats, spread: Floats) -> Floats:
        return spread / np.maximum(size, LEAST_MEAN)

    def score(
        self, figure: Floats, size: Floats, mean: Floats, variance: Floats, freedom: Floats
    ) -> Floats:
        away = (figure - mean) / np.sqrt(np.maximum(variance, LEAST_MEAN))
        return _signed(away > 0, stdtr(freedom, -away), stdtr(freedom, away))

    def effect(self, figure: Floats, mean: Floats) -> Floats:
        """In the unit of the figure."""
        return np.abs(figure - mean)


class Duration(Mean):
    """A mean or median of waits: its logarithm follows a t with long tails, whatever its size."""

    is_relative = False
    least_effect = (0.20, 0.12)
    # Of daily medians of first response times; a normal curve would alert on every third of them.
    FREEDOM: Final = 7.0

    def figures(
        self, value: Floats, numerator: Floats, denominator: Floats
    ) -> tuple[Floats, Floats]:
        is_there = np.isfinite(value) & (denominator > 0)
        return np.log(np.where(is_there, np.maximum(value, LEAST_MEAN), 1.0)), np.where(
            is_there, denominator, 0.0
        )

    def shown(self, figure: Floats) -> Floats:
        # Bounds may be where no number is.
        shown: Floats = np.exp(np.minimum(figure, 700.0))
        return shown

    def effect(self, figure: Floats, mean: Floats) -> Floats:
        """A share of what was expected."""
        effect: Floats = np.abs(np.expm1(figure - mean))
        return effect


LAWS: Final[dict[str, Law]] = {
    "count": Count(),
    "rate": Rate(),
    "ratio": Ratio(),
    "mean": Mean(),
    "duration": Duration(),
}


def _signed(is_above: Bools, at_least: Floats, at_most: Floats) -> Floats:
    """z of a tail probability: positive where the figure is above what was expected."""
    tail = np.clip(np.where(is_above, at_least, at_most), SMALLEST, 1 - 1e-16)
    z = np.maximum(-ndtri(tail), 0.0)
    signed: Floats = np.where(is_above, z, -z)
    return signed
