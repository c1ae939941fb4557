"""Tickets: merged families, what takes one out of the counts, and the segments (K4, K19, X2, X6).

A merged ticket gives its messages to the survivor; its own events drop out with it. Every mark
(spam, deletion, merge) is read from the ticket's last event of that kind, else from its column.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from .clock import Schedule, TicketClock, schedules_of
from .customers import Identities
from .export import RESOLVED_STATES, Event, Message, Ticket
from .shop import Shop

SKEW = timedelta(seconds=300)  # K2: two clocks that disagree
SYNC_CHANNELS = frozenset({"chat", "messaging", "voice", "phone"})
Item: TypeAlias = Message | Event


@dataclass(frozen=True)
class Case:
    """A ticket with its family's messages, its own events in order, and what is judged of it."""

    ticket: Ticket
    survivor_id: str
    timeline: tuple[Item, ...]
    customer: str | None
    channel: str
    team: str
    is_sync: bool
    clock: TicketClock
    starts_at: datetime | None  # first customer message; without any messages, its creation
    outbound_at: datetime | None  # our first reply, when it comes before any customer message
    exclude_reason: str | None
    is_withheld: bool  # test, merged, deleted or spam: not even counted as outbound

    @property
    def is_countable(self) -> bool:
        return self.exclude_reason is None

    @property
    def is_outbound_started(self) -> bool:
        return self.outbound_at is not None

    @property
    def events(self) -> list[Event]:
        return [item for item in self.timeline if isinstance(item, Event)]

    @property
    def messages(self) -> list[Message]:
        return [item for item in self.timeline if isinstance(item, Message)]


def cases_of(shop: Shop, people: Identities) -> list[Case]:
    """Every ticket of the shop judged; a merged-away one keeps but its own events."""
    schedules = schedules_of(shop)
    events: dict[str, list[Event]] = {key: [] for key in shop.tickets}
    for event in shop.events:
        events.get(event.ticket_id, []).append(event)
    survivors = _survivors(shop.tickets, events)
    family: dict[str, list[Message]] = {key: [] for key in shop.tickets}
    for message in [*shop.messages, *_replies_told_by_columns(shop)]:
        if message.ticket_id in survivors:
            family[survivors[message.ticket_id]].append(message)
    return [
        _judged(shop, people, schedules, ticket, survivors[key], [*family[key], *events[key]])
        for key, ticket in shop.tickets.items()
    ]


def in_order(item: Item) -> tuple[object, ...]:
    """K1: messages first, by seq; then events by seq, else by kind; then by id.

    Rows without a seq follow those that have one.
    """
    seq = (item.seq is None, item.seq or 0)
    if isinstance(item, Message):
        return (item.at, 0, *seq, 0, item.message_id or "")
    if item.state in RESOLVED_STATES:
        kind = 3
    else:
        kind = {"created": 0, "reopened": 1, "deleted": 4, "trashed": 4}.get(item.event_type, 2)
    return (item.at, 1, *seq, kind, item.event_id or "")


def unnamed(value: str | None, missing: str) -> str:
    """K19: the value of a segment; a source value `all` is stored as `all_`."""
    if not value:
        return missing
    return "all_" if value == "all" else value


def _judged(
    shop: Shop,
    people: Identities,
    schedules: dict[str, Schedule],
    ticket: Ticket,
    survivor_id: str,
    items: list[Item],
) -> Case:
    timeline = tuple(sorted([*items, *_resolve_told_by_column(shop, ticket)], key=in_order))
    events = [item for item in timeline if isinstance(item, Event)]
    messages = [item for item in timeline if isinstance(item, Message)]
    customer = people.key(ticket.customer_id, ticket.customer_email)
    channel = unnamed((ticket.channel or "").lower(), "unknown")
    team = _team(shop, ticket, events)
    starts_at = next((item.at for item in messages if item.is_from_customer), None)
    if not shop.has_messages:
        starts_at = ticket.created_at or (events[0].at if events else None)
        timeline = tuple(_not_before(item, starts_at) for item in timeline)
    marks = {
        "test": ticket.is_test or people.is_test(customer),
        "merged": survivor_id != ticket.ticket_id,
        "deleted": _is_marked(
            events, ("deleted", "trashed"), "restored", ticket.is_deleted or bool(ticket.deleted_at)
        ),
        "spam": _is_marked(events, ("spam_marked",), "spam_unmarked", ticket.is_spam),
    }
    outbound_at = _outbound_at(messages) if shop.has_messages else None
    silent = {
        # Only what a machine of the customer's wrote; a lone "thanks" is no such thing.
        "auto_only": any(item.author_kind == "customer" and item.is_auto for item in messages),
        "outbound_only": outbound_at is not None,
        "no_message": True,
    }
    reasons = {**marks, **(silent if starts_at is None else {})}
    return Case(
        ticket=ticket,
        survivor_id=survivor_id,
        timeline=timeline,
        customer=customer,
        channel=channel,
        team=team,
        is_sync=ticket.is_sync if ticket.is_sync is not None else channel in SYNC_CHANNELS,
        clock=TicketClock(
            schedules,
            team,
            [(item.at, item.to_value) for item in events if item.event_type == "schedule_set"],
        ),
        starts_at=starts_at,
        outbound_at=outbound_at,
        exclude_reason=next((reason for reason, holds in reasons.items() if holds), None),
        is_withheld=any(marks.values()),
    )


def _replies_told_by_columns(shop: Shop) -> list[Message]:
    """What a source without messages says of a ticket's first reply."""
    if shop.messages:
        return []
    return [
        Message(key, ticket.first_reply_at, "human_agent", f"{key}#first_reply_at")
        for key, ticket in shop.tickets.items()
        if ticket.first_reply_at
    ]


def _resolve_told_by_column(shop: Shop, ticket: Ticket) -> list[Event]:
    """What a source without events says of a ticket's resolve."""
    if shop.events or not ticket.resolved_at:
        return []
    key = ticket.ticket_id
    return [Event(key, ticket.resolved_at, "resolved", f"{key}#resolved_at")]


def _not_before(item: Item, start: datetime | None) -> Item:
    """What is said to be before the ticket was created stands at its creation: a wrong clock."""
    if start is None or item.at >= start:
        return item
    is_misdated = item.at < start - SKEW
    if isinstance(item, Message):
        return replace(item, sent_at=start, is_misdated=is_misdated)
    return replace(item, occurred_at=start, is_misdated=is_misdated)


def _is_marked(events: list[Event], on: tuple[str, ...], off: str, column: bool) -> bool:
    last = next((item for item in reversed(events) if item.event_type in (*on, off)), None)
    return column if last is None else last.event_type in on


def _outbound_at(messages: list[Message]) -> datetime | None:
    """K4: our first reply, when no customer message comes before it."""
    for item in messages:
        if item.is_from_customer:
            return None
        if item.side:
            return item.at
    return None


def _team(shop: Shop, ticket: Ticket, events: list[Event]) -> str:
    """The ticket's team, else its assignee's; one that is no agent is a team itself."""
    if ticket.team:
        return unnamed(ticket.team, "unassigned")
    assignee = assignee_of(ticket, events)
    agent = shop.agents.get(assignee or "")
    if assignee not in shop.agent_ids:
        return unnamed(assignee, "unassigned")
    return unnamed(agent.team if agent else None, "unassigned")


def assignee_of(
    ticket: Ticket, events: Iterable[Event], until: datetime | None = None
) -> str | None:
    """By the last assignment, up to `until` if given; of a ticket without any, the column."""
    moves = [item for item in events if item.event_type in ("assigned", "unassigned")]
    if not moves:
        return ticket.assignee_id
    before = [item for item in moves if until is None or item.at <= until]
    return before[-1].to_value if before and before[-1].event_type == "assigned" else None


def _survivors(tickets: dict[str, Ticket], events: dict[str, list[Event]]) -> dict[str, str]:
    """The ticket that each one ends in: itself, or the last of its chain of merges.

    A cycle's tickets stay unmerged; one that leads into a cycle ends at the first ticket of it. A
    survivor that is not in the data takes nothing: the ticket stays.
    """
    target: dict[str, str] = {}
    for key, ticket in tickets.items():
        moves = [item for item in events[key] if item.event_type in ("merged_into", "unmerged")]
        last = max(moves, key=in_order, default=None)
        into = ticket.merged_into
        if last is not None:
            into = None if last.event_type == "unmerged" else last.to_value or ticket.merged_into
        if into and into in tickets and into != key:
            target[key] = into
    on_cycle = {key for key in target if key in _chain(target, target[key])}
    ends = {}
    for key in tickets:
        end = key
        while end in target and end not in on_cycle:
            end = target[end]
        ends[key] = end
    return ends


def _chain(target: dict[str, str], key: str) -> list[str]:
    """`key` and what it leads to, each once."""
    chain: list[str] = []
    while key not in chain:
        chain.append(key)
        if key not in target:
            break
        key = target[key]
    return chain
