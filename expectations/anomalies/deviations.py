"""A walk over the watched series: each deviation from its first day to its end, and why it is.
 The newest days are judged again each time, since some figures come late; what the detector knew
before them is kept (`anomaly_memory`), so that a run does a week's work and not that of all
history.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

import numpy as np
from scipy.special import ndtr

from expectations.anomalies.attribution import Part, Segment, explain
from expectations.anomalies.detector import Detector, Judged, Memory
from expectations.anomalies.kept import Kept
from expectations.anomalies.laws import LAWS, Bools, Floats, Law
from expectations.anomalies.rules import DAILY, DEAD
from expectations.anomalies.watched import LEAST_EVENTS, SLICES, Key, Watched

# Ratings and outcomes of so many days still come in: those days are judged again.
REJUDGED: Final = 7
# A past that nobody waits for is judged by weeks, up to some days before what is judged again.
WEEK: Final = 7
RECENT: Final = 14
# Of the segments' breaches so many may be chance (Benjamini and Hochberg, 1995).
FALSE_DISCOVERIES: Final = 0.05
# What is usual of a segment's size.
SIZE_DAYS: Final = 28


@dataclass(frozen=True)
class Deviation:
    """A figure that is not as it should be, from `first` to `newest`; `recovered` is the day on
    which all was as before, or a new level accepted (`is_accepted`), None while it lasts. `event`:
    the calendar expects it (`is_muted`). The figures are those of the newest day, `score` the z of
    the worst; None where nothing is known but that it stands.
    """

    key: Key
    first: date
    newest: date
    rule: str
    value: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    score: float | None
    parts: Sequence[Part] = ()
    recovered: date | None = None
    is_accepted: bool = False
    is_muted: bool = False
    event: str | None = None

    @classmethod
    def standing(cls, key: Key, opened: date) -> "Deviation":
        """One that stood when the walk began."""
        return cls(key, opened, opened, "anomaly", None, None, None, None, None)


def walk(
    watched: Watched,
    memory: Memory,
    begin: int,
    standing: Mapping[int, Deviation] = MappingProxyType({}),
) -> Iterator[tuple[int, "Walk"]]:
    """Judges the days from index `begin` on, and gives itself after each. `standing`: what stood
    when it began, by series.
    """
    state = Walk(watched, memory, standing)
    days = len(watched.days)
    # Of a stock that is empty nothing is dead.
    dead = 0.0 if watched.is_stock else DAILY.dead
    rules = replace(DAILY, fewest=watched.fewest, least_events=LEAST_EVENTS, dead=dead)
    detector = Detector(watched.seen, watched.days, watched.calendar, rules)
    by_week = max(min(days - RECENT, days), begin)
    for first, until, step in ((begin, by_week, WEEK), (by_week, days, 1)):
        for judged in detector.judge(memory, first, until, step):
            state.take(judged)
            yield judged.bucket, state


class Walk:
    """What is found on the way: deviations that have ended, and those that stand."""

    def __init__(self, watched: Watched, memory: Memory, standing: Mapping[int, Deviation]) -> None:
        self.watched, self.memory = watched, memory
        self.ended: list[Deviation] = []
        self._standing = dict(standing)
        self._muted: dict[int, Deviation] = {}
        self._usual = np.full(watched.seen.value.shape, np.nan)
        self._whole = {key.kpi: at for at, key in enumerate(watched.keys) if key.slice is None}
        self._is_segment = np.array([key.slice is not None for key in watched.keys])

    @property
    def found(self) -> list[Deviation]:
        """All deviations so far."""
        return [*self.ended, *self._standing.values(), *self._muted.values()]

    def take(self, judged: Judged) -> None:
        """One day of all series."""
        day = self.watched.days[judged.bucket]
        self._usual[:, judged.bucket] = judged.scores.usual
        told = judged.is_breach & (
            ~self._is_segment
            | discoveries(judged.scores.z, self._is_segment & judged.scores.is_known)
        )
        for series in np.flatnonzero(told).tolist():
            if not self._is_explained(series):
                self._standing[series] = self._seen(judged, series, self._standing.get(series))
        for series in np.flatnonzero(judged.is_muted).tolist():
            before = self._muted.get(series)
            self._muted[series] = replace(
                self._seen(judged, series, before),
                is_muted=True,
                event=judged.event.name if judged.event else None,
            )
        for series in np.flatnonzero(judged.recovered | judged.accepted).tolist():
            if series in self._standing:
                ended = replace(
                    self._standing.pop(series),
                    recovered=day,
                    is_accepted=bool(judged.accepted[series]),
                )
                self.ended.append(ended)
        for series, muted in list(self._muted.items()):
            if judged.event is None or judged.event.name != muted.event:
                self.ended.append(replace(self._muted.pop(series), recovered=day))

    def _is_explained(self, series: int) -> bool:
        """Whether a segment's breach is part of one of the whole, which names its segments."""
        whole = self._whole.get(self.watched.keys[series].kpi, series)
        standing = self._standing.get(series)
        return (
            whole != series
            and (standing is None or standing.score is None)
            and self.memory.opened[whole] >= 0
            and self.memory.side[whole] == self.memory.side[series]
        )

    def _seen(self, judged: Judged, series: int, before: Deviation | None) -> Deviation:
        scores, bucket = judged.scores, judged.bucket
        day, buckets = self.watched.days[bucket], int(scores.buckets[series])
        z = float(scores.z[series])
        known = before.score if before and before.score is not None else 0.0
        worst = known if abs(known) > abs(z) else z
        return Deviation(
            key=self.watched.keys[series],
            first=before.first if before else day,
            newest=day,
            rule=rule_name(buckets),
            value=_number(scores.seen[series]),
            expected=_number(scores.expected[series]),
            lower=_number(scores.lower[series]),
            upper=_number(scores.upper[series]),
            score=round(worst, 3),
            parts=self._explained(series, bucket, max(buckets, 1)),
        )

    def _explained(self, series: int, bucket: int, buckets: int) -> Sequence[Part]:
        """The segments of the whole that its deviation comes from, over the buckets of its rule."""
        key = self.watched.keys[series]
        if key.slice is not None:
            return ()
        law = LAWS[self.watched.seen.kind]
        segments: dict[str, list[Segment]] = {}
        for at, other in enumerate(self.watched.keys):
            named = other.slice
            if other.kpi == key.kpi and named:
                segment = self._segment(at, named[1], bucket, buckets)
                if segment:
                    segments.setdefault(named[0], []).append(segment)
        order = {name: segments[name] for name in SLICES if name in segments}
        return [
            replace(part, segment=_shown(part.segment, law))
            for part in explain(order, is_count=law.is_noise_relative)
        ]

    def _segment(self, series: int, name: str, bucket: int, buckets: int) -> Segment | None:
        seen, span = self.watched.seen, np.s_[max(bucket - buckets + 1, 0) : bucket + 1]
        law = LAWS[seen.kind]
        figures, sizes = law.figures(seen.value, seen.numerator, seen.denominator)
        figure, size = figures[series, span], np.nan_to_num(sizes[series, span])
        usual = self._usual[series, span]
        usual = np.log(usual) if not law.is_relative else usual
        known = np.isfinite(figure) & np.isfinite(usual) & (size > 0)
        if not known.any():
            return None
        weight = np.where(known, size, 0.0)
        value = float(np.nansum(np.where(known, figure, 0.0) * weight))
        expected = float(np.nansum(np.where(known, usual, 0.0) * weight))
        if law.is_noise_relative:
            return Segment(name, value / len(weight), expected / len(weight))
        before = np.s_[max(span.start - SIZE_DAYS, 0) : span.start]
        usual_size = float(np.nan_to_num(sizes[series, before]).mean()) if span.start else 0.0
        total = float(weight.sum())
        return Segment(name, value / total, expected / total, total / len(weight), usual_size)


def rule_name(buckets: int) -> str:
    """anomaly of one day, anomaly_7d of several together, or dead_feed."""
    return "dead_feed" if buckets == DEAD else "anomaly" if buckets == 1 else f"anomaly_{buckets}d"


def discoveries(z: Floats, is_judged: Bools) -> Bools:
    """Which of those judged are too unlikely to be chance among so many (Benjamini–Hochberg)."""
    chance = np.where(is_judged, 2 * ndtr(-np.abs(z)), 1.0)
    count = int(is_judged.sum())
    ranked = np.sort(chance[is_judged])
    passing = ranked <= FALSE_DISCOVERIES * np.arange(1, count + 1) / max(count, 1)
    limit = ranked[np.flatnonzero(passing)[-1]] if passing.any() else -1.0
    found: Bools = is_judged & (chance <= limit)
    return found


def begin_of(days: Sequence[date], judged_until: date | None) -> int:
    """The index of the first day to judge: after what is remembered, else when one can."""
    if judged_until is None:
        return min(DAILY.learning, len(days))
    return max((judged_until - days[0] + timedelta(days=1)).days, 0)


def restore(watched: Watched, kept: Mapping[str, Kept]) -> Memory:
    """The memory of the series by what was kept of them."""
    memory = Memory.blank(len(watched.keys), len(watched.days))
    index = {day: at for at, day in enumerate(watched.days)}

    def place(day: date | None) -> int:
        # What is older than all that is seen was before its first day.
        return -1 if day is None else index.get(day, 0)

    for series, key in enumerate(watched.keys):
        known = kept.get(key.name)
        if known is None:
            continue
        memory.opened[series], memory.side[series] = place(known.opened), known.side
        memory.calm[series] = known.calm
        memory.last_opened[series] = place(known.last_opened)
        memory.last_closed[series] = place(known.last_closed)
        memory.last_side[series] = known.last_side
        memory.since[series] = max(place(known.since), 0)
        for day in known.abnormal:
            if day in index:
                memory.is_abnormal[series, index[day]] = True
    return memory


def keep(watched: Watched, memory: Memory) -> list[Kept]:
    """What the next run has to know; nothing of series of which nothing was ever wrong."""
    days = watched.days

    def day(place: int) -> date | None:
        return days[place] if place >= 0 else None

    return [
        Kept(
            series=key.name,
            opened=day(int(memory.opened[at])),
            side=int(memory.side[at]),
            calm=int(memory.calm[at]),
            last_opened=day(int(memory.last_opened[at])),
            last_closed=day(int(memory.last_closed[at])),
            last_side=int(memory.last_side[at]),
            since=day(int(memory.since[at])) if memory.since[at] > 0 else None,
            abnormal=[days[place] for place in np.flatnonzero(memory.is_abnormal[at]).tolist()],
        )
        for at, key in enumerate(watched.keys)
        if memory.is_abnormal[at].any() or memory.last_closed[at] >= 0 or memory.since[at] > 0
    ]


def _shown(segment: Segment, law: Law) -> Segment:
    value, expected = law.shown(np.array([segment.value, segment.expected])).tolist()
    return replace(segment, value=value, expected=expected)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
