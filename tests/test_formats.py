"""How the report writes: names of weeks, cells, figures, changes, days and sparklines."""

from datetime import date

import pytest

from reports import formats
from reports.cards import Point
from reports.periods import week_from, week_named
from reports.render.sparkline import sparkline
from reports.scorecard import safe_cell
from tests.report_support import DOWN, NONE, UP


@pytest.mark.parametrize("week_start", range(1, 8))
def test_a_week_holds_the_monday_of_its_iso_name(week_start: int) -> None:
    for label in ("2026-W46", "2026-W01", "2020-W53"):
        week = week_named(label, week_start)
        monday = date.fromisocalendar(int(label[:4]), int(label[6:]), 1)
        assert week.starts_on.isoweekday() == week_start
        assert week.starts_on <= monday < week.ends_on
        assert week_from(week.starts_on).label == label


@pytest.mark.parametrize(
    ("cell", "text"),
    [("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@a", "'@a"), ("\ta", "'\ta"),
     ("a=b", "a=b"), (-1.5, "-1.5"), (3.0, "3"), (0.7899999999999996, "0.79"), (None, "")],
)  # fmt: skip
def test_cells_are_safe_and_numbers_stay_numbers(cell: str | float | None, text: str) -> None:
    assert safe_cell(cell) == text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "share", "—"), (0.5814, "share", "58.1 %"), (1.03, "share", "103.0 %"),
        (4.405, "score", "4.41"), (0.087, "per_order", "0.087"), (0.08, "points", "+0.08"),
        (-0.001, "points", "0.00"), (38.0, "seconds", "38 s"), (9.4, "seconds", "9.4 s"),
        (59.7, "seconds", "1 min"), (95.0, "seconds", "1 min 35 s"), (0.0, "seconds", "0 s"),
        (15120.0, "seconds", "4 h 12 min"), (3599.0, "seconds", "1 h"),
        (183600.0, "seconds", "2 d 3 h"), (3881.0, "count", "3,881"), (38.42, "count", "38.4"),
        (0.62, "currency", "$0.62"), (-12340.4, "currency", "−$12,340"), (1.25, "days", "1.2 days"),
        (3.44, "plain", "3.4"), (2.367, "times", "2.37×"), (-0.52, "fte", "−0.5 FTE"),
        (1.0, "fte", "+1.0 FTE"), (-12.55, "balance", "−12.6"), (0.1157, "rho", "0.12"),
    ],
)  # fmt: skip
def test_figures_read_as_people_write_them(
    value: float | None, kind: formats.Kind, text: str
) -> None:
    assert formats.figure(value, kind, "USD") == text


@pytest.mark.parametrize(
    ("value", "previous", "kind", "direction", "text", "verdict"),
    [
        (0.581, 0.56, "share", UP, "+2.1 points", "better"),
        (0.76, 0.768, "share", UP, "−0.8 points", "worse"),
        (3881, 4043, "count", NONE, "−4 %", ""),
        (96, 100, "seconds", DOWN, "−4 %", "better"),
        (1004, 1000, "count", UP, "+0.4 %", "better"),
        (1000.1, 1000, "count", UP, "no change", ""),
        (0.08, -0.2, "points", "in-band", "+0.28", "better"),
        (4.41, 4.41, "score", UP, "no change", ""),
        (5, 0, "count", DOWN, "from 0", "worse"),
        (-0.5, -0.6, "fte", DOWN, "+0.1 FTE", "better"),
        (0.9, -0.6, "fte", DOWN, "+1.5 FTE", "worse"),
        (-3.0, 4.0, "balance", UP, "−7.0", "worse"),
        (2.37, 2.68, "times", NONE, "−0.31", ""),
        (0, 0, "count", DOWN, "no change", ""),
    ],
)
def test_changes_carry_their_unit_and_whether_they_are_good(
    value: float, previous: float, kind: formats.Kind, direction: str, text: str, verdict: str
) -> None:
    assert formats.change(value, previous, kind, direction) == formats.Change(text, verdict)
    unjudged = formats.change(value, previous, kind, direction, is_judged=False)
    assert unjudged == formats.Change(text)


def test_days_are_told_without_repeating_what_is_the_same() -> None:
    assert formats.span(date(2026, 11, 16), date(2026, 11, 23)) == "16 to 22 November 2026"
    assert formats.span(date(2026, 9, 28), date(2026, 10, 5)) == "28 September to 4 October 2026"
    assert (
        formats.span(date(2026, 12, 28), date(2027, 1, 4)) == "28 December 2026 to 3 January 2027"
    )
    assert formats.span(date(2026, 11, 27), date(2026, 11, 28)) == "27 November 2026"


def test_a_sparkline_breaks_at_gaps_and_dashes_what_is_not_final() -> None:
    weeks = week_named("2026-W47", 1).trend()
    values = [1.0, None, 2.0, 3.0, 4.0, None, 2.0, *[None] * 4, 3.0, 5.0]
    points = [
        Point(week, value, is_mature=week != weeks[-1], is_low_sample=False)
        for week, value in zip(weeks, values, strict=True)
    ]
    drawn = sparkline(points, 3.0, "<b>")
    assert drawn.count('class="line"') == 1 and drawn.count('class="line pending"') == 1
    assert 'd="M44.0 36.0L63.0 26.0L82.0 16.0"' in drawn
    assert 'class="aim" d="M6 26.0H234"' in drawn
    assert drawn.count('class="dot"') == 2 and drawn.count('class="open"') == 1
    assert "<title>&lt;b&gt;</title>" in drawn
    assert sparkline(points[1:2], None, "nothing") == ""
