"""A report that goes to people: each gets a period once, and nobody a figure that waits for data.

While a headline's source is late the report is held: it is made, and who owns the headline is told
why it does not come. It goes when the source has caught up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from reports.files import Written
from reports.formats import moment
from reports.outbox import Message, Outbox
from reports.render.mail import summary_text
from reports.summary import Summary

REPORT, HELD = "report", "held"


@dataclass(frozen=True)
class Posted:
    """How many receivers will get it, of whom so many had it before; why it is held, if it is."""

    receivers: int
    known: int
    held: str | None = None


def post_report(
    outbox: Outbox,
    written: Written,
    receivers: Sequence[str],
    route: Callable[[str], Sequence[str]],
    now: datetime,
) -> Posted:
    """Puts a report into the outbox, a message for each of `receivers`, or what tells the owners
    that it is held; `route` gives the channels of an owner. Channels are named by their ids.
    """
    summary = written.summary
    if not receivers:
        return Posted(0, 0)
    subject = f"{summary.rhythm.name} {summary.period.label}"
    before = {message.message_id for message in outbox.messages()}
    held = _held(summary)
    if held is not None:
        owners = {card.line.kpi.owner: None for cards in summary.waits.values() for card in cards}
        for channel in dict.fromkeys(channel for owner in owners for channel in route(owner)):
            title = f"{summary.title} {summary.period.label} is held"
            text = (
                f"{held} It goes to its {len(receivers)} receivers when what is late has come: "
                "`bookbag sources` says what that is, `bookbag doctor` why.\n"
            )
            outbox.put(
                Message(channel, HELD, "warn", title, text, {subject: "warn"}, now, (), True), now
            )
        return Posted(0, 0, held)
    title = f"{summary.title} {summary.period.label}, {summary.account.account_id}"
    text = summary_text(summary)
    files = [path for path in written.files if path.suffix in (".eml", ".pdf")]
    put = [
        outbox.put(
            Message(channel, REPORT, "info", title, text, {subject: "info"}, now, files, True), now
        )
        for channel in receivers
    ]
    return Posted(len(put), sum(1 for message_id in put if message_id in before))


def _held(summary: Summary) -> str | None:
    """Why it does not go, in words."""
    if not summary.waits:
        return None
    since = {source.source: source.last_instant_at for source in summary.notes.sources or ()}
    told = []
    for source, cards in summary.waits.items():
        named = ", ".join(card.line.kpi.short_label for card in cards)
        until = since.get(source)
        ends = f"its data end on {moment(until)}" if until else "nothing has come from it yet"
        told.append(f"{source} is late ({ends}), and {named} rest on it.")
    return " ".join(told)
