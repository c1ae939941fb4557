"""The small drawings of a summary: the trend of a headline, the bar of a category.

Shape and classes only: the style sheet of the page colours them, so that they follow light, dark
and print. Where no style sheet reaches into a drawing, as in PDF and in pictures, `LIGHT` goes in.
"""

from __future__ import annotations

from markupsafe import Markup

from reports import formats, wording
from reports.cards import Card
from reports.categories import Category
from reports.render.sparkline import HEIGHT, WIDTH, sparkline

LIGHT = (
    "path{fill:none}.line{stroke:#1f5fc4;stroke-width:2;stroke-linejoin:round;"
    "stroke-linecap:round}.pending{stroke-dasharray:3 4}"
    ".aim{stroke:#5a6574;stroke-width:1;stroke-dasharray:3 3}.dot,.ai{fill:#1f5fc4}"
    ".open{fill:#ffffff;stroke:#1f5fc4;stroke-width:2}.human{fill:#8fb5e8}.rest{fill:#dde2e8}"
)
BAR_WIDTH, BAR_HEIGHT = 400, 14
# Pixels of a picture for each of the drawing: screens that show mail are mostly dense.
DENSITY = 2


def trend(card: Card, currency: str, style: str = "") -> Markup:
    """The card's sparkline, told in words for whoever cannot see it; empty where it has none."""
    described = trend_words(card, currency)
    if not described:
        return Markup("")
    target = card.line.target
    return sparkline(card.trend, target.aim if target else None, described, style)


def trend_words(card: Card, currency: str) -> str:
    """What a trend shows, in words."""
    line, kind = card.line, card.line.stat.kind
    known = [point for point in card.trend if point.value is not None]
    if not known:
        return ""
    values = [point.value for point in known if point.value is not None]
    shown = [formats.figure(value, kind, currency) for value in (min(values), max(values))]
    target = card.line.target
    description = (
        f"{line.kpi.short_label} by {line.period.grain}, "
        f"{formats.span(known[0].period.starts_on, known[-1].period.ends_on)}: "
        f"from {formats.figure(values[0], kind, currency)} "
        f"to {formats.figure(values[-1], kind, currency)}, "
        f"lowest {shown[0]}, highest {shown[1]}"
    )
    if target is not None:
        description += f"; target {wording.target_text(target, kind, currency)}"
    return description


def trend_png(card: Card, currency: str) -> bytes | None:
    """The sparkline as a picture for mail, whose programs show no SVG."""
    # Not before it is needed: a page is made without it.
    import resvg_py

    drawing = trend(card, currency, LIGHT)
    if not drawing:
        return None
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=str(drawing),
            width=WIDTH * DENSITY,
            height=HEIGHT * DENSITY,
            skip_system_fonts=True,
        )
    )


def bar(category: Category, largest: int, style: str = "") -> Markup:
    """Tickets of a category, by who handled them, on the scale of the largest one. The figures
    stand beside it, so it says nothing to whoever cannot see it.
    """
    x, parts = 0.0, []
    for name, tickets in shares(category):
        width = tickets / largest * BAR_WIDTH
        if width:
            parts.append(
                f'<rect class="{name}" x="{x:.1f}" y="0" width="{width:.1f}"'
                f' height="{BAR_HEIGHT}"/>'
            )
        x += width
    inside = f"<style>{style}</style>" if style else ""
    return Markup(
        f'<svg class="bar" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {BAR_WIDTH}'
        f' {BAR_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">{inside}{"".join(parts)}'
        "</svg>"
    )


def shares(category: Category) -> list[tuple[str, int]]:
    """The parts of a bar: the AI's, people's, and what automation or nobody handled."""
    rest = category.tickets - category.ai - category.human
    return [("ai", category.ai), ("human", category.human), ("rest", max(rest, 0))]
