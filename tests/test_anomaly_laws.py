"""Predictive laws against scipy.stats, and how far off people would say a figure is."""

import numpy as np
import pytest
from scipy import stats

from expectations.anomalies.laws import LAWS


def z_of(tail: float) -> float:
    return float(stats.norm.isf(tail))


def row(*values: float) -> np.ndarray:
    return np.array(values, float)


@pytest.mark.parametrize(("events", "mean", "noise"), [(9, 3.0, 0.0), (140, 100.0, 0.02)])
def test_a_count_above_is_the_tail_of_a_negative_binomial(
    events: int, mean: float, noise: float
) -> None:
    variance = mean + noise * mean**2
    if noise:
        shape = mean**2 / (variance - mean)
        tail = stats.nbinom.sf(events - 1, shape, shape / (shape + mean))
    else:
        tail = stats.poisson.sf(events - 1, mean)
    z = LAWS["count"].score(row(events), row(1), row(mean), row(variance), row(30))
    assert z[0] == pytest.approx(z_of(tail), abs=1e-3)


def test_a_count_below_is_the_other_tail() -> None:
    z = LAWS["count"].score(row(0), row(1), row(8.0), row(8.0), row(30))
    assert z[0] == pytest.approx(-z_of(stats.poisson.cdf(0, 8.0)), abs=1e-3)


def test_a_rate_counts_events_over_its_exposure() -> None:
    """90 of 1,000 where 60 are expected are the tail of Poisson 60."""
    mean = 0.06
    z = LAWS["rate"].score(row(0.09), row(1000), row(mean), row(mean / 1000), row(30))
    assert z[0] == pytest.approx(z_of(stats.poisson.sf(89, 60)), abs=1e-3)


def test_a_ratio_without_noise_is_binomial() -> None:
    share, size = 0.85, 40
    variance = share * (1 - share) / size
    z = LAWS["ratio"].score(row(24 / size), row(size), row(share), row(variance), row(30))
    assert z[0] == pytest.approx(-z_of(stats.binom.cdf(24, size, share)), abs=1e-3)


def test_a_noisy_ratio_counts_fewer_independent_things() -> None:
    """Twice the variance is that of half as many."""
    share, size = 0.5, 100
    variance = 2 * share * (1 - share) / size
    z = LAWS["ratio"].score(row(0.3), row(size), row(share), row(variance), row(30))
    assert z[0] == pytest.approx(-z_of(stats.binom.cdf(15, 50, share)), abs=1e-3)


def test_a_mean_is_a_t() -> None:
    z = LAWS["mean"].score(row(3.9), row(50), row(4.3), row(0.01), row(12))
    assert z[0] == pytest.approx(-z_of(stats.t.cdf(-4.0, 12)), abs=1e-3)


def test_a_duration_is_judged_by_its_logarithm() -> None:
    law = LAWS["duration"]
    figure, size = law.figures(row(7200.0), row(np.nan), row(40.0))
    assert (figure[0], size[0]) == (pytest.approx(np.log(7200)), 40)
    assert law.effect(figure, np.log(row(3600.0)))[0] == pytest.approx(1.0)
    assert law.shown(figure)[0] == pytest.approx(7200)


def test_effects_are_shares_of_counts_and_points_of_ratios() -> None:
    assert LAWS["count"].effect(row(80), row(100))[0] == pytest.approx(0.2)
    assert LAWS["ratio"].effect(row(0.55), row(0.60))[0] == pytest.approx(0.05)


@pytest.mark.parametrize("kind", sorted(LAWS))
def test_what_was_expected_is_no_surprise_and_the_unthinkable_is_a_number(kind: str) -> None:
    law, variance = LAWS[kind], row(1e-4)
    usual = law.score(row(0.5), row(100), row(0.5), variance, row(30))
    assert abs(usual[0]) < 0.7
    far = law.score(row(1.0), row(1e6), row(1e-4), row(1e-10), row(60))
    assert np.isfinite(far[0]) and far[0] > 8
