"""The summary as one HTML file.

It opens from a mail or a disk for years, in front of people outside the team: nothing is fetched,
no script runs, and a policy in the page makes the browser refuse both, whatever text got through.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from functools import partial

from markupsafe import Markup

from reports import formats, wording
from reports.cards import Card
from reports.diagnostics import both_sides
from reports.render.environment import TEMPLATES, environment
from reports.render.sparkline import sparkline
from reports.summary import Summary


def summary_html(summary: Summary) -> str:
    """The page; the same summary gives the same text."""
    currency = summary.account.currency
    templates = environment()
    templates.filters |= {
        "figure": partial(formats.figure, currency=currency),
        "next_day": lambda day: day + timedelta(days=1),
        "span": formats.span,
        "moment": formats.moment,
        "stat_words": wording.stat_words,
        "target_text": partial(wording.target_text, currency=currency),
        "tiers": partial(wording.tiers, currency=currency),
        "trend": partial(_trend, currency=currency),
    }
    style = (TEMPLATES / "summary.css").read_text(encoding="utf-8")
    return templates.get_template("summary.html.j2").render(
        summary=summary,
        lede=wording.lede(summary),
        gap=partial(formats.gap, currency=currency),
        range_text=partial(wording.range_text, currency=currency),
        both_sides=both_sides(summary.groups),
        style=Markup(style),
        policy=_policy(style),
    )


def _policy(style: str) -> str:
    """Nothing may load or run; the one style sheet is named by its hash."""
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _trend(card: Card, currency: str) -> Markup:
    """The card's sparkline, told in words for whoever cannot see it."""
    line, kind = card.line, card.line.stat.kind
    known = [point for point in card.trend if point.value is not None]
    if not known:
        return Markup("")
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
    return sparkline(card.trend, target.aim if target else None, description)
