"""Rows of what support costs a ticket and a resolution, and what the AI saves (E7–E9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from .clock import local_of
from .export import RESOLVED_STATES
from .handling_time import HandleTimes
from .quality import closed
from .tally import (
    NOTHING,
    Calendar,
    Cell,
    Fact,
    Measure,
    Period,
    Place,
    Row,
    Slices,
    quantile,
    tabulate,
)
from .tickets import unnamed
from .volume import Resolved, opened, resolved, with_messages, with_resolves
from .world import LONG_WINDOW, Contact, Family, World, local_day

SIDES = {"value_ai": "ai_handled", "value_human": "human_handled"}
AHT_DAYS = 90
SECONDS_PER_HOUR = 3600


def money_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    yield from _per_ticket(world, calendar)
    yield from _per_resolution(world, calendar)
    yield from _savings(world, calendar)


def booked(world: World, period: Period, team: str) -> Decimal | None:
    """The support cost of a local month, of one team or of all; None: not told."""
    amounts = [
        cost.amount
        for cost in world.shop.support_costs
        if cost.month == f"{period.start:%Y-%m}"
        and team in ("all", unnamed(cost.team, "unassigned") if cost.team else None)
    ]
    return sum(amounts, Decimal(0)) if amounts else None


def _known(is_told: object, stats: dict[str, Measure]) -> dict[str, Measure]:
    """Without a file that tells of it at all, a figure is not known anywhere."""
    return stats if is_told else dict.fromkeys(stats, lambda *_: NOTHING)


def _per(cost: Decimal | None, n: int) -> Cell:
    if cost is None:
        return Cell(None, None, float(n), n)
    return Cell(float(cost) / n if n else None, float(cost), float(n), n)


def _per_ticket(world: World, calendar: Calendar) -> Iterator[Row]:
    """E7: tickets with a reply or a resolve in the month. A team that only costs is a row too."""
    periods = {"month": calendar.periods("month")}

    def handled(grain: str) -> Iterator[Fact]:
        for family in world.countable:
            instants = [item.at for item in family.case.messages if item.side]
            instants += [event.at for _, event in family.life.resolves]
            for period in {calendar.period(grain, at) for at in instants}:
                yield period, family.dims, family
        for period in periods[grain]:
            for cost in world.shop.support_costs:
                if cost.team and cost.month == f"{period.start:%Y-%m}":
                    yield period, {"team": (unnamed(cost.team, "unassigned"),)}, None

    def per_ticket(place: Place, facts: Sequence[Family | None]) -> Cell:
        n = len(facts) - facts.count(None)
        return _per(booked(world, place.period, place.cut[3]), n)

    tickets = world.shop.tickets.values()
    is_told = world.shop.has_messages or any(ticket.first_reply_at for ticket in tickets)
    stats = _known(is_told and world.shop.support_costs, {"value": per_ticket})
    yield from tabulate("cost_per_ticket", stats, periods, handled, Slices(("team",), ()))


def _per_resolution(world: World, calendar: Calendar) -> Iterator[Row]:
    """E8: of V2's tickets; a side's cost is that of its contacts, its tickets are V2's of it."""
    kpi, whole = "cost_per_resolution", Slices((), ())
    periods = {"month": calendar.periods("month")}

    def tickets(grain: str) -> Iterator[Fact]:
        for period, dims, fact in resolved(world, calendar, grain):
            if fact.is_resolved_at_end:
                yield period, dims, fact

    def both(grain: str) -> Iterator[Fact]:
        yield from tickets(grain)
        yield from closed(world, calendar, grain)

    def per_resolution(place: Place, facts: Sequence[Resolved]) -> Cell:
        return _per(booked(world, place.period, "all"), len(facts))

    def of_side(side: str) -> Measure:
        def measure(_: Place, facts: Sequence[Resolved | Contact]) -> Cell:
            done = [one for one in facts if isinstance(one, Resolved)]
            costs = [
                _cost(world, one)
                for one in facts
                if isinstance(one, Contact) and side in one.dims["handling"]
            ]
            known = [cost for cost in costs if cost is not None]
            is_known = costs and len(known) == len(costs)
            n = sum(side in one.family.dims["handling"] for one in done)
            return _per(sum(known, Decimal(0)) if is_known else None, n)

        return measure

    stats = with_resolves(world, _known(world.shop.support_costs, {"value": per_resolution}))
    yield from tabulate(kpi, stats, periods, tickets, whole)
    by_side = {stat: of_side(side) for stat, side in SIDES.items()}
    stats = with_resolves(world, with_messages(world, _known(world.shop.rates, by_side)))
    yield from tabulate(kpi, stats, periods, both, whole)


def _cost(world: World, contact: Contact) -> Decimal | None:
    """What E6 takes for one contact; None as soon as a side's rate is missing."""
    assert contact.resolved_at is not None
    on = local_of(contact.resolved_at, world.zone)
    total = Decimal(0)
    for side in ("ai", "human"):
        cost = contact.judged.cost(side, world.shop.rates, on)
        if cost is None:
            return None
        total += cost
    return total


def _savings(world: World, calendar: Calendar) -> Iterator[Row]:
    """E9: what a human would have cost, and taken, for what the AI resolved for good."""
    periods = {"month": calendar.periods("month")}
    times = HandleTimes(world)
    medians = {one: _medians(world, calendar, times, one) for one in periods["month"]}

    def durable(grain: str) -> Iterator[Fact]:
        for period, dims, contact in opened(world, calendar, grain):
            if contact.judged.is_ai_resolved and not contact.is_recontacted(LONG_WINDOW):
                yield period, dims, contact

    def value(_: Place, facts: Sequence[Contact]) -> Cell:
        return _sum([_saved(world, contact) for contact in facts])

    def hours(place: Place, facts: Sequence[Contact]) -> Cell:
        spent = medians[place.period]
        return _sum([spent.get(contact.category) for contact in facts], SECONDS_PER_HOUR)

    saved = {**_known(world.shop.rates, {"value": value}), "hours": hours}
    stats = with_resolves(world, with_messages(world, saved))
    cuts = Slices(("channel", "category"), ())
    yield from tabulate("ai_savings", stats, periods, durable, cuts)


def _sum(parts: list[float | None], unit: float = 1.0) -> Cell:
    """Unknown as soon as one part is; of nothing too."""
    known = [part for part in parts if part is not None]
    is_known = bool(parts) and len(known) == len(parts)
    return Cell(sum(known) / unit if is_known else None, None, None, len(parts))


def _saved(world: World, contact: Contact) -> float | None:
    assert contact.resolved_at is not None
    on = local_day(world, contact.resolved_at)
    human, ai = _rate(world, "human", on), _rate(world, "ai", on)
    return None if human is None or ai is None else float(human - ai)


def _rate(world: World, side: str, on: date) -> Decimal | None:
    """The unit cost of a side in force on a local day."""
    in_force = [
        rate
        for rate in world.shop.rates
        if rate.handling == side
        and rate.valid_from <= on
        and (rate.valid_to is None or on <= rate.valid_to)
    ]
    return max(in_force, key=lambda rate: rate.valid_from).unit_cost if in_force else None


def _medians(
    world: World, calendar: Calendar, times: HandleTimes, period: Period
) -> dict[str, float]:
    """Each category's median handle time over the 90 local days that end with a period."""
    first, end = calendar.day_before(period, AHT_DAYS), period.end.date()
    found: dict[str, list[int]] = {}
    for family in world.countable:
        span = family.life.state_before(period.end_at)
        instants = [event.at for _, event in family.life.resolves]
        within = [at for at in instants if first <= local_day(world, at) < end]
        if within and span is not None and span.state in RESOLVED_STATES:
            handled = times.of(family, within[-1])
            if handled:
                found.setdefault(family.category, []).append(handled.seconds)
    return {category: quantile(spent, 0.5).value or 0.0 for category, spent in found.items()}
