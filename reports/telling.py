"""What is to be told of the incidents now, and to whom: each once.

An incident is told when it opens, when it gets graver, when somebody asked to be told again, and
when it is over. Of incidents that are one event the first is told, with what is there by then; what
joins it later is told if it is graver. Changes for the better are told once a day, together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from reports.alert_texts import message as text_of
from reports.alert_texts import title
from reports.incidents import SEVERITIES, Incident
from reports.outbox import OVER, UNSENT, Delivery, Message, Outbox, Told

OPENED, WORSE, AGAIN, RECOVERED, DIGEST = "opened", "worse", "again", "recovered", "digest"
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


def put_news(
    outbox: Outbox, incidents: Sequence[Incident], route: Route, times: Times, now: datetime
) -> int:
    """Puts into the outbox what is to be told of the incidents; returns how many messages that is.
    What was over before it left is taken back.
    """
    told, deliveries = outbox.told(), outbox.deliveries()
    known = {each.alert_id: each for each in incidents}
    for message_id in _moot(told, deliveries, known):
        outbox.withdraw(message_id)
    messages = [
        *_recovered(told, outbox.deliveries(), known, times, now),
        *_opened(told, incidents, route, times, now),
        *_again(incidents, route, times, now),
        *_digest(told, incidents, route, times, now),
    ]
    return sum(outbox.put(message, now) and bool(message.channels) for message in messages)


def _opened(
    told: Sequence[Told], incidents: Sequence[Incident], route: Route, times: Times, now: datetime
) -> Iterable[Message]:
    ranks = _ranks(told)
    of_event = _ranks(each for each in told if now - each.created_at < TOGETHER)
    of_figure: dict[tuple[str, ...], int] = {}
    recent = _ranks(each for each in told if now - each.created_at < COOL_DOWN)
    for each in incidents:
        rank = recent.get(each.alert_id, 0)
        of_figure[each.figure_key] = max(of_figure.get(each.figure_key, 0), rank)
    for _, members in groupby(
        sorted(incidents, key=lambda each: each.group_id), key=lambda each: each.group_id
    ):
        group = list(members)
        news = [
            each
            for each in group
            if each.is_open
            and each.is_news
            and each.rank > ranks.get(each.alert_id, 0)
            and route(each.owner)
        ]
        if not news:
            continue
        news.sort(key=lambda each: (-each.rank, -abs(each.score or 0), each.alert_id))
        was = max(of_event.get(each.alert_id, 0) for each in group)
        if any(each.rank > max(was, of_figure[each.figure_key]) for each in news):
            event = WORSE if was or any(each.alert_id in ranks for each in news) else OPENED
            to = _channels(news, route)
            yield _message(event, news[0].severity, news, to, times, now)
        else:
            # It belongs to what was told of: known from now on, and sent to nobody.
            for each in news:
                yield _message(OPENED, each.severity, [each], (), times, now)


def _again(
    incidents: Sequence[Incident], route: Route, times: Times, now: datetime
) -> Iterable[Message]:
    today = now.astimezone(times.zone).date()
    for each in incidents:
        if each.is_open and each.asked_for and each.asked_for <= today and route(each.owner):
            event = f"{AGAIN} {each.asked_for}"
            yield _message(event, each.severity, [each], _channels([each], route), times, now)


def _recovered(
    told: Sequence[Told],
    deliveries: Sequence[Delivery],
    known: Mapping[str, Incident],
    times: Times,
    now: datetime,
) -> Iterable[Message]:
    """Of each message that has left, when all that it told of is over."""
    channels: dict[str, list[str]] = {}
    for delivery in deliveries:
        if delivery.state in (*UNSENT, *OVER):
            channels.setdefault(delivery.message_id, []).append(delivery.channel)
    before = {each.subject for each in told if each.event == RECOVERED}
    for message_id, subjects in _of_messages(told, OPENED):
        about = [known[subject] for subject in subjects if subject in known]
        is_over = len(about) == len(subjects) and all(each.is_over for each in about)
        back = [each for each in about if each.state == "recovered" and each.is_over_now]
        if is_over and back and message_id in channels and not before & set(subjects):
            severity = back[0].severity
            due_at = times.due_at(now, "warn")
            yield Message(
                RECOVERED,
                "info",
                title(RECOVERED, severity, back),
                text_of(RECOVERED, back, back[:WRITTEN_OUT]),
                [each.alert_id for each in back],
                channels[message_id],
                due_at,
            )


def _digest(
    told: Sequence[Told], incidents: Sequence[Incident], route: Route, times: Times, now: datetime
) -> Iterable[Message]:
    digests = [each for each in told if each.event == DIGEST]
    if any(each.created_at >= times.last_digest(now) for each in digests):
        return
    before = {each.subject for each in told}
    by_route: dict[tuple[str, ...], list[Incident]] = {}
    for each in incidents:
        is_better = each.severity == "info" and not each.is_suppressed and each.is_news
        if is_better and each.state in ("open", "recovered") and each.alert_id not in before:
            by_route.setdefault(tuple(route(each.owner)), []).append(each)
    for channels, better in by_route.items():
        if channels:
            better.sort(key=lambda each: (-abs(each.score or 0), each.alert_id))
            yield _message(DIGEST, "info", better, channels, times, now)


def _moot(
    told: Sequence[Told], deliveries: Sequence[Delivery], known: Mapping[str, Incident]
) -> list[str]:
    """Messages that have not left, of which nothing stands any more."""
    waiting = {each.message_id for each in deliveries if each.state == "queued"}
    return [
        message_id
        for event in (OPENED, WORSE)
        for message_id, subjects in _of_messages(told, event)
        if message_id in waiting
        and not any(subject in known and known[subject].is_open for subject in subjects)
    ]


def _of_messages(told: Sequence[Told], event: str) -> Iterable[tuple[str, list[str]]]:
    by_message: dict[str, list[str]] = {}
    for each in told:
        if each.event == event:
            by_message.setdefault(each.message_id, []).append(each.subject)
    return by_message.items()


def _ranks(told: Iterable[Told]) -> dict[str, int]:
    """The gravest that was told of each subject, as its place among the severities."""
    ranks: dict[str, int] = {}
    for each in told:
        if each.event in (OPENED, WORSE):
            rank = SEVERITIES.index(each.severity)
            ranks[each.subject] = max(ranks.get(each.subject, 0), rank)
    return ranks


def _channels(incidents: Sequence[Incident], route: Route) -> list[str]:
    return list(dict.fromkeys(channel for each in incidents for channel in route(each.owner)))


def _message(
    event: str,
    severity: str,
    incidents: Sequence[Incident],
    channels: Sequence[str],
    times: Times,
    now: datetime,
) -> Message:
    return Message(
        event,
        severity,
        title(event, severity, incidents),
        text_of(event, incidents, incidents[:WRITTEN_OUT]),
        [each.alert_id for each in incidents],
        channels,
        times.due_at(now, severity),
    )
