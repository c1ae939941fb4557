"""Rows of what the AI takes on and what contacts cost (Q7, Q11, E1–E4, E6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from .clock import local_of
from .quality import closed
from .tally import NOTHING, Calendar, Cell, Fact, Measure, Place, Row, count, share, tabulate
from .volume import opened, with_messages, with_resolves
from .world import LONG_WINDOW, WINDOW, Contact, World

COST_SIDES = ("ai", "human")


def efficiency_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    yield from _ai(world, calendar)
    yield from _all_contacts(world, calendar)
    yield from _cost(world, calendar)


def _share_of(judge: Callable[[Contact], bool]) -> Measure:
    return lambda _, facts: share(judge(fact) for fact in facts)


def _ai(world: World, calendar: Calendar) -> Iterator[Row]:
    """Cohorts of AI-involved episodes."""

    def involved(grain: str) -> Iterator[Fact]:
        for period, dims, contact in opened(world, calendar, grain):
            if contact.judged.is_ai_involved:
                yield period, dims, contact

    def asked(grain: str) -> Iterator[Fact]:
        """Less what says nothing of the AI: foreign handoffs, tickets that we began (Q7)."""
        for period, dims, contact in involved(grain):
            if not contact.judged.is_foreign_handoff and not contact.case.is_outbound_started:
                yield period, dims, contact

    periods = {grain: calendar.periods(grain) for grain in ("day", "week", "month")}
    hourly = {"hour": calendar.periods("hour"), **periods}
    escalated = {"ratio": _share_of(lambda fact: fact.judged.is_escalated)}
    contained = {"ratio": _share_of(lambda fact: not fact.judged.is_escalated)}
    yield from tabulate("escalation_rate", with_messages(world, escalated), hourly, asked)
    yield from tabulate("containment_rate", with_messages(world, contained), periods, asked)

    durable = {
        "ratio": _share_of(lambda fact: is_durable(fact)),
        "durable": _share_of(lambda fact: _is_kept(fact)),
    }
    known = with_resolves(world, with_messages(world, durable))
    yield from tabulate("ai_resolution_rate", known, periods, involved)

    gaps: dict[str, Measure] = {
        "ratio": _share_of(lambda fact: fact.judged.has_gap),
        "count": lambda _, facts: count(sum(fact.judged.has_gap for fact in facts)),
    }
    if not world.shop.has_handoff_reasons:
        gaps = dict.fromkeys(gaps, lambda *_: NOTHING)
    yield from tabulate("knowledge_gap_rate", with_messages(world, gaps), periods, involved)


def is_durable(contact: Contact) -> bool:
    """E3's numerator: AI-resolved, and no re-contact in 48 hours."""
    return contact.judged.is_ai_resolved and not contact.is_recontacted(WINDOW)


def _is_kept(contact: Contact) -> bool:
    return contact.judged.is_ai_resolved and not contact.is_recontacted(LONG_WINDOW)


def _all_contacts(world: World, calendar: Calendar) -> Iterator[Row]:
    """E1 and E4: of all countable episodes, and unknown while bot-only contacts are missing."""
    complete = world.account.ai_coverage_complete_from

    def after_coverage(measure: Measure) -> Measure:
        def covered(place: Place, facts: Iterable[Contact]) -> Cell:
            early = complete is not None and place.period.start.date() < complete
            return NOTHING if early else measure(place, list(facts))

        return covered

    periods = {grain: calendar.periods(grain) for grain in ("day", "week", "month")}

    def cohort(grain: str) -> Iterator[Fact]:
        return opened(world, calendar, grain)

    deflected = {
        "ratio": after_coverage(_share_of(lambda fact: fact.judged.is_deflected)),
        "strict": after_coverage(
            _share_of(lambda fact: fact.judged.is_deflected and not fact.is_recontacted(WINDOW))
        ),
    }
    known = with_resolves(world, with_messages(world, deflected))
    yield from tabulate("deflection_rate", known, periods, cohort)
    involved = {"ratio": after_coverage(_share_of(lambda fact: fact.judged.is_ai_involved))}
    yield from tabulate("ai_involvement", with_messages(world, involved), periods, cohort)


def _cost(world: World, calendar: Calendar) -> Iterator[Row]:
    """E6. A rate that is missing for one contact leaves the whole sum unknown."""

    def priced(grain: str) -> Iterator[Fact]:
        for period, dims, contact in closed(world, calendar, grain):
            assert contact.resolved_at is not None
            on = local_of(contact.resolved_at, world.zone)
            rates = world.shop.rates
            yield period, dims, [contact.judged.cost(side, rates, on) for side in COST_SIDES]

    def total(costs: Iterable[list[Decimal | None]], sides: tuple[int, ...]) -> Decimal | None:
        parts = [cost[side] for cost in costs for side in sides]
        return None if None in parts else sum((part or Decimal(0) for part in parts), Decimal(0))

    def value(_: Place, facts: Iterable[list[Decimal | None]]) -> Cell:
        contacts = list(facts)
        if not contacts:
            return NOTHING
        cost = total(contacts, (0, 1))
        if cost is None:
            return Cell(None, None, float(len(contacts)), len(contacts))
        mean = float(cost / len(contacts))
        return Cell(mean, float(cost), float(len(contacts)), len(contacts))

    def amount(side: int) -> Measure:
        def measure(_: Place, facts: Iterable[list[Decimal | None]]) -> Cell:
            contacts = list(facts)
            cost = total(contacts, (side,)) if contacts else None
            return Cell(None if cost is None else float(cost), None, None, len(contacts))

        return measure

    spent = {"value": value, "ai_cost": amount(0), "human_cost": amount(1)}
    if not world.shop.rates:  # without any rate nothing is known of cost, not even that it is none
        spent = dict.fromkeys(spent, lambda _, facts: NOTHING)
    stats = with_messages(world, spent)
    stats["contacts"] = lambda _, facts: count(len(facts))
    periods = {grain: calendar.periods(grain) for grain in ("day", "week", "month")}
    yield from tabulate("cost_per_contact", with_resolves(world, stats), periods, priced)
