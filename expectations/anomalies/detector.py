"""The detector: series that go on, bucket by bucket, and what of them is not normal.
 A pure function of what was seen, of the calendar and of its own memory: which buckets were not
normal, and which series stand in a breach since when. To judge a bucket again gives the same again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import numpy as np

from expectations.anomalies.baseline import Ints
from expectations.anomalies.calendar import Calendar, Event
from expectations.anomalies.laws import LAWS, Bools, Floats
from expectations.anomalies.observations import Observations
from expectations.anomalies.rules import DEAD, Rules
from expectations.anomalies.scoring import Scores, effects, score

# Two buckets that are as they should be end a breach; five weeks of one are a new level.
CALM_Z: Final = 1.5
CALM_BUCKETS: Final = 2
ACCEPTED_AFTER_DAYS: Final = 35
# So near to a threshold, as a share of it, a series is looked at bucket by bucket.
NEAR: Final = 0.8
# Of fewer buckets a glance at all of them would cost more than it saves; of more than this part of
# the window too little would be left to learn from.
LEAST_GLANCED, MOST_GLANCED = 3, 0.2


@dataclass
class Memory:
    """What the detector keeps of series, by index of their buckets. `is_abnormal` (series, buckets)
    were in a breach. Of each series: `opened`, where a breach that still stands began (-1 without),
    its `side` (above 1, below -1) and `calm`, how many buckets in a row have been as they should
    since; where the one before began and ended, and its side; `since`, where a new level begins.
    """

    is_abnormal: Bools
    opened: Ints
    side: Ints
    calm: Ints
    last_opened: Ints
    last_closed: Ints
    last_side: Ints
    since: Ints

    @classmethod
    def blank(cls, series: int, buckets: int) -> "Memory":
        def each(value: int) -> Ints:
            return np.full(series, value, np.int64)

        return cls(
            np.zeros((series, buckets), bool),
            each(-1), each(0), each(0), each(-1), each(-1), each(0), each(0),
        )  # fmt: skip

    def open(self, series: int, since: int, bucket: int, side: int) -> None:
        """A breach is told at `bucket`; the buckets from `since` on made it."""
        self.is_abnormal[series, since : bucket + 1] = True
        self.opened[series], self.side[series], self.calm[series] = bucket, side, 0

    def close(self, series: int, bucket: int, soon: int) -> None:
        """All is as it was. Where the same has come again within `soon` buckets it is the level
        that moves, and it learns from both.
        """
        opened, closed = self.opened[series], self.last_closed[series]
        if (
            0 <= opened - closed <= soon
            and closed >= 0
            and self.side[series] == self.last_side[series]
        ):
            self.is_abnormal[series, self.last_opened[series] : bucket + 1] = False
        self.last_opened[series], self.last_closed[series] = opened, bucket
        self.last_side[series], self.opened[series], self.calm[series] = self.side[series], -1, 0

    def accept(self, series: int, bucket: int) -> None:
        """What has lasted is the level now."""
        self.since[series] = self.opened[series]
        self.is_abnormal[series, self.opened[series] : bucket + 1] = False
        self.opened[series], self.calm[series] = -1, 0


@dataclass(frozen=True)
class Judged:
    """One bucket of all series: its scores (series,), and of each series whether it `is_breach`,
    whether the calendar excuses it (`is_muted`, by `event`), and whether its breach is now
    `recovered` or has been `accepted` as a new level.
    """

    bucket: int
    scores: Scores
    is_breach: Bools
    is_muted: Bools
    recovered: Bools
    accepted: Bools
    event: Event | None


@dataclass(frozen=True)
class _Glance:
    """Scores of buckets from `first` on, by what was known before it, and the series that are calm
    in all of them.
    """

    first: int
    scores: Scores
    is_calm: Bools

    def with_near(self, first: int, rows: Ints, near: Scores) -> Scores:
        """The scores of the buckets from `first` on, those of `rows` by what is known by then."""
        place = first - self.first
        mixed = {}
        for name, known in vars(near).items():
            mixed[name] = vars(self.scores)[name][:, place : place + known.shape[1]].copy()
            mixed[name][rows] = known
        return Scores(**mixed)


@dataclass(frozen=True)
class Detector:
    """Series of one kind: all of `seen`, whose buckets begin at `starts`. `is_feed`: series that
    no launch silences, by default none.
    """

    seen: Observations
    starts: Sequence[date | datetime]
    calendar: Calendar
    rules: Rules
    is_feed: Bools | None = None

    def judge(self, memory: Memory, first: int, until: int, days: int = 1) -> Iterator[Judged]:
        """The buckets from `first` to before `until`, one after the other; keeps `memory`.

        So many `days` are scored together, so that what begins in them teaches the later ones: for
        a past that nobody waits for. Of single buckets all are looked at together once, and only
        series of which one is not far from a threshold are scored bucket by bucket.
        """
        glance = self._glance(memory, first, until) if days == 1 else None
        while first < until:
            day = _day(self.starts[first])
            event, last = self.calendar.at(day), first
            # Each day of an event is held against its own like.
            length = days if event is None else 1
            while last < until and self._goes_on(day, length, event, _day(self.starts[last])):
                last += 1
            yield from self._judge_together(memory, event, first, last, glance)
            first = last

    def _glance(self, memory: Memory, first: int, until: int) -> "_Glance | None":
        """All buckets scored at once; None where they are too few or too many for that, or a launch
        parts them.
        """
        if not LEAST_GLANCED <= until - first <= MOST_GLANCED * self.rules.window:
            return None
        launches = {
            self.calendar.launched(_day(self.starts[place])) for place in (first, until - 1)
        }
        if len(launches) > 1:
            return None
        scores = self.scores(memory, first, until)
        is_calm = (memory.opened < 0) & (scores.strength < NEAR).all(axis=1)
        return _Glance(first, scores, is_calm)

    def _goes_on(self, first: date, days: int, event: Event | None, day: date) -> bool:
        launch = self.calendar.launched(day)
        return (
            (day - first).days < days
            and self.calendar.at(day) == event
            and (day == first or launch is None or launch.starts_on != day)
        )

    def scores(self, memory: Memory, first: int, until: int) -> Scores:
        """Those of the buckets from `first` to before `until`, by what is remembered of them all;
        no day of the calendar is held against its like.
        """
        cut, is_trained, is_alive = self._window(memory, until)
        return score(cut, is_trained, self.rules, until - first, is_alive=is_alive)

    def _window(self, memory: Memory, last: int) -> tuple[Observations, Bools, Bools | None]:
        """What is looked at to judge the buckets before `last`, which of it was normal, and, where
        a launch hides some of it, when feeds lived.
        """
        begin, day = max(last - self.rules.window, 0), _day(self.starts[last - 1])
        launch = self.calendar.launched(day)
        is_trained = self._is_trained(memory, begin, last, launch)
        is_trained &= np.arange(begin, last)[None, :] >= memory.since[:, None]
        is_alive = None
        is_hidden = launch is not None and launch.starts_on > _day(self.starts[begin])
        if is_hidden and self.is_feed is not None and self.is_feed.any():
            since_ever = self._is_trained(memory, begin, last, None)
            is_alive = np.where(self.is_feed[:, None], since_ever, is_trained)
        return self.seen.newest(last, last - begin), is_trained, is_alive

    def _judge_together(
        self,
        memory: Memory,
        event: Event | None,
        first: int,
        last: int,
        glance: "_Glance | None",
    ) -> Iterator[Judged]:
        """Buckets that are scored together and judged one after the other."""
        tested = last - first
        cut, is_trained, is_alive = self._window(memory, last)
        scale = self._learned(memory, event, first, last) if event else None
        if event is None and glance is not None:
            rows = np.flatnonzero(~glance.is_calm)
            alive = is_alive if is_alive is None else is_alive[rows]
            near = score(cut.of(rows), is_trained[rows], self.rules, tested, is_alive=alive)
            scores = glance.with_near(first, rows, near)
        else:
            scores = score(cut, is_trained, self.rules, tested, scale, is_alive)
        muted = self._muted(scores, event, scale)
        for place in range(tested):
            yield self._judge_bucket(
                memory, scores.at(place), muted[:, place], event, first + place
            )

    def _judge_bucket(
        self, memory: Memory, scores: Scores, is_excused: Bools, event: Event | None, bucket: int
    ) -> Judged:
        is_over = (scores.strength >= 1) & scores.is_known
        # What several buckets say of a time that has been told is no news.
        is_told = (
            (memory.opened < 0)
            & (memory.last_closed >= 0)
            & (bucket - memory.last_closed < scores.buckets)
            & (np.sign(scores.z) == memory.last_side)
        )
        is_breach, is_muted = is_over & ~is_excused & ~is_told, is_over & is_excused
        for series in np.flatnonzero(is_breach & (memory.opened < 0)).tolist():
            # The buckets that made the rule fire were not normal either.
            since = max(bucket - max(int(scores.buckets[series]), 1) + 1, 0)
            memory.open(series, since, bucket, int(np.sign(scores.z[series])))
        standing = memory.opened >= 0
        is_calm = standing & ~is_breach & (np.abs(scores.alone) < CALM_Z) & ~scores.is_empty
        # A day of the calendar ends nothing, nor does one of which nothing is known.
        says = scores.is_there & scores.is_known & (event is None)
        memory.calm = np.where(says, np.where(is_calm, memory.calm + 1, 0), memory.calm)
        recovered = standing & (memory.calm >= CALM_BUCKETS)
        long = ACCEPTED_AFTER_DAYS * self.rules.per_day
        for series in np.flatnonzero(recovered).tolist():
            memory.close(series, bucket, long)
        standing &= ~recovered
        memory.is_abnormal[standing, bucket] = True
        accepted = standing & (bucket - memory.opened >= long)
        for series in np.flatnonzero(accepted).tolist():
            memory.accept(series, bucket)
        return Judged(bucket, scores, is_breach, is_muted, recovered, accepted, event)

    def _is_trained(self, memory: Memory, begin: int, last: int, launch: Event | None) -> Bools:
        """Buckets that were normal: no breach, no day of the calendar, none before a launch."""
        days = [_day(start) for start in self.starts[begin:last]]
        is_plain = np.array(
            [
                self.calendar.at(each) is None and (launch is None or each >= launch.starts_on)
                for each in days
            ]
        )
        trained: Bools = ~memory.is_abnormal[:, begin:last] & is_plain[None, :]
        return trained

    def _learned(self, memory: Memory, event: Event, first: int, last: int) -> Floats | None:
        """What the event did to the buckets of the day that was like this one the last time; None
        where it has not come before, or too early to be known.
        """
        before = self.calendar.before(event)
        if before is None:
            return None
        day = _day(self.starts[first])
        shift = day - event.like(day, before)
        then = [each - shift for each in self.starts[first:last]]
        index = {start: place for place, start in enumerate(self.starts)}
        places = [index[each] for each in then if each in index]
        if len(places) < len(then) or places[0] < self.rules.learning:
            return None
        end = places[-1] + 1
        begin = max(end - self.rules.window, 0)
        cut = self.seen.newest(end, end - begin)
        launch = self.calendar.launched(_day(self.starts[end - 1]))
        trained = self._is_trained(memory, begin, end, launch)
        return effects(cut, trained, self.rules, len(places))

    def _muted(self, scores: Scores, event: Event | None, scale: Floats | None) -> Bools:
        """What the calendar excuses: on days of an event that is known nothing, of a first one what
        is expected of counts and all of everything else. A dead feed is never excused.
        """
        if event is None:
            return np.zeros(scores.z.shape, bool)
        excused: Bools = scores.buckets != DEAD
        if LAWS[self.seen.kind].is_noise_relative:
            excused &= np.sign(scores.z) == event.direction
        return excused if scale is None else excused & ~np.isfinite(scale)


def _day(start: date | datetime) -> date:
    return start.date() if isinstance(start, datetime) else start
