"""Rows of the quality KPIs: CSAT, first contact, re-contact, reopen, replies (Q1, Q3–Q6, Q9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from .csat import Response, responses_of
from .export import Message
from .judgements import responder_turns
from .tally import (
    NOTHING,
    Calendar,
    Cell,
    Fact,
    Measure,
    Place,
    Row,
    Slices,
    count,
    mean,
    share,
    tabulate,
)
from .volume import Resolved, resolved, with_messages, with_reopens, with_resolves
from .world import LONG_WINDOW, WINDOW, Contact, World


@dataclass(frozen=True)
class Talk:
    """What was said to a ticket of V2 up to its last resolve in a period (Q9)."""

    turns: tuple[str, ...]
    replies: int


def quality_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    yield from _csat(world, calendar)
    yield from _first_contact(world, calendar)
    yield from _recontact(world, calendar)
    yield from _reopen(world, calendar)
    yield from _replies(world, calendar)


def closed(world: World, calendar: Calendar, grain: str) -> Iterator[Fact]:
    """Countable episodes by their resolve, abandoned ones too."""
    for contact in world.contacts:
        if contact.resolved_at is not None:
            yield calendar.period(grain, contact.resolved_at), contact.dims, contact


def _csat(world: World, calendar: Calendar) -> Iterator[Row]:
    responses = responses_of(world)

    def rated(grain: str) -> Iterator[Fact]:
        for response in responses:
            yield calendar.period(grain, response.rated_at), response.dims, response

    stats: dict[str, Measure] = {
        "mean": lambda _, facts: mean(fact.score_5 for fact in facts),
        "ratio": lambda _, facts: share(fact.is_positive for fact in facts),
        "responses": lambda _, facts: count(len(facts)) if world.shop.ratings else NOTHING,
    }
    periods = {grain: calendar.periods(grain) for grain in ("day", "week", "month")}
    yield from tabulate("csat", stats, periods, rated)
    del periods["day"]
    cuts = Slices(("channel", "category"), ())
    yield from tabulate("csat_parity", {"value": _parity}, periods, rated, cuts)


def _parity(_: Place, facts: Iterable[Response]) -> Cell:
    """Q3: the mean of the AI's side less that of the humans'; n = the smaller side."""
    sides = [
        mean(fact.score_5 for fact in facts if side in fact.dims["handling"])
        for side in ("ai_handled", "human_handled")
    ]
    ai, human = sides
    if ai.value is None or human.value is None:
        return NOTHING
    return Cell(ai.value - human.value, None, None, min(ai.n, human.n))


def _first_contact(world: World, calendar: Calendar) -> Iterator[Row]:
    """Q4, of resolved episodes that are not a re-contact themselves."""

    def first(grain: str) -> Iterator[Fact]:
        for period, dims, contact in closed(world, calendar, grain):
            if contact.judged.is_resolved and not contact.is_recontact:
                yield period, dims, contact

    def share_of(judge: Callable[[Contact], bool]) -> Measure:
        return lambda _, facts: share(judge(fact) for fact in facts)

    interaction = {
        "ratio": share_of(lambda fact: is_fcr(fact, WINDOW)),
        "one_touch": share_of(lambda fact: fact.judged.is_one_touch),
        "ratio_168h": share_of(lambda fact: is_fcr(fact, LONG_WINDOW)),
    }
    stats = with_messages(world, interaction)
    contact = {"contact": share_of(lambda fact: not fact.is_recontacted(WINDOW))}
    stats |= with_reopens(world, contact)
    periods = {grain: calendar.periods(grain) for grain in ("day", "week", "month")}
    yield from tabulate("first_contact_resolution", stats, periods, first)


def is_fcr(contact: Contact, window: timedelta) -> bool:
    return contact.judged.is_one_touch and not contact.is_recontacted(window)


def _recontact(world: World, calendar: Calendar) -> Iterator[Row]:
    """Q5."""

    def done(grain: str) -> Iterator[Fact]:
        for period, dims, contact in closed(world, calendar, grain):
            if contact.judged.is_resolved:
                yield period, dims, contact

    def any_category(contact: Contact) -> bool:
        gaps = (contact.reopen_gap, contact.any_contact_gap)
        return any(gap is not None and gap <= WINDOW for gap in gaps)

    stats: dict[str, Measure] = {
        "ratio": lambda _, facts: share(fact.is_recontacted(WINDOW) for fact in facts),
        "reopen": lambda _, facts: share(fact.recontact_type(WINDOW) == "reopen" for fact in facts),
        "new_contact": lambda _, facts: share(
            fact.recontact_type(WINDOW) == "new_contact" for fact in facts
        ),
        "any_category": lambda _, facts: share(any_category(fact) for fact in facts),
        "ratio_168h": lambda _, facts: share(fact.is_recontacted(LONG_WINDOW) for fact in facts),
    }
    periods = {grain: calendar.periods(grain) for grain in ("day", "week", "month")}
    yield from tabulate("recontact_rate", with_reopens(world, stats), periods, done)


def _reopen(world: World, calendar: Calendar) -> Iterator[Row]:
    """Q6: tickets that reopened after a resolve of the period, as of data_as_of."""

    def is_reopened(fact: Resolved, window: timedelta | None) -> bool:
        return any(
            place > position and (window is None or at - event.at <= window)
            for position, event in fact.resolves
            for place, at in fact.family.life.reopens
        )

    stats: dict[str, Measure] = {
        "ratio": lambda _, facts: share(is_reopened(fact, None) for fact in facts),
        "ratio_7d": lambda _, facts: share(is_reopened(fact, LONG_WINDOW) for fact in facts),
    }
    periods = {grain: calendar.periods(grain) for grain in ("day", "week", "month")}
    yield from tabulate(
        "reopen_rate",
        with_reopens(world, stats),
        periods,
        lambda grain: resolved(world, calendar, grain),
    )


def _replies(world: World, calendar: Calendar) -> Iterator[Row]:
    """Q9: of V2's tickets, all that we said up to their last resolve in the period."""

    def talks(grain: str) -> Iterator[Fact]:
        for period, dims, fact in resolved(world, calendar, grain):
            if not fact.is_resolved_at_end:
                continue
            last = fact.resolves[-1][0]
            said = [item for item in fact.family.case.timeline[:last] if isinstance(item, Message)]
            turns = tuple(responder_turns(said))
            yield period, dims, Talk(turns, sum(item.side is not None for item in said))

    stats: dict[str, Measure] = {
        "mean": lambda _, facts: mean(len(fact.turns) for fact in facts),
        "mean_ai": lambda _, facts: mean(fact.turns.count("ai") for fact in facts),
        "mean_human": lambda _, facts: mean(fact.turns.count("human") for fact in facts),
        "messages": lambda _, facts: mean(fact.replies for fact in facts),
        "zero_reply_share": lambda _, facts: share(not fact.turns for fact in facts),
    }
    periods = {grain: calendar.periods(grain) for grain in ("day", "week", "month")}
    known = with_resolves(world, with_messages(world, stats))
    yield from tabulate("replies_per_resolution", known, periods, talks)
