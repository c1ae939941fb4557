"""The summary as a mail: HTML, text and pictures of one message, with its files attached.

Nothing in it is fetched: pictures are parts of the mail. It names no receiver: who sends it says to
whom. The same summary gives the same bytes, so boundaries are counted, not drawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from zoneinfo import ZoneInfo

from reports.errors import NoMailError
from reports.mails import SENDER
from reports.render.drawings import trend_png
from reports.render.templates import summary_templates
from reports.summary import Summary

_TYPES = {
    "pdf": ("application", "pdf", "the whole summary as PDF"),
    "xlsx": (
        "application",
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "a workbook",
    ),
    "csv": ("text", "csv", "the scorecard as CSV"),
}


@dataclass(frozen=True)
class Attachment:
    """A file of the mail; `kind` is pdf, xlsx or csv."""

    name: str
    kind: str
    content: bytes


def summary_mail(summary: Summary, attached: Sequence[Attachment]) -> bytes:
    """The message in RFC 5322 form, lines ending with CRLF."""
    currency = summary.account.currency
    pictures = {
        name: png
        for card in summary.cards
        if (name := card.line.kpi.kpi) and (png := trend_png(card, currency))
    }
    period, account = summary.period, summary.account
    mail = EmailMessage(policy=SMTP)
    mail["From"] = SENDER
    mail["Subject"] = summary.headline
    mail["Date"] = account.data_as_of.replace(tzinfo=ZoneInfo(account.timezone))
    named = f"{account.account_id} {summary.rhythm.name} {period.label}"
    mail["Message-ID"] = f"<{_digest(named)}@bookbag>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(summary_text(summary), cte="quoted-printable")
    ids = {name: f"{name}@bookbag" for name in pictures}
    mail.add_alternative(
        summary_mail_html(summary, ids, attached), subtype="html", cte="quoted-printable"
    )
    html = mail.get_payload(1)
    if not isinstance(html, MIMEPart):
        raise TypeError("a message of two alternatives has a second one")
    for name, png in pictures.items():
        html.add_related(
            png, "image", "png", cid=f"<{ids[name]}>", disposition="inline", filename=f"{name}.png"
        )
    for each in attached:
        major, minor, _ = _TYPES[each.kind]
        charset = {"charset": "utf-8"} if major == "text" else None
        mail.add_attachment(each.content, major, minor, filename=each.name, params=charset)
    manifolds = (part for part in mail.walk() if part.is_multipart())
    for number, part in enumerate(manifolds):
        part.set_boundary(f"=_{_digest(named)}_{number}")
    return mail.as_bytes()


def summary_mail_html(
    summary: Summary, pictures: dict[str, str], attached: Sequence[Attachment] = ()
) -> str:
    """The HTML of the mail; `pictures` has the content id of each headline's trend."""
    # Not before it is needed: a page is made without it.
    import mjml

    words = [_TYPES[each.kind][2] for each in attached]
    markup = (
        summary_templates(summary)
        .get_template("summary.mjml.j2")
        .render(
            pictures={card.line.kpi.kpi: pictures.get(card.line.kpi.kpi) for card in summary.cards},
            attached=", ".join(words) or "nothing",
        )
    )
    try:
        # No font of others is named, so that none is asked for.
        return mjml.mjml2html(markup, disable_comments=True, fonts={})
    except ValueError as error:
        raise NoMailError(
            f"no mail: summary.mjml.j2 is no MJML with the data of {summary.period.label} "
            f"({error}). The other files of the report do not need it; please report it."
        ) from error


def summary_text(summary: Summary) -> str:
    """The mail for who reads text alone."""
    return summary_templates(summary, is_text=True).get_template("summary.txt.j2").render()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
