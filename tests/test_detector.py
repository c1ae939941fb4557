"""The detector on series of which it is known what is wrong with them, and when."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from expectations.anomalies.calendar import Calendar, Event
from expectations.anomalies.detector import ACCEPTED_AFTER_DAYS, Detector, Judged, Memory
from expectations.anomalies.observations import Observations
from expectations.anomalies.rules import DAILY, DEAD

BEGIN = date(2024, 1, 1)
DAYS = 200


def counts(figures: np.ndarray) -> Observations:
    nothing = np.full(figures.shape, np.nan)
    season = np.arange(figures.shape[1]) % 7
    there = np.ones(figures.shape, bool)
    return Observations("count", figures, nothing, nothing, nothing, season, there)


def ratios(hits: np.ndarray, sizes: np.ndarray) -> Observations:
    value = np.divide(hits, sizes, out=np.full(hits.shape, np.nan), where=sizes > 0)
    nothing = np.full(hits.shape, np.nan)
    season = np.arange(hits.shape[1]) % 7
    return Observations("ratio", value, hits, sizes, nothing, season, np.ones(hits.shape, bool))


def noise(mean: float, days: int = DAYS, series: int = 1, seed: int = 7) -> np.ndarray:
    """A week with quiet weekends and Poisson noise."""
    week = np.array([1.2, 1.1, 1.0, 1.0, 1.1, 0.8, 0.8])
    means = mean * week[np.arange(days) % 7]
    return np.random.default_rng(seed).poisson(means, (series, days)).astype(float)


def judged(seen: Observations, *events: Event) -> list[Judged]:
    series, days = seen.value.shape
    starts = [BEGIN + timedelta(days=day) for day in range(days)]
    detector = Detector(seen, starts, Calendar(events), DAILY)
    return list(detector.judge(Memory.blank(series, days), DAILY.learning, days))


def breaches(told: list[Judged], series: int = 0) -> list[int]:
    return [each.bucket for each in told if each.is_breach[series]]


def test_noise_alone_is_no_news() -> None:
    """100 series for 600 days: a false alert in 16 quarters of a series at most."""
    told = judged(counts(noise(60, 600, series=100)))
    opened = sum(int(each.is_breach.sum()) for each in told)
    assert opened / (100 * 580 / 91.3) < 0.06


def test_a_spike_is_found_on_its_day_with_what_was_expected() -> None:
    figures = noise(100)
    figures[0, 150] = 190
    told = judged(counts(figures))
    assert breaches(told) == [150]
    (found,) = [each for each in told if each.bucket == 150]
    # Day 150 is the fourth of its week, a day with a factor of 1.
    assert found.scores.expected[0] == pytest.approx(100, rel=0.06)
    assert found.scores.lower[0] < 100 < found.scores.upper[0] < 190
    assert found.scores.buckets[0] == 1


def test_a_small_shift_of_the_level_is_found_by_several_days_together() -> None:
    figures = noise(100, seed=3)
    figures[0, 150:170] = np.round(figures[0, 150:170] * 1.4)
    told = judged(counts(figures))
    first = breaches(told)[0]
    assert 150 <= first <= 153
    assert all(150 <= bucket < 172 for bucket in breaches(told))


def test_a_dead_feed_is_found_and_zeros_of_a_quiet_series_are_not() -> None:
    figures = np.vstack([noise(30), noise(0.8, seed=5)])
    figures[0, 150:153] = 0
    told = judged(counts(figures))
    (found,) = [each for each in told if each.bucket == 150]
    assert found.is_breach[0] and found.scores.buckets[0] == DEAD
    assert breaches(told, 1) == []


def test_a_share_whose_things_run_dry_is_a_dead_feed() -> None:
    sizes = noise(40)
    hits = np.round(sizes * 0.8)
    hits[0, 150:152] = sizes[0, 150:152] = 0
    told = judged(ratios(hits, sizes))
    assert breaches(told)[0] == 150


def test_few_answers_do_not_alert_alone() -> None:
    """All four of a day unhappy, of a shop where nine of ten are happy."""
    sizes = np.full((1, DAYS), 4.0)
    hits = np.random.default_rng(2).binomial(4, 0.9, (1, DAYS)).astype(float)
    hits[0, 150] = 0
    assert 150 not in breaches(judged(ratios(hits, sizes)))


def test_nothing_is_judged_while_it_is_learned() -> None:
    figures = noise(100, days=60)
    figures[0, 10] = 900
    told = judged(counts(figures))
    assert min((each.bucket for each in told if each.scores.is_known[0]), default=0) >= 21
    assert breaches(told) == []


def test_an_incident_teaches_nothing_and_lasts_until_all_is_calm() -> None:
    figures = noise(100)
    figures[0, 150:160] = np.round(figures[0, 150:160] * 2.2)
    told = judged(counts(figures))
    after = [each for each in told if each.bucket == 175]
    assert after[0].scores.expected[0] == pytest.approx(100 * 1.2, rel=0.1)
    (over,) = [each.bucket for each in told if each.recovered[0]]
    assert 160 < over <= 164


def test_a_level_that_lasts_is_the_level() -> None:
    figures = noise(100, days=300)
    figures[0, 150:] = np.round(figures[0, 150:] * 1.8)
    told = judged(counts(figures))
    (accepted,) = [each.bucket for each in told if each.accepted[0]]
    assert accepted == breaches(told)[0] + ACCEPTED_AFTER_DAYS
    assert max(breaches(told)) <= accepted
    assert told[-1].scores.expected[0] == pytest.approx(180, rel=0.25)


def test_an_event_excuses_what_is_expected_of_it_and_the_same_in_february_is_told() -> None:
    peak = Event("BFCM", "peak", BEGIN + timedelta(150), BEGIN + timedelta(156))
    figures = noise(100)
    figures[0, 150:157] = np.round(figures[0, 150:157] * 2.5)
    told = judged(counts(figures), peak)
    assert breaches(told) == []
    muted = [each.bucket for each in told if each.is_muted[0]]
    assert set(range(150, 157)) <= set(muted)
    assert {each.event for each in told if each.is_muted[0]} == {peak}
    assert breaches(judged(counts(figures)))[0] == 150


def test_an_event_excuses_neither_the_opposite_nor_a_dead_feed() -> None:
    peak = Event("BFCM", "peak", BEGIN + timedelta(150), BEGIN + timedelta(156))
    figures = np.vstack([noise(100), noise(100, seed=8)])
    figures[0, 152] = 30
    figures[1, 152] = 0
    told = judged(counts(figures), peak)
    assert (breaches(told, 0), breaches(told, 1)) == ([152], [152])


@pytest.mark.parametrize(("factor", "is_told"), [(2.5, False), (3.0, False), (12.0, True)])
def test_an_event_that_comes_again_is_expected_to_do_what_it_did(
    factor: float, is_told: bool
) -> None:
    first, again = (
        Event("BFCM", "peak", BEGIN + timedelta(day), BEGIN + timedelta(day + 6))
        for day in (150, 150 + 364)
    )
    figures = noise(100, days=560)
    figures[0, 150:157] = np.round(figures[0, 150:157] * 2.5)
    figures[0, 514:521] = np.round(figures[0, 514:521] * factor)
    told = judged(counts(figures), again, first)
    assert (514 in breaches(told)) is is_told


def test_a_launch_begins_a_new_level_without_an_alert() -> None:
    launch = Event("AI", "launch", BEGIN + timedelta(150), BEGIN + timedelta(150))
    figures = noise(100, days=260)
    figures[0, 150:] = np.round(figures[0, 150:] * 0.4)
    figures[0, 240] = 130
    told = judged(counts(figures), launch)
    assert breaches(told) == [240]


def test_to_judge_again_says_the_same() -> None:
    figures = noise(80, series=5)
    figures[2, 140:160] *= 3
    once, again = (judged(counts(figures)) for _ in range(2))
    for one, other in zip(once, again, strict=True):
        assert (one.is_breach == other.is_breach).all()
        assert (one.scores.z == other.scores.z).all()


def test_day_by_day_is_as_all_at_once() -> None:
    """A detector that stops each night and goes on from its memory."""
    figures = noise(80, series=3)
    figures[1, 150:165] *= 2
    seen, days = counts(figures), figures.shape[1]
    starts = [BEGIN + timedelta(days=day) for day in range(days)]
    memory, told = Memory.blank(3, days), []
    for day in range(DAILY.learning, days):
        known = replace(seen.newest(day + 1, day + 1))
        detector = Detector(known, starts[: day + 1], Calendar(), DAILY)
        told += list(detector.judge(memory, day, day + 1))
    assert [breaches(told, series) for series in range(3)] == [
        breaches(judged(seen), series) for series in range(3)
    ]


def test_an_event_that_lasts_longer_goes_on_as_its_last_day_was() -> None:
    """Two days the first time, five the next: no day of them is the day after."""
    first, again = (
        Event("Sale", "promo", BEGIN + timedelta(begin), BEGIN + timedelta(begin + days - 1))
        for begin, days in ((150, 2), (450, 5))
    )
    figures = noise(100, days=560)
    figures[0, 150:152] = np.round(figures[0, 150:152] * 2.5)
    figures[0, 450:455] = np.round(figures[0, 450:455] * 2.5)
    assert breaches(judged(counts(figures), first, again)) == []
    figures[0, 457] *= 2.5
    assert breaches(judged(counts(figures), first, again)) == [457]


def test_what_is_expected_of_a_shop_that_grows_does_not_lag_behind() -> None:
    """A mean of the past would be 4 % short where a shop doubles in a year."""
    growth = 2 ** (np.arange(400) / 365)
    week = np.array([1.2, 1.1, 1.0, 1.0, 1.1, 0.8, 0.8])[np.arange(400) % 7]
    figures = np.random.default_rng(7).poisson(2000 * week * growth, (3, 400)).astype(float)
    told = judged(counts(figures))
    alone = [each for each in told[-100:] if each.scores.buckets.max() == 1]
    short = [1 - each.scores.expected / (2000 * week * growth)[each.bucket] for each in alone]
    assert abs(np.mean(short)) < 0.01
