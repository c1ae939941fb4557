"""Who gets a report, and that it goes: put into the outbox, from where messages leave."""

from dataclasses import dataclass
from datetime import UTC, datetime

from bookbag_orchestration.report_periods import Calendar, calendars
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.telling import Directory, send
from reports.files import Written
from reports.outbox import NEWS
from reports.posting import Posted, post_report

# A run whose reports go to their receivers; without it they are only written.
DELIVER_TAG = "bookbag/deliver"


def post(place: Workplace, calendar: Calendar, written: Written, now: datetime) -> Posted:
    """Puts a report into the outbox for all of its receivers, or tells why it is held."""
    directory = Directory(place)
    receivers = [channel.channel_id for channel in directory.receivers(calendar.name)]
    return post_report(place.outbox, written, receivers, directory.route, now)


def is_news(calendar: Calendar, written: Written, now: datetime) -> bool:
    """Whether a report that comes now is not too late to be sent to anybody."""
    return now - calendar.due_at(written.summary.period) < NEWS


def words(posted: Posted) -> str:
    """What has become of it."""
    if posted.held is not None:
        return f"held: {posted.held}"
    told = {
        "to be sent to {} of {} receivers": posted.leaving,
        "{} of {} have it": posted.arrived,
        "{} of {} are tried again": posted.waiting,
        "{} of {} could not be reached (bookbag alerts retry)": posted.dead,
    }
    parts = [text.format(count, posted.receivers) for text, count in told.items() if count]
    return "; ".join(parts) or "no receivers are named"


@dataclass(frozen=True)
class Delivered:
    """What to say of it; `error`: why it has not gone to everybody, with the code to end with."""

    said: str
    error: str | None = None
    code: int = 0


def deliver_now(place: Workplace, written: Written) -> Delivered:
    """Puts a report into the outbox and sends what is due."""
    rhythm, period = written.summary.rhythm.name, written.summary.period.label
    calendar = next(each for each in calendars(place.config) if each.name == rhythm)
    posted = post(place, calendar, written, datetime.now(UTC))
    if posted.held is None and not posted.receivers:
        return Delivered(
            "",
            f"Nobody is named who gets the {rhythm} report: write `{rhythm} = {{ to = "
            '["lead@acme.example"] }` under [reports] of bookbag.toml, or set '
            f"BOOKBAG_REPORTS__{rhythm.upper()}__TO.",
            2,
        )
    send(place)
    if posted.held is not None:
        return Delivered("", f"{period} is held and was sent to nobody. {posted.held}", 1)
    reached = post(place, calendar, written, datetime.now(UTC))
    if reached.arrived < reached.receivers:
        return Delivered("", f"{period}: {words(reached)}. `bookbag doctor` says why.", 1)
    said = f"{period}: sent to {reached.arrived - posted.arrived}, {posted.arrived} had it before"
    if any(channel.is_file for channel in Directory(place).receivers(rhythm)):
        said += f"; no mail server is named, so mails are files in {place.outbox.folder}"
    return Delivered(said)
