"""Rows of who answers surveys, and of parity that no mix of categories can fake (Q2, Q3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from .csat import Response, responses_of
from .tally import NOTHING, Calendar, Cell, Fact, Measure, Place, Row, Slices, share, tabulate
from .volume import Resolved, resolved, with_resolves
from .world import World

ANSWERED = timedelta(days=7)
MIN_RATINGS = 5  # of a category, on each side
SIDES = ("ai_handled", "human_handled")


def survey_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    periods = {grain: calendar.periods(grain) for grain in ("week", "month")}
    responses = responses_of(world)
    answers: dict[str, list[datetime]] = {}
    for response in responses:
        if response.family:
            ticket_id = response.family.case.ticket.ticket_id
            answers.setdefault(ticket_id, []).append(response.rated_at)

    def sent(grain: str) -> Iterator[Fact]:
        for family in world.countable:
            for event in family.case.events:
                if event.event_type == "survey_sent":
                    own = answers.get(family.case.ticket.ticket_id, [])
                    is_answered = any(event.at <= at <= event.at + ANSWERED for at in own)
                    yield calendar.period(grain, event.at), family.dims, is_answered

    def rated(grain: str) -> Iterator[Fact]:
        for response in responses:
            yield calendar.period(grain, response.rated_at), response.dims, response

    def both(grain: str) -> Iterator[Fact]:
        yield from rated(grain)
        yield from resolved(world, calendar, grain)

    def per_ticket(_: Place, facts: Iterable[Response | Resolved]) -> Cell:
        tickets = sum(isinstance(fact, Resolved) and fact.is_resolved_at_end for fact in facts)
        if not world.shop.ratings:  # nothing says that there were none
            return NOTHING
        given = sum(isinstance(fact, Response) for fact in facts)
        return Cell(given / tickets if tickets else None, float(given), float(tickets), tickets)

    kpi = "csat_response_rate"
    answered: dict[str, Measure] = {
        "ratio": lambda _, facts: share(facts) if world.shop.ratings else NOTHING
    }
    yield from tabulate(kpi, answered, periods, sent)
    stats = with_resolves(world, {"ratio_resolved": per_ticket})
    yield from tabulate(kpi, stats, periods, both)
    by_channel = Slices(("channel",), ())
    yield from tabulate("csat_parity", {"mix_adjusted": mix_adjusted}, periods, rated, by_channel)


def mix_adjusted(_: Place, facts: Sequence[Response]) -> Cell:
    """Q3: each category's gap between the sides, weighted by the ratings that both gave there."""
    scores: dict[str, dict[str, list[float]]] = {}
    for fact in facts:
        for category in fact.dims["category"]:
            for side in set(SIDES).intersection(fact.dims["handling"]):
                if fact.score_5 is not None:
                    own = scores.setdefault(category, {one: [] for one in SIDES})
                    own[side].append(float(fact.score_5))
    compared = [
        (sides["ai_handled"], sides["human_handled"])
        for sides in scores.values()
        if min(map(len, sides.values())) >= MIN_RATINGS
    ]
    if not compared:
        return NOTHING
    total = sum(len(ai) + len(human) for ai, human in compared)
    value = sum(
        (len(ai) + len(human)) / total * (sum(ai) / len(ai) - sum(human) / len(human))
        for ai, human in compared
    )
    smaller = min(sum(len(ai) for ai, _ in compared), sum(len(human) for _, human in compared))
    return Cell(value, None, None, smaller)
