"""What is to be told of the incidents now, and to whom: each once.

Every channel is looked at by itself, by what it has been told before. An incident is told when it
opens, when it gets graver, when somebody asked to be told again, and when it is over; one that
opens again after that is told again. Of incidents that are one event the first is told, with what
is there by then; what joins them is told if it is graver, or when it is left alone. What is held
back is not forgotten: if it still stands when nothing holds it back any more, it is told. Changes
for the better are told once a day, together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from reports.alert_texts import message as text_of
from reports.alert_texts import title
from reports.incidents import SEVERITIES, Incident
from reports.outbox import Kept, Message, Outbox

OPENED, WORSE, AGAIN, RECOVERED, DIGEST = "opened", "worse", "again", "recovered", "digest"
BEGUN = (OPENED, WORSE, AGAIN)
# Incidents that are written out in one message.
WRITTEN_OUT = 6
# What joins an event that was told of, and what comes back after it was over.
TOGETHER, COOL_DOWN = timedelta(hours=48), timedelta(hours=24)

Route = Callable[[str], Sequence[str]]
"""The channels of an owner, by name."""


@dataclass(frozen=True)
class Times:
    """When people are told: not within `quiet` (from, until) unless it is critical; of changes for
    the better from `digest` on. All in the account's zone.
    """

    zone: ZoneInfo
    quiet: tuple[time, time] | None = None
    digest: time = time(8)

    def due_at(self, now: datetime, severity: str) -> datetime:
        """When a message of now may leave."""
        if self.quiet is None or severity == "critical":
            return now
        begin, end = self.quiet
        local = now.astimezone(self.zone)
        clock = local.time()
        is_quiet = begin <= clock < end if begin < end else clock >= begin or clock < end
        if not is_quiet:
            return now
        day = local.date() + timedelta(days=1 if clock >= end else 0)
        return datetime.combine(day, end, self.zone)

    def last_digest(self, now: datetime) -> datetime:
        """The newest instant at which a digest was due."""
        local = now.astimezone(self.zone)
        day = local.date() - timedelta(days=1 if local.time() < self.digest else 0)
        return datetime.combine(day, self.digest, self.zone)


@dataclass
class _Known:
    """What a channel knows of an incident: the gravest that it was told since it last opened, by
    which message and when; `again`: the days on which it was told anew, `in_digest`: whether it was
    information.
    """

    rank: int = 0
    told_by: Kept | None = None
    again: set[str] = field(default_factory=set)
    in_digest: bool = False


def put_news(
    outbox: Outbox, incidents: Sequence[Incident], route: Route, times: Times, now: datetime
) -> int:
    """Puts into the outbox what is to be told of the incidents; returns how many messages that is.
    What is over before it has arrived is taken back.
    """
    by_channel: dict[str, list[Incident]] = {}
    for each in incidents:
        for channel in route(each.owner):
            by_channel.setdefault(channel, []).append(each)
    _take_back(outbox, {each.alert_id: each for each in incidents})
    kept = outbox.messages()
    messages = [
        message
        for channel, mine in by_channel.items()
        for message in _Desk(
            channel, [each for each in kept if each.channel == channel], mine, times, now
        ).news()
    ]
    for message in messages:
        outbox.put(message, now)
    return len(messages)


def _take_back(outbox: Outbox, known: Mapping[str, Incident]) -> None:
    """What has not arrived and is not true any more: nothing of it stands, or something is said to
    be over that stands again.
    """
    for message in outbox.messages():
        if message.state != "queued" or message.event == DIGEST:
            continue
        stands = any(known[each].is_open for each in message.subjects if each in known)
        if stands == (message.event == RECOVERED):
            outbox.withdraw(message)


@dataclass
class _Desk:
    """One channel: its messages so far and the incidents that are its own."""

    channel: str
    kept: Sequence[Kept]
    incidents: Sequence[Incident]
    times: Times
    now: datetime
    known: dict[str, _Known] = field(init=False)

    def __post_init__(self) -> None:
        self.known = {each.alert_id: _Known() for each in self.incidents}
        for message in self.kept:
            if message.state == "withdrawn":
                continue
            event, _, day = message.event.partition(" ")
            for subject in message.subjects:
                self._learn(self.known.setdefault(subject, _Known()), message, event, day)

    def _learn(self, known: _Known, message: Kept, event: str, day: str) -> None:
        if event == RECOVERED:
            known.rank, known.told_by = 0, None
        elif event == DIGEST:
            known.in_digest = True
        elif event in BEGUN:
            known.rank = max(known.rank, SEVERITIES.index(message.severity))
            known.told_by = message
            if event == AGAIN:
                known.again.add(day)

    def news(self) -> Iterator[Message]:
        yield from self._recovered()
        again = list(self._again())
        yield from again
        told = {subject for message in again for subject in message.subjects}
        yield from self._opened(told)
        yield from self._digest()

    def _opened(self, told: set[str]) -> Iterator[Message]:
        of_figure = self._of_figures()
        for _, members in groupby(
            sorted(self.incidents, key=lambda each: each.group_id), key=lambda each: each.group_id
        ):
            group = list(members)
            was = max(self._rank_of_event(each) for each in group)
            news = [each for each in group if self._is_news(each) and each.alert_id not in told]
            loud = [
                each for each in news if each.rank > max(was, of_figure.get(each.figure_key, 0))
            ]
            if loud:
                news.sort(key=lambda each: (-each.rank, -abs(each.score or 0), each.alert_id))
                is_known = was or any(self.known[each.alert_id].rank for each in news)
                yield self._message(WORSE if is_known else OPENED, news[0].severity, news)

    def _is_news(self, incident: Incident) -> bool:
        """Whether it stands and is graver than what was told of it. What was told and gets graver
        is news however long it has stood.
        """
        rank = self.known[incident.alert_id].rank
        is_recent = incident.is_recent if rank else incident.is_news
        return incident.is_open and is_recent and incident.rank > rank

    def _rank_of_event(self, incident: Incident) -> int:
        """How grave the event of an incident is known to be by it: while it stands, and for two
        days.
        """
        known = self.known[incident.alert_id]
        if known.told_by is None:
            return 0
        is_young = self.now - known.told_by.created_at < TOGETHER
        return known.rank if incident.is_open or is_young else 0

    def _of_figures(self) -> dict[tuple[str, ...], int]:
        """How grave what was told of each figure within a day is, be it over or not."""
        by_id = {each.alert_id: each for each in self.incidents}
        found: dict[tuple[str, ...], int] = {}
        for message in self.kept:
            is_begun = message.event.partition(" ")[0] in BEGUN and message.state != "withdrawn"
            if is_begun and self.now - message.created_at < COOL_DOWN:
                for subject in message.subjects:
                    if subject in by_id:
                        key, rank = by_id[subject].figure_key, SEVERITIES.index(message.severity)
                        found[key] = max(found.get(key, 0), rank)
        return found

    def _again(self) -> Iterator[Message]:
        today = self.now.astimezone(self.times.zone).date()
        for each in self.incidents:
            day, before = each.asked_for, self.known[each.alert_id].again
            if each.is_open and day and day <= today and str(day) not in before:
                yield self._message(f"{AGAIN} {day}", each.severity, [each])

    def _recovered(self) -> Iterator[Message]:
        """Of what one message has told last, when all of it is over."""
        by_message: dict[str, list[Incident]] = {}
        for each in self.incidents:
            told_by = self.known[each.alert_id].told_by
            if told_by is not None and told_by.has_arrived:
                by_message.setdefault(told_by.message_id, []).append(each)
        for about in by_message.values():
            back = [each for each in about if each.state == "recovered" and each.is_over_now]
            if back and all(each.is_over for each in about):
                yield Message(
                    self.channel,
                    RECOVERED,
                    "info",
                    title(RECOVERED, back[0].severity, back),
                    text_of(RECOVERED, back, back[:WRITTEN_OUT]),
                    [each.alert_id for each in back],
                    self.times.due_at(self.now, "warn"),
                )

    def _digest(self) -> Iterator[Message]:
        since = self.times.last_digest(self.now)
        if any(each.event == DIGEST and each.created_at >= since for each in self.kept):
            return
        better = [
            each
            for each in self.incidents
            if each.severity == "info"
            and each.is_news
            and not each.is_suppressed
            and each.state in ("open", "recovered")
            and not self.known[each.alert_id].in_digest
            and not self.known[each.alert_id].rank
        ]
        if better:
            better.sort(key=lambda each: (-abs(each.score or 0), each.alert_id))
            yield self._message(DIGEST, "info", better)

    def _message(self, event: str, severity: str, incidents: Sequence[Incident]) -> Message:
        return Message(
            self.channel,
            event,
            severity,
            title(event, severity, incidents),
            text_of(event, incidents, incidents[:WRITTEN_OUT]),
            [each.alert_id for each in incidents],
            self.times.due_at(self.now, severity),
        )


def first_told(messages: Iterable[Kept]) -> dict[str, datetime]:
    """When each incident was first told to somebody: what was written into a file was not."""
    first: dict[str, datetime] = {}
    for message in messages:
        if message.state == "sent" and message.sent_at and message.event in (OPENED, WORSE):
            for subject in message.subjects:
                first[subject] = min(first.get(subject, message.sent_at), message.sent_at)
    return first
