"""The summary as one HTML file.

It opens from a mail or a disk for years, in front of people outside the team: nothing is fetched,
no script runs, and a policy in the page makes the browser refuse both, whatever text got through.
"""

from __future__ import annotations

import base64
import hashlib

from markupsafe import Markup

from reports.render.drawings import LIGHT
from reports.render.environment import TEMPLATES
from reports.render.templates import summary_templates
from reports.summary import Summary


def summary_html(summary: Summary) -> str:
    """The page; the same summary gives the same text."""
    return _page(summary, _css("summary.css"))


def print_html(summary: Summary) -> str:
    """The page as it is printed on A4."""
    return _page(summary, _css("summary.css") + _css("summary.print.css"), LIGHT)


def _css(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _page(summary: Summary, style: str, drawn: str = "") -> str:
    """`drawn` is the style of its drawings where that of the page does not reach them."""
    template = summary_templates(summary, style=drawn).get_template("summary.html.j2")
    return template.render(style=Markup(style), policy=_policy(style))


def _policy(style: str) -> str:
    """Nothing may load or run; the one style sheet is named by its hash."""
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
