"""The templates of a summary: the page, the mail and its text say the same by the same words."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from jinja2 import Environment

from reports import formats, wording
from reports.diagnostics import both_sides
from reports.render import drawings
from reports.render.environment import environment
from reports.summary import Summary


def summary_templates(summary: Summary, *, is_text: bool = False, style: str = "") -> Environment:
    """How a summary is written; `style` goes into its drawings."""
    currency = summary.account.currency
    largest = max((each.tickets for each in summary.categories), default=0)
    templates = environment(is_text=is_text)
    templates.filters |= {
        "figure": partial(formats.figure, currency=currency),
        "next_day": lambda day: day + timedelta(days=1),
        "span": formats.span,
        "moment": formats.moment,
        "stat_words": wording.stat_words,
        "target_text": partial(wording.target_text, currency=currency),
        "tiers": partial(wording.tiers, currency=currency),
        "trend": partial(drawings.trend, currency=currency, style=style),
        "trend_words": partial(drawings.trend_words, currency=currency),
        "bar": partial(drawings.bar, largest=largest, style=style),
        "shares": drawings.shares,
    }
    templates.globals |= {
        "summary": summary,
        "period": summary.period,
        "grain": summary.period.grain,
        "account": summary.account,
        "lede": wording.lede(summary),
        "gap": partial(formats.gap, currency=currency),
        "range_text": partial(wording.range_text, currency=currency),
        "category_change": wording.category_change,
        "both_sides": both_sides(summary.groups),
        "largest": largest,
    }
    return templates
