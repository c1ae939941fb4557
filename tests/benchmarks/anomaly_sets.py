"""Labelled sets for anomaly detectors, in the format of the shared bench; nothing is read.

    python -m tests.benchmarks.anomaly_sets OUT_DIR --seed N

Writes a folder a set, each with series.parquet, calendar.csv, labels.json and meta.json: `plain`,
and what plain sets lack: `breaks` (growth, levels that break with a launch in the calendar and
without), `promotions` (of one name, at other dates and of another size each year), `renames`
(channels that open, categories that go on under another name), `half_feed` (days of which 40-60 %
of the rows have landed) and `hourly`. One seed gives one set.
"""

import argparse
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from numpy.random import Generator

from tests.benchmarks.anomaly_series import (
    Draft,
    Floats,
    Group,
    days,
    hours,
    plant,
    wandering,
    write,
)

BEGIN: Final = date(2023, 1, 1)
DAYS: Final = 731
EVAL_FROM: Final = 120
HOURS_BEGIN: Final = datetime(2024, 2, 5)
HOURS: Final = 140 * 24
# Family, kind, series, and from what to what their level and their number of things go.
FAMILIES: Final = (
    ("volume", "count", 8, (80, 4000), (1, 1)),
    ("category", "count", 8, (15, 400), (1, 1)),
    ("lowvol", "count", 8, (0.8, 10), (1, 1)),
    ("ratio", "ratio", 10, (0.04, 0.92), (6, 1000)),
    ("rate", "rate", 2, (0.03, 0.12), (800, 6000)),
    ("mean", "mean", 4, (3.9, 4.6), (8, 200)),
    ("duration", "duration", 8, (200, 20000), (15, 500)),
)
HOURLY: Final = (
    ("h_volume", "count", 5, (20, 120), (1, 1)),
    ("h_category", "count", 5, (1.5, 15), (1, 1)),
    ("h_ratio", "ratio", 3, (0.5, 0.9), (25, 60)),
    ("h_duration", "duration", 3, (500, 1500), (6, 40)),
)
CLOSURES: Final = (("NewYear", 1, 1, 1), ("Memorial", 5, 27, 1), ("July4", 7, 4, 1),
                   ("Labor", 9, 2, 1), ("Christmas", 12, 24, 3))  # fmt: skip
PEAK: Final = ("BFCM", 11, 24, 15)
# Within so many days somebody is to be told of a level that broke.
BROKEN_DAYS: Final = 42
HALF: Final = (0.4, 0.6)


def groups(rng: Generator, growth: tuple[float, float] = (-0.1, 0.5)) -> list[Group]:
    """The families of a daily set, without calendar and anomalies."""
    starts, place = days(BEGIN, DAYS), np.arange(DAYS, dtype=float)
    weekday = np.array([start.weekday() for start in starts])
    found = []
    for family, kind, count, levels, sizes in FAMILIES:
        walk = wandering(rng, count, place, growth)
        weekend = rng.uniform(0.4, 0.95, (count, 1))
        week = np.log(np.where(np.arange(7) >= 5, weekend, 1.0)) + rng.normal(0, 0.06, (count, 7))
        found.append(
            _group(rng, family, kind, _between(rng, levels, count), _between(rng, sizes, count),
                   walk, week[:, weekday])
        )  # fmt: skip
    return found


def _group(
    rng: Generator, family: str, kind: str, level: Floats, size: Floats, walk: Floats,
    season: Floats,
) -> Group:  # fmt: skip
    """Counts and sizes have the season and the walk; a share or a wait has little of both."""
    count = len(level)
    names = [f"{family}_{place:02d}" for place in range(count)]
    busy = season + walk
    if kind == "count":
        noise = rng.uniform(0.05, 0.13, (count, 1)) ** 2
        return Group(family, kind, names, np.log(level) + busy, np.ones_like(busy), noise, noise)
    size = size * np.exp(busy)
    calm = walk - walk.mean(axis=1, keepdims=True)
    if kind == "rate":
        noise = rng.uniform(0.04, 0.1, (count, 1)) ** 2
        return Group(family, kind, names, np.log(level) + 0.5 * calm, size, noise, noise)
    if kind == "ratio":
        level = np.clip(level + 0.06 * calm, 0.02, 0.97)
        return Group(family, kind, names, level, size, rng.uniform(0.005, 0.015, (count, 1)),
                     np.zeros((count, 1)))  # fmt: skip
    if kind == "mean":
        level = level + 0.3 * calm
        noise, spread = rng.uniform(0.01, 0.04, (count, 1)), rng.uniform(0.9, 1.2, (count, 1))
    else:
        level = np.log(level) - 0.3 * season + 0.5 * calm
        noise, spread = rng.uniform(0.08, 0.16, (count, 1)), rng.uniform(0.3, 0.9, (count, 1))
    return Group(family, kind, names, level, size, noise, spread)


def _between(rng: Generator, bounds: tuple[float, float], count: int) -> Floats:
    """Evenly on a scale of logarithms where they are far apart, else as they are."""
    low, high = bounds
    if high > 3 * low and high > 1:
        return np.exp(rng.uniform(np.log(low), np.log(high), (count, 1)))
    return rng.uniform(low, high, (count, 1))


def blank(rng: Generator, name: str, growth: tuple[float, float] = (-0.1, 0.5)) -> Draft:
    draft = Draft(
        name, "D", days(BEGIN, DAYS), EVAL_FROM, groups(rng, growth), np.zeros(DAYS, bool)
    )
    for group in draft.groups:
        group.reaction = rng.uniform(0.6, 1.3, (len(group.names), 1))
    for year in (BEGIN.year, BEGIN.year + 1):
        for closure, month, day, length in CLOSURES:
            _event(rng, draft, closure, "closure", date(year, month, day), length, np.log(0.55))
        _event(rng, draft, PEAK[0], "peak", date(year, *PEAK[1:3]), PEAK[3], np.log(2.1))
    return draft


def _event(
    rng: Generator, draft: Draft, name: str, kind: str, first: date, length: int, by: float
) -> None:
    """Days of the calendar, and what they do to each series; it wears off within three days."""
    draft.calendar.append((name, kind, first, first + timedelta(days=length - 1)))
    begin = (first - BEGIN).days
    shape = np.ones(length)
    if length > 7:
        shape = 0.4 + 0.6 * np.sin(np.pi * (np.arange(length) + 1) / (length + 1))
    shape = np.concatenate([shape, shape[-1] * np.array([0.4, 0.2, 0.1])])[: DAYS - begin]
    cut = np.s_[:, begin : begin + len(shape)]
    draft.busy[cut[1]] = True
    for group in draft.groups:
        # What an event does to a series is nearly the same each year.
        own = by * group.reaction * rng.lognormal(0, 0.12, group.reaction.shape) * shape
        if group.kind == "count":
            group.level[cut] += own
            continue
        group.size[cut] *= np.exp(own)
        if by > 0:
            moved = {"rate": 0.1, "ratio": -0.04, "mean": -0.1, "duration": 0.4}[group.kind]
            group.level[cut] += moved * own


def _promotions(rng: Generator, draft: Draft, times: int) -> None:
    """Promotions that have a name of their own each."""
    for number in range(1, times + 1):
        _placed(rng, draft, f"Promo{number}", int(rng.integers(30, DAYS - 30)), 0.4)


def _placed(rng: Generator, draft: Draft, name: str, begin: int, by: float) -> None:
    length = int(rng.integers(2, 5))
    if not draft.busy[begin - 3 : begin + length + 4].any():
        first = BEGIN + timedelta(days=begin)
        _event(rng, draft, name, "promo", first, length, by * rng.lognormal(0, 0.2))


def _silence(rng: Generator, draft: Draft, kind: str, times: int) -> None:
    """Feeds that die within an event."""
    events = [event for event in draft.calendar if event[1] == kind]
    for _ in range(times):
        group = draft.groups[int(rng.integers(2))]
        series, event = int(rng.integers(len(group.names))), events[int(rng.integers(len(events)))]
        first = (event[2] - BEGIN).days + int(rng.integers((event[3] - event[2]).days))
        if first < EVAL_FROM or not group.landed[series, first - 5 : first + 5].all():
            continue
        length = int(rng.integers(1, 3))
        group.landed[series, first : first + length] = 0.0
        draft.tell(group.names[series], first, first + length - 1, "drop_to_zero", -1, True)


def plain(rng: Generator) -> Draft:
    draft = blank(rng, "plain")
    _promotions(rng, draft, 12)
    plant(rng, draft)
    _silence(rng, draft, "peak", 5)
    return draft


def breaks(rng: Generator) -> Draft:
    """Two launches that the calendar has (an AI that answers, a price), and breaks of single series
    that it has not. A break stays; within six weeks somebody is to be told.
    """
    draft = blank(rng, "breaks", growth=(0.3, 1.2))
    launches = (int(rng.integers(230, 290)), int(rng.integers(540, 600)))
    for number, begin in enumerate(launches, 1):
        day = BEGIN + timedelta(days=begin)
        draft.calendar.append((f"Launch{number}", "launch", day, day))
        # What happens while a new level is learned nobody can tell.
        draft.busy[begin : begin + 28] = True
        for group in draft.groups:
            share = rng.uniform(np.log(0.5), np.log(1.7), (len(group.names), 1))
            by = {"ratio": 0.06, "mean": 0.15}.get(group.kind, 1.0)
            group.level[:, begin:] += share * by
    for group in draft.groups:
        sigma = group.sigma()
        least = {"ratio": 0.06, "mean": 0.2, "duration": 0.4}.get(group.kind, 0.3)
        for series, name in enumerate(group.names):
            for low, high in ((130, launches[0] - 50), (launches[0] + 35, launches[1] - 50)):
                first = int(rng.integers(low, high))
                by = max(least, 6 * float(sigma[series, first : first + 7].mean()) / np.sqrt(7))
                up = group.kind == "duration" or by > 0.6 or rng.random() < 0.5
                if draft.busy[first : first + 14].any() or rng.random() < 0.3:
                    continue
                group.level[series, first:] += by if up else -by
                draft.tell(name, first, first + BROKEN_DAYS - 1, "level_break", 1 if up else -1)
        if group.kind == "ratio":
            group.level = np.clip(group.level, 0.02, 0.98)
        if group.kind == "mean":
            group.level = np.clip(group.level, 1.5, 4.9)
    return draft


def promotions(rng: Generator) -> Draft:
    """Six promotions that come each year, weeks earlier or later and of another size."""
    draft = blank(rng, "promotions")
    for number in range(1, 7):
        begin = int(rng.integers(30, 300))
        size = rng.uniform(0.25, 0.8)
        _placed(rng, draft, f"Sale{number}", begin, size)
        again = begin + 365 + int(rng.choice((-1, 1))) * int(rng.integers(10, 26))
        _placed(rng, draft, f"Sale{number}", again, size * rng.lognormal(0, 0.35))
    plant(rng, draft)
    _silence(rng, draft, "promo", 5)
    return draft


def renames(rng: Generator) -> Draft:
    """Half of the categories go on under another name from some day on; some channels open in the
    middle and take weeks to be known.
    """
    draft = blank(rng, "renames")
    for group in draft.groups:
        if group.family == "category":
            group.names += [f"renamed_{place:02d}" for place in range(len(group.names))]
            for name in ("level", "size", "noise", "spread", "reaction"):
                setattr(group, name, np.tile(getattr(group, name), (2, 1)))
            group.landed, group.is_there = (
                np.ones(group.level.shape),
                np.ones(group.level.shape, bool),
            )
            half = len(group.names) // 2
            for series in range(half):
                at = int(rng.integers(200, 600))
                group.is_there[series, at:] = False
                group.is_there[half + series, :at] = False
        elif group.family in ("volume", "lowvol", "ratio", "duration"):
            for series in range(len(group.names) - 3, len(group.names)):
                at = int(rng.integers(150, 550))
                group.is_there[series, :at] = False
                age = np.arange(DAYS - at)
                known = 1 - rng.uniform(0.2, 0.6) * np.exp(-age / rng.uniform(25, 60))
                if group.kind == "count":
                    group.level[series, at:] += np.log(known)
                group.size[series, at:] *= known
    plant(rng, draft)
    return draft


def half_feed(rng: Generator) -> Draft:
    """Days of which half the rows have landed, for all series of one source at once. What counts
    rows is wrong then, and labelled; shares, means and waits rest on fewer things and are right.
    """
    draft = blank(rng, "half_feed")
    begins = [EVAL_FROM + 20 + 75 * place + int(rng.integers(0, 50)) for place in range(8)]
    for begin in begins:
        length = int(rng.integers(1, 4))
        if draft.busy[begin : begin + length + 4].any() or begin + length > DAYS:
            continue
        share = rng.uniform(*HALF, length)
        draft.busy[begin : begin + length + 8] = True
        for group in draft.groups:
            if group.family in ("lowvol", "duration"):
                continue  # of another source
            group.landed[:, begin : begin + length] = share
            if group.kind in ("count", "rate"):
                for name in group.names:
                    draft.tell(name, begin, begin + length - 1, "half_feed", -1)
    plant(rng, draft, times=(1, 3))
    return draft


def hourly(rng: Generator) -> Draft:
    starts, place = hours(HOURS_BEGIN, HOURS), np.arange(HOURS) / 24
    hour = np.arange(HOURS) % 24
    is_weekend = (np.arange(HOURS) // 24 % 7 >= 5).astype(float)
    found = []
    for family, kind, count, levels, sizes in HOURLY:
        walk = wandering(rng, count, place, (-0.1, 0.4))
        peak, depth = rng.uniform(12, 16, (count, 1)), rng.uniform(0.8, 1.4, (count, 1))
        season = depth * (np.cos(2 * np.pi * (hour - peak) / 24) - 0.5)
        season = season + np.log(rng.uniform(0.45, 0.9, (count, 1))) * is_weekend
        found.append(
            _group(rng, family, kind, _between(rng, levels, count), _between(rng, sizes, count),
                   walk, season)
        )  # fmt: skip
    draft = Draft("hourly", "H", starts, 70 * 24, found, np.zeros(HOURS, bool))
    # At night too little happens for anything to be missed.
    draft.busy = np.isin(hour, (23, 0, 1, 2, 3, 4, 5))
    plant(rng, draft, times=(3, 6))
    return draft


SETS: Final[tuple[Callable[[Generator], Draft], ...]] = (
    plain, breaks, promotions, renames, half_feed, hourly,
)  # fmt: skip


def main(out: Path, seed: int) -> None:
    for number, make in enumerate(SETS):
        rng = np.random.default_rng([seed, number])
        draft = make(rng)
        write(rng, draft, out / f"{draft.name}_{seed}")
        series = sum(len(group.names) for group in draft.groups)
        print(f"{out / f'{draft.name}_{seed}'}: {series} series, {len(draft.labels)} anomalies")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    main(arguments.out, arguments.seed)
