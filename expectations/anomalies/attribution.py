"""Why: which segments a figure's deviation comes from.
 Each segment's part of the deviation is its own: for counts the events that it had beyond what was
expected of it, for shares and means what its own figure did (rate) and what its weight did (mix),
which add up to the whole. Of the dimensions the one is told whose fewest segments explain most, and
more than their size alone would (after the adtributor of Bhagwan et al., NSDI 2014: explanatory
power and surprise).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# Segments that explain less are not named, and together they are to explain so much. Where one
# explains more than this the segments went opposite ways, and none is the reason.
LEAST_PART: Final = 0.1
MOST_PART: Final = 1.5
ENOUGH: Final = 0.67
MOST_NAMED: Final = 3
# A dimension that explains less than this says nothing.
LEAST_EXPLAINED: Final = 0.3


@dataclass(frozen=True)
class Segment:
    """A segment in the time of the deviation: its figure and what was expected of it, each with the
    number of things behind it (of a count 1 and 1).
    """

    name: str
    value: float
    expected: float
    size: float = 1.0
    expected_size: float = 1.0


@dataclass(frozen=True)
class Part:
    """A segment that explains `share` of the deviation; `weight` is what its size would explain."""

    dimension: str
    segment: Segment
    share: float
    weight: float


def explain(segments: Mapping[str, Sequence[Segment]], is_count: bool) -> list[Part]:
    """The segments of one dimension that explain the deviation, the largest part first; none where
    no dimension does.
    """
    found = [_of(dimension, each, is_count) for dimension, each in segments.items()]
    told = [parts for parts in found if sum(part.share for part in parts) >= LEAST_EXPLAINED]
    return max(told, key=_surprise, default=[])


def _surprise(parts: Sequence[Part]) -> float:
    """By how much more they explain than their size would, fewer segments before more."""
    return sum(part.share - part.weight for part in parts) - 0.01 * len(parts)


def _of(dimension: str, segments: Sequence[Segment], is_count: bool) -> list[Part]:
    effects = _counted(segments) if is_count else _weighed(segments)
    weights = [each.expected if is_count else each.expected_size for each in segments]
    whole, total = sum(effects), sum(weights)
    if not whole or not total:
        return []
    if max(effects, key=lambda effect: effect / whole) / whole > MOST_PART:
        return []
    parts = [
        Part(dimension, segment, effect / whole, weight / total)
        for segment, effect, weight in zip(segments, effects, weights, strict=True)
        if effect / whole >= LEAST_PART
    ]
    parts.sort(key=lambda part: (-part.share, part.segment.name))
    named: list[Part] = []
    for part in parts[:MOST_NAMED]:
        if sum(each.share for each in named) >= ENOUGH:
            break
        named.append(part)
    return named


def _counted(segments: Sequence[Segment]) -> list[float]:
    return [each.value - each.expected for each in segments]


def _weighed(segments: Sequence[Segment]) -> list[float]:
    """Rate and mix: w (r − r') + (w − w') (r' − R'), with r' and w' as they were expected."""
    size = sum(each.size for each in segments)
    expected_size = sum(each.expected_size for each in segments)
    if not size or not expected_size:
        return [0.0 for _ in segments]
    before = sum(each.expected * each.expected_size for each in segments) / expected_size
    return [
        each.size / size * (each.value - each.expected)
        + (each.size / size - each.expected_size / expected_size) * (each.expected - before)
        for each in segments
    ]
