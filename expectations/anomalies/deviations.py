"""A walk over the watched series: each deviation from its first day to its end, and why it is.
 The newest days are judged again each time, since some figures come late; what the detector knew
before them is kept (`anomaly_memory`), so that a run does a week's work and not that of all
history.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

import numpy as np
from scipy.special import ndtr

from expectations.anomalies.attribution import Part, Segment, explain
from expectations.anomalies.detector import Detector, Judged, Memory
from expectations.anomalies.grains import DAY
from expectations.anomalies.kept import Kept
from expectations.anomalies.laws import LAWS, Bools, Floats, Law
from expectations.anomalies.watched import LEAST_EVENTS, SLICES, Key, Watched

# A past that nobody waits for is judged by weeks, up to some buckets before what is judged again.
WEEK: Final = 7
# Of the segments' breaches so many may be chance (Benjamini and Hochberg, 1995).
FALSE_DISCOVERIES: Final = 0.05
# So near to its threshold, as a share of it, a whole is told as information.
NEAR: Final = 0.88
# What is usual of a segment's size.
SIZE_BUCKETS: Final = 28


@dataclass(frozen=True)
class Deviation:
    """A figure that is not as it should be, from bucket `first` to `newest`; `recovered` is that in
    which all was as before, or a new level accepted (`is_accepted`), None while it lasts. `event`:
    the calendar expects it (`is_muted`). The figures are those of the newest bucket, `score` the z
    of the worst; None where nothing is known but that it stands.
    """

    key: Key
    first: datetime
    newest: datetime
    rule: str
    value: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    score: float | None
    parts: Sequence[Part] = ()
    recovered: datetime | None = None
    is_accepted: bool = False
    is_muted: bool = False
    event: str | None = None

    @classmethod
    def standing(cls, key: Key, opened: datetime, until: datetime) -> "Deviation":
        """One that stood when the walk began, and was told in one of these buckets, if at all."""
        return cls(key, opened, until, "anomaly", None, None, None, None, None)


def walk(
    groups: Sequence[Watched],
    memories: Sequence[Memory],
    begin: int,
    standing: Mapping[Key, Deviation] = MappingProxyType({}),
) -> Iterator[tuple[int, "Walk"]]:
    """Judges the buckets of all groups from index `begin` on, and gives itself after each.
    `standing`: what stood when it began.
    """
    state = Walk(groups, memories, begin, standing)
    of_groups = [_buckets(*each, begin) for each in zip(groups, memories, strict=True)]
    for judged in zip(*of_groups, strict=True):
        state.take(judged)
        yield judged[0].bucket, state


def _detector(watched: Watched) -> Detector:
    # Of a stock that is empty nothing is dead.
    usual = watched.grain.rules
    rules = replace(usual, fewest=watched.fewest, least_events=LEAST_EVENTS)
    if watched.is_stock:
        rules = replace(rules, dead=0.0, several=watched.grain.of_stock(usual.several))
    # Who handles a ticket a launch may change for good, and what it is about; not by which way it
    # comes.
    is_feed = np.array([key.slice is None or key.slice[0] == "channel" for key in watched.keys])
    return Detector(watched.seen, watched.starts, watched.calendar, rules, is_feed)


def _buckets(watched: Watched, memory: Memory, begin: int) -> Iterator[Judged]:
    detector, end = _detector(watched), len(watched.starts)
    by_week = max(end - watched.grain.recent, begin)
    yield from detector.judge(memory, begin, by_week, WEEK)
    yield from detector.judge(memory, by_week, end)


@dataclass(frozen=True)
class _Place:
    """Where a series is: its group, and its row there."""

    group: int
    row: int


class Walk:
    """What is found on the way: deviations that have ended, and those that stand."""

    def __init__(
        self,
        groups: Sequence[Watched],
        memories: Sequence[Memory],
        begin: int,
        standing: Mapping[Key, Deviation],
    ) -> None:
        self.groups, self.memories, self._begin = groups, memories, begin
        self.ended: list[Deviation] = []
        self._standing = dict(standing)
        self._muted: dict[Key, Deviation] = {}
        self._near: list[Deviation] = []
        self._usual = [np.full(each.seen.value.shape, np.nan) for each in groups]
        self._has_before = [False for _ in groups]
        self._whole: dict[str, _Place] = {}
        self._segments: dict[str, list[tuple[Key, _Place]]] = {}
        self._places: list[tuple[Key, _Place]] = []
        for group, each in enumerate(groups):
            for row, key in enumerate(each.keys):
                place = _Place(group, row)
                self._places.append((key, place))
                if key.slice is None:
                    self._whole[key.kpi] = place
                else:
                    self._segments.setdefault(key.kpi, []).append((key, place))
        self._is_segment = np.array([key.slice is not None for key, _ in self._places])

    @property
    def found(self) -> list[Deviation]:
        """All deviations so far."""
        return [*self.ended, *self._standing.values(), *self._muted.values(), *self._near]

    def take(self, judged: Sequence[Judged]) -> None:
        """One bucket of all series, by group."""
        bucket = judged[0].bucket
        for group, each in enumerate(judged):
            self._usual[group][:, bucket] = each.scores.usual
        z, is_known, is_breach = (
            np.concatenate(each)
            for each in zip(
                *((day.scores.z, day.scores.is_known, day.is_breach) for day in judged), strict=True
            )
        )
        is_news = ~self._is_segment | discoveries(z, self._is_segment & is_known)
        for at in np.flatnonzero(is_breach & is_news).tolist():
            key, place = self._places[at]
            if not self._is_explained(key, place):
                self._standing[key] = self._seen(judged, key, place, self._standing.get(key))
        self._near = [*self._nearly(judged)]
        for group, each in enumerate(judged):
            self._take_muted(judged, group)
            for row in np.flatnonzero(each.recovered | each.accepted).tolist():
                key = self.groups[group].keys[row]
                if key in self._standing:
                    self.ended.append(
                        replace(
                            self._standing.pop(key),
                            recovered=self.groups[group].starts[bucket],
                            is_accepted=bool(each.accepted[row]),
                        )
                    )

    def _nearly(self, judged: Sequence[Judged]) -> Iterator[Deviation]:
        """What is near its limit on a day: known on that day, and no more on the next."""
        for group, each in enumerate(judged):
            watched, scores = self.groups[group], each.scores
            is_near = (scores.strength >= NEAR) & (scores.strength < 1) & scores.is_known
            is_near &= (self.memories[group].opened < 0) & (each.event is None)
            # Of several days together no one day is the news.
            is_near &= scores.buckets == 1
            for row in np.flatnonzero(is_near & (watched.grain is DAY)).tolist():
                if watched.keys[row].slice is None:
                    seen = self._seen(judged, watched.keys[row], _Place(group, row), None)
                    yield replace(seen, rule="near")

    def _take_muted(self, judged: Sequence[Judged], group: int) -> None:
        """What the calendar excuses of a group, until its event is over."""
        event, watched = judged[group].event, self.groups[group]
        for row in np.flatnonzero(judged[group].is_muted).tolist():
            key = watched.keys[row]
            seen = self._seen(judged, key, _Place(group, row), self._muted.get(key))
            self._muted[key] = replace(seen, is_muted=True, event=event.name if event else None)
        for key in watched.keys:
            muted = self._muted.get(key)
            if muted and (event is None or event.name != muted.event):
                start = watched.starts[judged[group].bucket]
                self.ended.append(replace(self._muted.pop(key), recovered=start))

    def _is_explained(self, key: Key, place: _Place) -> bool:
        """Whether a segment's breach is part of one of the whole, which names its segments."""
        whole, standing = self._whole.get(key.kpi), self._standing.get(key)
        if key.slice is None or whole is None or (standing and standing.score is not None):
            return False
        memory, own = self.memories[whole.group], self.memories[place.group]
        is_open = bool(memory.opened[whole.row] >= 0)
        return is_open and bool(memory.side[whole.row] == own.side[place.row])

    def _seen(
        self, judged: Sequence[Judged], key: Key, place: _Place, before: Deviation | None
    ) -> Deviation:
        scores, bucket, row = judged[place.group].scores, judged[place.group].bucket, place.row
        watched, buckets = self.groups[place.group], int(scores.buckets[row])
        start = watched.starts[bucket]
        z = float(scores.z[row])
        known = before.score if before and before.score is not None else 0.0
        worst = known if abs(known) > abs(z) else z
        return Deviation(
            key=key,
            first=before.first if before else start,
            newest=start,
            rule=watched.grain.rule(buckets),
            value=_number(scores.seen[row]),
            expected=_number(scores.expected[row]),
            lower=_number(scores.lower[row]),
            upper=_number(scores.upper[row]),
            score=round(worst, 3),
            parts=self._explained(key, place, bucket, max(buckets, 1)),
        )

    def _explained(self, key: Key, place: _Place, bucket: int, buckets: int) -> Sequence[Part]:
        """The segments of the whole that its deviation comes from, over the buckets of its rule."""
        if key.slice is not None:
            return ()
        law = LAWS[self.groups[place.group].seen.kind]
        segments: dict[str, list[Segment]] = {}
        for other, at in self._segments.get(key.kpi, []):
            dimension, name = other.slice or ("", "")
            segment = self._segment(at, name, bucket, buckets)
            if segment:
                segments.setdefault(dimension, []).append(segment)
        order = {name: segments[name] for name in SLICES if name in segments}
        return [
            replace(part, segment=_shown(part.segment, law))
            for part in explain(order, is_count=law.is_noise_relative)
        ]

    def _usual_of(self, group: int, since: int) -> Floats:
        """What was expected of each bucket of a group; of those before the walk once it is asked
        for: to judge again what was judged gives the same reasons.
        """
        if since < self._begin and not self._has_before[group]:
            watched, memory = self.groups[group], self.memories[group]
            first = max(self._begin - max(watched.grain.rules.several), 1)
            before = _detector(watched).scores(memory, first, self._begin)
            self._usual[group][:, first : self._begin] = before.usual
            self._has_before[group] = True
        return self._usual[group]

    def _segment(self, place: _Place, name: str, bucket: int, buckets: int) -> Segment | None:
        seen, row = self.groups[place.group].seen, place.row
        begin = max(bucket - buckets + 1, 0)
        before = min(SIZE_BUCKETS, begin)
        cut = np.s_[row, begin - before : bucket + 1]
        law = LAWS[seen.kind]
        figures, sizes = law.figures(seen.value[cut], seen.numerator[cut], seen.denominator[cut])
        sizes = np.nan_to_num(sizes)
        figure, size = figures[before:], sizes[before:]
        usual = self._usual_of(place.group, begin)[row, begin : bucket + 1]
        usual = np.log(usual) if not law.is_relative else usual
        known = np.isfinite(figure) & np.isfinite(usual) & (size > 0)
        if not known.any():
            return None
        weight = np.where(known, size, 0.0)
        value = float((np.where(known, figure, 0.0) * weight).sum())
        expected = float((np.where(known, usual, 0.0) * weight).sum())
        if law.is_noise_relative:
            return Segment(name, value / len(weight), expected / len(weight))
        usual_size = float(sizes[:before].mean()) if before else 0.0
        total = float(weight.sum())
        return Segment(name, value / total, expected / total, total / len(weight), usual_size)


def discoveries(z: Floats, is_judged: Bools) -> Bools:
    """Which of those judged are too unlikely to be chance among so many (Benjamini–Hochberg)."""
    chance = np.where(is_judged, 2 * ndtr(-np.abs(z)), 1.0)
    count = int(is_judged.sum())
    ranked = np.sort(chance[is_judged])
    passing = ranked <= FALSE_DISCOVERIES * np.arange(1, count + 1) / max(count, 1)
    limit = ranked[np.flatnonzero(passing)[-1]] if passing.any() else -1.0
    found: Bools = is_judged & (chance <= limit)
    return found


def begin_of(watched: Watched, judged_until: datetime | None) -> int:
    """The index of the first bucket to judge: after what is remembered, else when one can."""
    learning, end = watched.grain.rules.learning, len(watched.starts)
    if judged_until is None:
        return min(learning, end)
    after = (judged_until - watched.starts[0]) // watched.grain.step + 1
    return min(max(after, learning), end)


def restore(watched: Watched, kept: Mapping[str, Kept]) -> Memory:
    """The memory of the series by what was kept of them."""
    memory = Memory.blank(len(watched.keys), len(watched.starts))
    index = {start: at for at, start in enumerate(watched.starts)}

    def place(start: datetime | None) -> int:
        # What is older than all that is seen was before its first bucket.
        return -1 if start is None else index.get(start, 0)

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
        for start in known.abnormal:
            if start in index:
                memory.is_abnormal[series, index[start]] = True
    return memory


def keep(watched: Watched, memory: Memory) -> list[Kept]:
    """What the next run has to know; nothing of series of which nothing was ever wrong."""
    starts = watched.starts

    def start(place: int) -> datetime | None:
        return starts[place] if place >= 0 else None

    return [
        Kept(
            grain=watched.grain.name,
            series=key.name,
            opened=start(int(memory.opened[at])),
            side=int(memory.side[at]),
            calm=int(memory.calm[at]),
            last_opened=start(int(memory.last_opened[at])),
            last_closed=start(int(memory.last_closed[at])),
            last_side=int(memory.last_side[at]),
            since=start(int(memory.since[at])) if memory.since[at] > 0 else None,
            abnormal=[starts[place] for place in np.flatnonzero(memory.is_abnormal[at]).tolist()],
        )
        for at, key in enumerate(watched.keys)
        if memory.is_abnormal[at].any() or memory.last_closed[at] >= 0 or memory.since[at] > 0
    ]


def _shown(segment: Segment, law: Law) -> Segment:
    value, expected = law.shown(np.array([segment.value, segment.expected])).tolist()
    return replace(segment, value=value, expected=expected)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
