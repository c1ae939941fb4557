"""A report that goes to people: each gets a period once, and nobody a figure that waits for data.

While a headline's source is late the report is held: it is made, and who owns the headline is told
why it does not come. It goes when the source has caught up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from reports.files import Written
from reports.formats import moment
from reports.outbox import Message, Outbox
from reports.summary import Summary
from reports.wording import brief

REPORT, HELD = "report", "held"


@dataclass(frozen=True)
class Posted:
    """How far a report is on its way to its receivers: to how many it leaves now, has arrived
    before, still waits to be tried again, and could not be delivered; why it is held, if it is.
    """

    leaving: int = 0
    arrived: int = 0
    waiting: int = 0
    dead: int = 0
    held: str | None = None

    @property
    def receivers(self) -> int:
        return self.leaving + self.arrived + self.waiting + self.dead


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
        return Posted()
    subject = {f"{summary.rhythm.name} {summary.period.label}": "info"}
    if summary.waits:
        held = _held(summary)
        title = f"{summary.title} {summary.period.label} is held"
        text = (
            f"{held} It goes to its {len(receivers)} receivers when what is late has come: "
            "`bookbag sources` says what that is, `bookbag doctor` why.\n"
        )
        # By what it waits for: another source that is late is told too.
        event = " ".join([HELD, *sorted(summary.waits)])
        owners = {card.line.kpi.owner: None for cards in summary.waits.values() for card in cards}
        for channel in dict.fromkeys(channel for owner in owners for channel in route(owner)):
            message = Message(channel, event, "warn", title, text, subject, now, is_single=True)
            outbox.put(message, now)
        return Posted(held=held)
    before = {message.message_id: message for message in outbox.messages()}
    found: Counter[str] = Counter()
    for channel in receivers:
        message_id = outbox.put(
            Message(
                *(channel, REPORT, "info", summary.headline, brief(summary), subject, now),
                mail=written.mail,
                is_single=True,
            ),
            now,
        )
        known = before.get(message_id)
        if known is None or known.state == "withdrawn":
            found["leaving"] += 1
        elif known.has_arrived:
            found["arrived"] += 1
        else:
            found["dead" if known.state == "dead" else "waiting"] += 1
    return Posted(found["leaving"], found["arrived"], found["waiting"], found["dead"])


def _held(summary: Summary) -> str:
    """Why it does not go, in words."""
    since = {source.source: source.last_instant_at for source in summary.notes.sources or ()}
    told = []
    for source, cards in summary.waits.items():
        named = ", ".join(card.line.kpi.short_label for card in cards)
        until = since.get(source)
        ends = f"its data end on {moment(until)}" if until else "nothing has come from it yet"
        told.append(f"{source} is late ({ends}), and {named} rest on it.")
    return " ".join(told)
