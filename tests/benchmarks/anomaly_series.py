"""Series of a made-up shop before and after chance, and the anomalies that are planted in them.

What a series is expected to be is an array `level` on the scale on which its kind moves: the
logarithm of counts, rates and durations, shares and means as they are. An anomaly is as large as
somebody would act upon, and large enough that who knew the law would see it (z from 5 to 9).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Label = dict[str, str | int | bool]

YEAR: Final = 365.25
# From about here an oracle sees an anomaly, and from about here nobody could overlook it.
SEEN: Final = (5.0, 9.0)
TAILS: Final = 5.0
WANDER_DAYS: Final = 60.0
# The least change that is worth a message: of a day, of several days.
LEAST: Final = {
    "count": (0.35, 0.2),
    "rate": (0.35, 0.2),
    "ratio": (0.08, 0.05),
    "mean": (0.3, 0.15),
    "duration": (0.8, 0.35),
}
# By family: type of anomaly and its direction (0: either).
PLANTED: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    "volume": (("spike", 1), ("drop_to_zero", -1), ("level_shift", 0), ("slow_drift", 0)),
    "category": (("spike", 1), ("drop_to_zero", -1), ("level_shift", 0), ("slow_drift", 0)),
    "lowvol": (("spike", 1), ("drop_to_zero", -1), ("level_shift", 1)),
    "ratio": (("spike", -1), ("drop_to_zero", -1), ("level_shift", 0), ("slow_drift", -1)),
    "rate": (("spike", 1), ("level_shift", 0), ("slow_drift", 1)),
    "mean": (("spike", -1), ("level_shift", -1), ("slow_drift", -1)),
    "duration": (("spike", 1), ("level_shift", 1), ("slow_drift", 1)),
    "h_volume": (("spike", 1), ("drop_to_zero", -1)),
    "h_category": (("spike", 1), ("drop_to_zero", -1)),
    "h_ratio": (("ratio_drop", -1),),
    "h_duration": (("slow_queue", 1),),
}
# Buckets that an anomaly lasts, both ends included.
LASTING: Final = {
    "spike": (1, 2), "drop_to_zero": (1, 4), "level_shift": (7, 27), "slow_drift": (24, 42),
    "ratio_drop_small_n": (4, 7), "h_spike": (3, 9), "h_drop_to_zero": (3, 12),
    "ratio_drop": (8, 16), "slow_queue": (6, 14),
}  # fmt: skip


@dataclass
class Group:
    """Series of one family, (series, buckets): `level`, and `size`, the number of things that is
    expected. Of each (series, 1): `noise` beyond chance and `spread` of single things. `landed`:
    the share of the rows that came; `is_there`: the series exists.
    """

    family: str
    kind: str
    names: list[str]
    level: Floats
    size: Floats
    noise: Floats
    spread: Floats
    reaction: Floats = field(init=False)
    landed: Floats = field(init=False)
    is_there: Bools = field(init=False)

    def __post_init__(self) -> None:
        self.reaction = np.ones_like(self.noise)
        self.landed = np.ones(self.level.shape)
        self.is_there = np.ones(self.level.shape, bool)

    def sigma(self) -> Floats:
        """How far a bucket strays by itself, on the scale of `level`."""
        size = np.maximum(self.size, 0.5)
        if self.kind in ("count", "rate"):
            return np.sqrt(1 / np.maximum(np.exp(self.level) * size, 0.2) + self.noise)
        if self.kind == "ratio":
            share = np.clip(self.level, 0.02, 0.98)
            return np.sqrt(share * (1 - share) / size + self.noise**2)
        long = TAILS / (TAILS - 2) if self.kind == "duration" else 1.0
        return np.sqrt((self.spread**2 / size + self.noise**2) * long)


@dataclass
class Draft:
    """A set in the making: `busy` are buckets of the calendar, where nothing else is planted."""

    name: str
    freq: str
    starts: Sequence[date]
    eval_from: int
    groups: list[Group]
    busy: Bools
    calendar: list[tuple[str, str, date, date]] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def tell(
        self, series: str, first: int, last: int, kind: str, direction: int, event: bool = False
    ) -> None:
        self.labels.append(
            {
                "series_id": series,
                "start": str(self.starts[first]),
                "end": str(self.starts[last]),
                "type": kind,
                "direction": direction,
                "during_event": event,
            }
        )


def wandering(rng: Generator, series: int, days: Floats, growth: tuple[float, float]) -> Floats:
    """Growth, a year's waves and a slow walk, as a logarithm."""
    grown = rng.uniform(*growth, (series, 1)) * days / YEAR
    waves = np.zeros((series, len(days)))
    for part in (1, 2):
        amplitude, phase = rng.uniform(0, 0.12 / part, (series, 1)), rng.uniform(0, 7, (series, 1))
        waves += amplitude * np.sin(2 * np.pi * part * days / YEAR + phase)
    return grown + waves + 0.05 * _walk(rng, series, days)


def _walk(rng: Generator, series: int, days: Floats) -> Floats:
    """A walk that comes back, of a standard deviation of 1; steps are those between `days`."""
    # A sum of waves of a Lorentzian spectrum; no loop over the buckets.
    periods = WANDER_DAYS * 2 * np.pi / np.tan(np.pi / 2 * (np.arange(24) + 0.5) / 24)
    phases = rng.uniform(0, 2 * np.pi, (series, len(periods), 1))
    waves = np.sin(2 * np.pi * days[None, None, :] / periods[None, :, None] + phases)
    walk: Floats = waves.sum(axis=1) * np.sqrt(2 / len(periods))
    return walk


def drawn(rng: Generator, group: Group) -> dict[str, Floats]:
    """The four columns of a group, (series, buckets), as chance has them."""
    shape, none = group.level.shape, np.full(group.level.shape, np.nan)
    if group.kind == "count":
        counts = _counts(rng, np.exp(group.level) * group.landed, group.noise)
        return {"value": counts, "numerator": counts, "denominator": none, "sd": none}
    if group.kind == "rate":
        exposure = _counts(rng, group.size, 0.01)
        events = _counts(rng, np.exp(group.level) * exposure * group.landed, group.noise)
        return {"value": _over(events, exposure), "numerator": events,
                "denominator": exposure, "sd": none}  # fmt: skip
    size = _counts(rng, group.size * group.landed, 0.02)
    if group.kind == "ratio":
        share = np.clip(group.level + group.noise * rng.standard_normal(shape), 0.002, 0.998)
        hits = rng.binomial(size.astype(np.int64), share).astype(float)
        return {"value": _over(hits, size), "numerator": hits, "denominator": size, "sd": none}
    apart = np.sqrt(group.spread**2 / np.maximum(size, 1) + group.noise**2)
    if group.kind == "mean":
        value = np.clip(group.level + apart * rng.standard_normal(shape), 1, 5)
        free = np.maximum(size - 1, 1)
        sd = group.spread * np.sqrt(rng.chisquare(free) / free)
        empty = size < 1
        return {"value": np.where(empty, np.nan, value),
                "numerator": np.where(empty, np.nan, value * size), "denominator": size,
                "sd": np.where(size < 2, np.nan, sd)}  # fmt: skip
    value = np.exp(group.level + apart * rng.standard_t(TAILS, shape))
    return {"value": np.where(size < 1, np.nan, value), "numerator": none,
            "denominator": size, "sd": none}  # fmt: skip


def _counts(rng: Generator, mean: Floats, noise: Floats | float) -> Floats:
    wide = np.broadcast_to(1 / np.maximum(noise, 1e-6), mean.shape)
    return rng.negative_binomial(wide, wide / (wide + mean)).astype(float)


def _over(hits: Floats, size: Floats) -> Floats:
    return np.divide(hits, size, out=np.full(size.shape, np.nan), where=size > 0)


def plant(rng: Generator, draft: Draft, times: tuple[int, int] = (2, 4)) -> None:
    """Anomalies in each series, so many, apart from each other and from the calendar."""
    for group in draft.groups:
        sigma = group.sigma()
        for series in range(len(group.names)):
            slots = np.linspace(draft.eval_from, len(draft.starts), rng.integers(*times) + 1)
            for begin, end in zip(slots[:-1].astype(int), slots[1:].astype(int), strict=True):
                _plant_one(rng, draft, group, series, sigma, begin, end)


def _plant_one(
    rng: Generator, draft: Draft, group: Group, series: int, sigma: Floats, begin: int, end: int
) -> None:
    kinds = PLANTED[group.family]
    kind, direction = kinds[rng.integers(len(kinds))]
    size = float(np.median(group.size[series]))
    if kind == "level_shift" and group.kind in ("ratio", "mean") and size < 15:
        kind = "ratio_drop_small_n"
    lasting = LASTING["h_" + kind if draft.freq == "H" and "h_" + kind in LASTING else kind]
    length = int(rng.integers(lasting[0], lasting[1] + 1))
    usual = float(np.median(np.exp(group.level[series]))) if group.kind == "count" else size
    if kind == "drop_to_zero":
        # So long that it is no quiet time; where that is too long it is a spike.
        length = max(length, int(np.ceil(12 / usual)))
        kind = kind if length <= 20 else "spike"
        direction = direction if kind == "drop_to_zero" else PLANTED[group.family][0][1]
        length = length if kind == "drop_to_zero" else int(rng.integers(1, 3))
    calm = 25 if draft.freq == "D" else 48
    for _ in range(30):
        if end - calm - length <= begin:
            return
        first = int(rng.integers(begin, end - calm - length))
        last = first + length - 1
        around = np.s_[max(first - (30 if draft.freq == "D" else 0), 0) : last + 4]
        if not draft.busy[first : last + 4].any() and group.is_there[series, around].all():
            break
    else:
        return
    direction = direction or int(rng.choice((-1, 1)))
    if kind == "drop_to_zero":
        group.landed[series, first : last + 1] = 0.0
    else:
        direction = _move(rng, group, series, sigma, (first, last), kind, direction)
    draft.tell(group.names[series], first, last, kind, direction)


def _move(
    rng: Generator, group: Group, series: int, sigma: Floats, span: tuple[int, int], kind: str,
    direction: int,
) -> int:  # fmt: skip
    """Moves the level for a time; the direction in which there was room for it."""
    first, last = span
    cut = np.s_[series, first : last + 1]
    length = last - first + 1
    alone = kind == "spike" and length <= 2
    least = LEAST[group.kind][0 if alone else 1]
    together = 1 if alone else min(length, 7)
    by = max(least, rng.uniform(*SEEN) * float(sigma[cut].mean()) / np.sqrt(together))
    level = float(group.level[cut].mean())
    if group.kind in ("count", "rate"):
        direction = 1 if by > 0.6 else direction
        by = float(np.log1p(by)) if direction > 0 else -float(np.log1p(-by))
    elif group.kind == "ratio":
        room = level - 0.03 if direction < 0 else 0.97 - level
        direction = direction if by < room else -direction
        by = min(by, level - 0.01 if direction < 0 else 0.99 - level)
    elif group.kind == "mean":
        by = min(by, level - 1.1)
    shape = np.linspace(1 / length, 1, length) if kind == "slow_drift" else np.ones(length)
    group.level[cut] += direction * by * shape
    return direction


def write(rng: Generator, draft: Draft, folder: Path) -> None:
    """The four files of a set."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = pa.date32() if draft.freq == "D" else pa.timestamp("ms")
    starts = pa.array(draft.starts, stamp)
    tables = []
    for group in draft.groups:
        columns, (rows, places) = drawn(rng, group), np.nonzero(group.is_there)
        names = pa.array(group.names, pa.string())
        cells = {"series_id": names.take(pa.array(rows))}
        cells["family"] = pa.repeat(pa.scalar(group.family), len(rows))
        cells["kind"] = pa.repeat(pa.scalar(group.kind), len(rows))
        cells["bucket"] = starts.take(pa.array(places))
        for name, values in columns.items():
            cells[name] = pa.array(values[rows, places], pa.float64(), from_pandas=True)
        tables.append(pa.table(cells))
    pq.write_table(pa.concat_tables(tables), folder / "series.parquet")
    lines = ["name,kind,starts_on,ends_on"]
    lines += [f"{name},{kind},{a},{z}" for name, kind, a, z in sorted(draft.calendar, key=_begin)]
    (folder / "calendar.csv").write_text("\n".join(lines) + "\n")
    (folder / "labels.json").write_text(json.dumps(draft.labels, indent=0))
    meta = {"freq": draft.freq, "eval_from": str(draft.starts[draft.eval_from])}
    (folder / "meta.json").write_text(json.dumps(meta))


def _begin(event: tuple[str, str, date, date]) -> date:
    return event[2]


def days(begin: date, count: int) -> list[date]:
    return [begin + timedelta(days=place) for place in range(count)]


def hours(begin: datetime, count: int) -> list[date]:
    return [begin + timedelta(hours=place) for place in range(count)]
