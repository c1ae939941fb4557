"""A trend as a small inline SVG.

Shape and classes only: the page's style sheet colours it, so that it follows light, dark and print.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup, escape

from reports.cards import Point

WIDTH, HEIGHT, MARGIN = 240, 52, 6

Spot = tuple[float, float]


def sparkline(
    points: Sequence[Point], target: float | None, description: str, style: str = ""
) -> Markup:
    """The points from left to right, a period each; the target as a dashed line. `style` is CSS for
    where no page gives it.

    One without a value is a gap. What is not final yet is dashed and ends in an open dot.
    """
    known = [point.value for point in points if point.value is not None]
    if not known:
        return Markup("")
    reach = [*known, target] if target is not None else known
    low, high = min(reach), max(reach)
    spots = [
        _spot(place, len(points), point.value, low, high) for place, point in enumerate(points)
    ]
    parts = [f"<title>{escape(description)}</title>"]
    if style:
        parts.append(f"<style>{style}</style>")
    if target is not None:
        y = _height(target, low, high)
        parts.append(f'<path class="aim" d="M{MARGIN} {y:.1f}H{WIDTH - MARGIN}"/>')
    for name, path in _paths(points, spots):
        parts.append(f'<path class="{name}" d="{path}"/>')
    last = max(place for place, spot in enumerate(spots) if spot)
    for place, (point, spot) in enumerate(zip(points, spots, strict=True)):
        if spot and (place == last or point.is_low_sample or _is_alone(spots, place)):
            is_open = not point.is_mature or point.is_low_sample
            name, radius = ("open", 3.5) if is_open else ("dot", 3.5 if place == last else 2)
            parts.append(
                f'<circle class="{name}" cx="{spot[0]:.1f}" cy="{spot[1]:.1f}" r="{radius}"/>'
            )
    head = (
        f'<svg class="trend" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' role="img">'
    )
    return Markup("".join((head, *parts, "</svg>")))


def _spot(place: int, places: int, value: float | None, low: float, high: float) -> Spot | None:
    if value is None:
        return None
    step = (WIDTH - 2 * MARGIN) / max(places - 1, 1)
    return MARGIN + place * step, _height(value, low, high)


def _height(value: float, low: float, high: float) -> float:
    if high == low:
        return HEIGHT / 2
    return HEIGHT - MARGIN - (value - low) / (high - low) * (HEIGHT - 2 * MARGIN)


def _paths(points: Sequence[Point], spots: Sequence[Spot | None]) -> list[tuple[str, str]]:
    """Class and path data of the runs of periods that follow each other, final or not."""
    runs: list[tuple[str, str]] = []
    is_open = False
    for (_, start), (point, end) in pairwise(zip(points, spots, strict=True)):
        if start is None or end is None:
            is_open = False
            continue
        name = "line" if point.is_mature else "line pending"
        if is_open and runs[-1][0] == name:
            runs[-1] = (name, f"{runs[-1][1]}L{end[0]:.1f} {end[1]:.1f}")
        else:
            move = f"M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"
            runs.append((name, move))
        is_open = True
    return runs


def _is_alone(spots: Sequence[Spot | None], place: int) -> bool:
    around = (*spots[max(place - 1, 0) : place], *spots[place + 1 : place + 2])
    return not any(around)
