"""Which segments a deviation comes from, on figures worked by hand."""

import pytest

from expectations.anomalies.attribution import Segment, explain


def test_a_rise_is_of_the_category_that_rose_beyond_its_size() -> None:
    """100 tickets where 60 were expected: 32 of the 40 are parcels, 80 % from 20 of 60."""
    segments = {
        "category": [
            Segment("wismo", 52, 20),
            Segment("returns", 25, 20),
            Segment("other", 23, 20),
        ],
        "channel": [Segment("email", 65, 40), Segment("chat", 35, 20)],
    }
    (part,) = explain(segments, is_count=True)
    assert (part.dimension, part.segment.name) == ("category", "wismo")
    assert part.share == pytest.approx(0.8)
    assert part.weight == pytest.approx(1 / 3)


def test_a_share_falls_by_its_own_fall_in_a_segment() -> None:
    """Chat fell from 90 to 50 %, mail stayed at 80 %: all of it is chat."""
    segments = {
        "channel": [Segment("chat", 0.5, 0.9, 50, 50), Segment("email", 0.8, 0.8, 50, 50)],
        "team": [Segment("care", 0.66, 0.86, 60, 60), Segment("returns", 0.63, 0.83, 40, 40)],
    }
    (part,) = explain(segments, is_count=False)
    assert (part.segment.name, part.share) == ("chat", pytest.approx(1.0))


def test_a_share_falls_by_a_mix_that_moves() -> None:
    """Nobody got worse; there is more of what was always bad. From (50·0.9 + 50·0.3)/100 = 0.6 to
    (20·0.9 + 80·0.3)/100 = 0.42: of −0.18 each side of the mix has half.
    """
    segments = {
        "category": [Segment("easy", 0.9, 0.9, 20, 50), Segment("hard", 0.3, 0.3, 80, 50)],
    }
    parts = explain(segments, is_count=False)
    assert {part.segment.name: part.share for part in parts} == {
        "easy": pytest.approx(0.5), "hard": pytest.approx(0.5)
    }  # fmt: skip


def test_what_is_everywhere_is_of_no_segment_more_than_of_another() -> None:
    """All doubled: the parts are as large as the segments, and no more is said."""
    segments = {"channel": [Segment("email", 80, 40), Segment("chat", 40, 20)]}
    parts = explain(segments, is_count=True)
    assert [part.share - part.weight for part in parts] == pytest.approx([0.0] * len(parts))


def test_where_nothing_was_expected_nothing_is_explained() -> None:
    assert explain({"channel": []}, is_count=True) == []
    assert explain({"channel": [Segment("email", 5, 5)]}, is_count=True) == []
    assert explain({"channel": [Segment("email", 0.5, 0.5, 0, 0)]}, is_count=False) == []
