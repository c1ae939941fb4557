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
from dataclasses import dataclass, field, replace
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

    def digest_at(self, now: datetime) -> datetime:
        """When what is for information may leave: from the day's hour on."""
        local = now.astimezone(self.zone)
        return max(now, datetime.combine(local.date(), self.digest, self.zone))


@dataclass
class _Known:
    """What a channel knows of an incident: the gravest that it was told since it last opened, and
    by which message, one that has arrived before one that has not; `heard`: how grave it was told
    to be the last time, and when; `again`: the days on which it was told anew, `in_digest`: whether
    it was information.
    """

    rank: int = 0
    told_by: Kept | None = None
    heard: tuple[int, datetime] | None = None
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
    for place, message in enumerate(messages):
        for waiting in kept:
            if waiting.state == "queued" and _overtakes(message, waiting):
                outbox.withdraw(waiting)
        # What is told first leaves first.
        outbox.put(message, now + timedelta(microseconds=place))
    return len(messages)


def _take_back(outbox: Outbox, known: Mapping[str, Incident]) -> None:
    """What has not arrived and is not true any more: some of it does not stand, or stands again.
    The rest of it is put in anew.
    """
    for message in outbox.messages():
        stand = [each in known and known[each].is_open for each in message.subjects]
        is_false = any(stand) if message.event == RECOVERED else not all(stand)
        is_told = _begins(message.event) or message.event == RECOVERED
        if message.state == "queued" and is_told and is_false:
            outbox.withdraw(message)


def _overtakes(message: Message, waiting: Kept) -> bool:
    """Whether a newer message tells all that one tells which has not arrived."""
    is_same = message.channel == waiting.channel and set(waiting.subjects) <= set(message.subjects)
    return is_same and _begins(message.event) and _begins(waiting.event)


def _begins(event: str) -> bool:
    return event.partition(" ")[0] in BEGUN


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
            for subject, severity in message.subjects.items():
                known = self.known.setdefault(subject, _Known())
                self._learn(known, message, event, day, SEVERITIES.index(severity))

    def _learn(self, known: _Known, message: Kept, event: str, day: str, rank: int) -> None:
        if event == RECOVERED:
            known.rank, known.told_by = 0, None
        elif event == DIGEST:
            known.in_digest = True
        elif event in BEGUN:
            known.rank = max(known.rank, rank)
            known.heard = (known.rank, message.created_at)
            if known.told_by is None or message.has_arrived or not known.told_by.has_arrived:
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
            was = {each.alert_id: self._rank_of_event(each) for each in group}
            is_heard = any(self.known[each.alert_id].heard for each in group)
            news = [
                each
                for each in group
                if self._is_news(each, is_heard) and each.alert_id not in told
            ]
            loud = [
                each
                for each in news
                if each.rank > of_figure.get(each.figure_key, 0)
                and all(each.rank > rank for other, rank in was.items() if other != each.alert_id)
            ]
            if loud:
                news.sort(key=lambda each: (-each.rank, -abs(each.score or 0), each.alert_id))
                stands = any(each.is_open and self.known[each.alert_id].rank for each in group)
                yield self._message(WORSE if stands else OPENED, news[0].severity, news)

    def _is_news(self, incident: Incident, is_heard: bool) -> bool:
        """Whether it stands and is graver than what was told of it. What is of an event that was
        told (`is_heard`) is news however long it has stood.
        """
        is_recent = incident.is_recent if is_heard else incident.is_news
        return incident.is_open and is_recent and incident.rank > self.known[incident.alert_id].rank

    def _rank_of_event(self, incident: Incident) -> int:
        """How grave the event of an incident is known to be by it: while it stands, and for two
        days.
        """
        known = self.known[incident.alert_id]
        if incident.is_open and known.rank:
            return known.rank
        rank, at = known.heard or (0, self.now)
        return rank if self.now - at < TOGETHER else 0

    def _of_figures(self) -> dict[tuple[str, ...], int]:
        """How grave what was told of each figure within a day is, be it over or not."""
        by_id = {each.alert_id: each for each in self.incidents}
        found: dict[tuple[str, ...], int] = {}
        for message in self.kept:
            is_begun = _begins(message.event) and message.state != "withdrawn"
            if is_begun and self.now - message.created_at < COOL_DOWN:
                for subject, severity in message.subjects.items():
                    if subject in by_id:
                        key, rank = by_id[subject].figure_key, SEVERITIES.index(severity)
                        found[key] = max(found.get(key, 0), rank)
        return found

    def _again(self) -> Iterator[Message]:
        today = self.now.astimezone(self.times.zone).date()
        for each in self.incidents:
            day, known = each.asked_for, self.known[each.alert_id]
            is_due = day is not None and day <= today and str(day) not in known.again
            if is_due and each.is_open and (known.heard or each.is_news):
                yield self._message(f"{AGAIN} {day}", each.severity, [each])

    def _recovered(self) -> Iterator[Message]:
        """Of what one message has told last, when all of it is over."""
        by_message: dict[str, list[Incident]] = {}
        for each in self.incidents:
            told_by = self.known[each.alert_id].told_by
            if told_by is not None and told_by.has_arrived:
                by_message.setdefault(told_by.message_id, []).append(each)
        for about in by_message.values():
            back = [each for each in about if each.state == "recovered"]
            is_new = any(each.is_over_now for each in back)
            # What somebody has settled, or the calendar excuses by now, is waited for no more.
            if is_new and all(each.is_over or each.is_settled for each in about):
                yield Message(
                    self.channel,
                    RECOVERED,
                    "info",
                    title(RECOVERED, back[0].severity, back),
                    text_of(RECOVERED, back, back[:WRITTEN_OUT]),
                    {each.alert_id: each.severity for each in back},
                    self.times.due_at(self.now, "warn"),
                )

    def _digest(self) -> Iterator[Message]:
        due_at, zone = self.times.digest_at(self.now), self.times.zone
        day = due_at.astimezone(zone).date()
        if any(e.event == DIGEST and e.due_at.astimezone(zone).date() == day for e in self.kept):
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
            due_at = self.times.due_at(due_at, "info")
            yield replace(self._message(DIGEST, "info", better), due_at=due_at)

    def _message(self, event: str, severity: str, incidents: Sequence[Incident]) -> Message:
        return Message(
            self.channel,
            event,
            severity,
            title(event, severity, incidents),
            text_of(event, incidents, incidents[:WRITTEN_OUT]),
            {each.alert_id: each.severity for each in incidents},
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
