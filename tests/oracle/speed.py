"""Rows of the speed KPIs (S1–S7): clocks, their statistics, how many stopped within target (K14).

A clock is counted twice: by the instant it stopped, in the mean, median and p90; by the instant it
started, in `within_target`, where those that nobody stopped count too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from .clock import TicketClock, seconds
from .export import Event, Message
from .judgements import Judged, customer_turns, handoff_clock
from .tally import Calendar, Fact, Measure, Row, mean, quantile, share, tabulate
from .volume import with_events, with_messages
from .world import Contact, Dims, Family, World

HOUR = 3600
# A4's middle tier; a pair is (async, sync) where it names email and chat.
TARGETS = {
    "first_response_time": (300, 300),
    "ai_first_response_time": (60, 60),
    "human_first_response_time": (4 * HOUR, 120),
    "handoff_response_time": (4 * HOUR, 120),
    "reply_time": (3 * HOUR, 120),
    "full_resolution_time": (24 * HOUR, 24 * HOUR),
}


@dataclass(frozen=True)
class Clock:
    """One wait. `given_up_at`: a resolve without reply that ended it; `side`: who stopped it."""

    dims: Dims
    business: TicketClock
    is_sync: bool
    started_at: datetime
    stopped_at: datetime | None
    given_up_at: datetime | None = None
    side: str | None = None
    legs: dict[str, int | None] = field(default_factory=dict)
    is_misdated: bool = False  # K2: what stopped it says that it was before the start

    @property
    def seconds(self) -> int | None:
        return None if self.is_misdated else seconds(self.started_at, self.stopped_at)

    @property
    def business_seconds(self) -> int | None:
        if self.is_misdated:
            return None
        return self.business.seconds(self.started_at, self.stopped_at)

    def is_within(self, target: int, now: datetime, business: bool) -> bool | None:
        """K14; None: not decided yet, or given up before its target."""
        if self.is_misdated:
            return None
        measure = self.business.seconds if business else seconds
        if self.stopped_at is not None:
            taken = measure(self.started_at, self.stopped_at)
            return None if taken is None else taken <= target
        waited = measure(self.started_at, self.given_up_at or now)
        return None if waited is None or waited < target else False


def speed_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    # Without messages only the columns tell of replies; where they do not either, nothing is known.
    told = world.shop.has_messages or any(
        ticket.first_reply_at for ticket in world.shop.tickets.values()
    )
    first = first_reply_clocks(world)
    human = human_clocks(world)
    hybrid = hybrid_clocks(world)
    full = [full_clock(family) for family in world.countable if family.contacts]
    usual = ("day", "week", "month")
    yield from _waits(calendar, "first_response_time", first, told, ("hour", *usual))
    ai = [clock for clock in first if clock.side == "ai"]
    said = world.shop.has_messages
    yield from _waits(calendar, "ai_first_response_time", ai, said)
    yield from _waits(calendar, "human_first_response_time", human, told)
    yield from _stopped(calendar, "human_first_response_time", hybrid, _two("hybrid"), usual)
    handoffs = handoff_clocks(world) if said else []
    yield from _waits(calendar, "handoff_response_time", handoffs, said)
    replies = [clock for _, _, clock in reply_clocks(world) if said]
    yield from _waits(calendar, "reply_time", replies, said)
    for side in ("ai", "human"):
        own = [clock for clock in replies if clock.side == side]
        yield from _stopped(calendar, "reply_time", own, _two(side), usual)
    once = [first_resolution_clock(family) for family in world.countable if family.life.resolves]
    yield from _stopped(calendar, "first_resolution_time", once, _statistics(), usual)
    yield from _waits(calendar, "full_resolution_time", full, world.shop.has_resolves)
    spans = ("needs_us", "waiting_customer", "on_hold")
    stats = with_events(world, {f"mean_{leg}": _mean_leg(leg) for leg in spans})
    sides = {f"mean_{leg}": _mean_leg(leg) for leg in ("ai_leg", "human_leg")}
    stats |= with_messages(world, sides)
    yield from _stopped(calendar, "full_resolution_time", full, stats, usual)


def first_reply_clocks(world: World) -> list[Clock]:
    """S1: the first episode of every ticket that the customer started."""
    return [
        _answer_clock(contact, contact.judged.first_reply_at(), _first_side(contact.judged))
        for contact in _first_episodes(world)
    ]


def human_clocks(world: World) -> list[Clock]:
    """S3: first episodes of humans alone, and those that nobody answered nor handed off."""
    return [
        _answer_clock(contact, contact.judged.first_reply_at("human"), "human")
        for contact in _first_episodes(world)
        if contact.judged.handling == "human_only"
        or (contact.judged.handling == "none" and not contact.judged.handoffs)
    ]


def hybrid_clocks(world: World) -> list[Clock]:
    return [
        _answer_clock(contact, contact.judged.first_reply_at("human"), "human")
        for contact in _first_episodes(world)
        if contact.judged.handling == "hybrid"
    ]


def handoff_clocks(world: World) -> list[Clock]:
    """S4: of any episode."""
    clocks = []
    for contact in world.contacts:
        found = handoff_clock(contact.judged)
        if found:
            clocks.append(replace(_answer_clock(contact, found[1], "human"), started_at=found[0]))
    return clocks


def reply_clocks(world: World) -> list[tuple[Contact, int, Clock]]:
    """S5: every customer turn of every countable episode, numbered in it."""
    clocks = []
    for contact in world.contacts:
        for number, (asked_at, reply) in enumerate(customer_turns(contact.judged), 1):
            clock = _answer_clock(
                contact, reply.at if reply else None, reply.side if reply else None
            )
            clocks.append((contact, number, replace(clock, started_at=asked_at)))
    return clocks


def first_resolution_clock(family: Family) -> Clock:
    """S6."""
    return _resolution_clock(family, family.life.resolves[0][1].at)


def full_clock(family: Family) -> Clock:
    """S7 with its legs."""
    clock = _resolution_clock(family, family.full_resolved_at)
    end = clock.stopped_at
    if end is None:
        return clock
    legs: dict[str, int | None] = {}
    for leg, states in (
        ("needs_us", ("new", "open")),
        ("waiting_customer", ("pending",)),
        ("on_hold", ("on_hold",)),
    ):
        legs[leg] = sum(
            seconds(span.valid_from, min(span.valid_to or end, end)) or 0
            for span in family.life.spans
            if span.state in states and span.valid_from < end
        )
    ai_until = clock.started_at
    if any(contact.judged.is_ai_involved for contact in family.contacts):
        human = [
            at
            for contact in family.contacts
            for at in (
                contact.judged.first_reply_at("human"),
                *(event.at for event in contact.judged.handoffs),
            )
            if at is not None
        ]
        ai_until = min([*human, end])
    legs["ai_leg"] = seconds(clock.started_at, ai_until)
    legs["human_leg"] = seconds(ai_until, end)
    return replace(clock, legs=legs)


def _first_episodes(world: World) -> list[Contact]:
    return [
        family.contacts[0]
        for family in world.countable
        if family.contacts and not family.case.is_outbound_started
    ]


def _first_side(judged: Judged) -> str | None:
    return next((item.side for item in judged.replies), None)


def _answer_clock(contact: Contact, replied_at: datetime | None, side: str | None) -> Clock:
    """From the opening to a reply; without one, the episode's resolve gives the wait up."""
    return Clock(
        dims=contact.dims,
        business=contact.case.clock,
        is_sync=contact.case.is_sync,
        started_at=contact.opened_at,
        stopped_at=replied_at,
        given_up_at=contact.resolved_at if replied_at is None else None,
        side=side,
        is_misdated=_is_misdated(replied_at, contact.judged.replies),
    )


def _is_misdated(at: datetime | None, items: Iterable[Message | Event]) -> bool:
    """Whether what happened at `at` says that it was well before its ticket (K2)."""
    return at is not None and any(item.is_misdated and item.at == at for item in items)


def _resolution_clock(family: Family, resolved_at: datetime | None) -> Clock:
    return Clock(
        dims=family.dims,
        business=family.case.clock,
        is_sync=family.case.is_sync,
        started_at=family.contacts[0].opened_at,
        stopped_at=resolved_at,
        is_misdated=_is_misdated(resolved_at, (event for _, event in family.life.resolves)),
    )


def _waits(
    calendar: Calendar,
    kpi: str,
    clocks: list[Clock],
    told: bool,
    grains: tuple[str, ...] = ("day", "week", "month"),
) -> Iterator[Row]:
    """T of A5; `told`: whether the source says at all what would stop such a clock (K5)."""
    yield from _stopped(calendar, kpi, clocks, _statistics(), grains)
    asynchronous, sync = TARGETS[kpi]
    now = calendar.data_as_of

    def within(business: bool) -> Measure:
        return lambda _, facts: share(
            clock.is_within(sync if clock.is_sync else asynchronous, now, business)
            for clock in facts
            if told
        )

    yield from tabulate(
        kpi,
        {"within_target": within(False), "within_target_biz": within(True)},
        {grain: calendar.periods(grain) for grain in grains},
        lambda grain: _by(calendar, grain, clocks, lambda clock: clock.started_at),
    )


def _stopped(
    calendar: Calendar,
    kpi: str,
    clocks: list[Clock],
    stats: dict[str, Measure],
    grains: tuple[str, ...],
) -> Iterator[Row]:
    yield from tabulate(
        kpi,
        stats,
        {grain: calendar.periods(grain) for grain in grains},
        lambda grain: _by(calendar, grain, clocks, lambda clock: clock.stopped_at),
    )


def _by(
    calendar: Calendar,
    grain: str,
    clocks: Iterable[Clock],
    instant: Callable[[Clock], datetime | None],
) -> Iterator[Fact]:
    for clock in clocks:
        at = instant(clock)
        if at is not None:
            yield calendar.period(grain, at), clock.dims, clock


def _mean_of(column: Callable[[Clock], int | None]) -> Measure:
    return lambda _, facts: mean(column(clock) for clock in facts)


def _mean_leg(leg: str) -> Measure:
    return _mean_of(lambda clock: clock.legs[leg])


def _quantile_of(column: Callable[[Clock], int | None], place: float) -> Measure:
    return lambda _, facts: quantile((column(clock) for clock in facts), place)


def _statistics() -> dict[str, Measure]:
    stats: dict[str, Measure] = {}
    for suffix, column in (
        ("", lambda clock: clock.seconds),
        ("_biz", lambda clock: clock.business_seconds),
    ):
        stats[f"mean{suffix}"] = _mean_of(column)
        stats[f"median{suffix}"] = _quantile_of(column, 0.5)
        stats[f"p90{suffix}"] = _quantile_of(column, 0.9)
    return stats


def _two(name: str) -> dict[str, Measure]:
    return {
        f"mean_{name}": _mean_of(lambda clock: clock.seconds),
        f"median_{name}": _quantile_of(lambda clock: clock.seconds, 0.5),
    }
