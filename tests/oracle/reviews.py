"""Rows of what people say when asked: judged AI answers (Q8) and the net promoter score (Q10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from .csat import responses_of
from .estimates import wilson
from .export import Message
from .quality import closed
from .tally import (
    NOTHING,
    Calendar,
    Cell,
    Fact,
    Measure,
    Row,
    Slices,
    count,
    share,
    tabulate,
)
from .world import LONG_WINDOW, Contact, World, local_day

ASKED_DAYS = 90
SUPPORTED = timedelta(days=90)
PROMOTER, DETRACTOR = 9, 6
UNHAPPY = 2


class Answer(NamedTuple):
    """An AI-resolved episode; `is_correct` None: nobody judged it."""

    category: str
    is_correct: bool | None


@dataclass(frozen=True)
class Opinion:
    score: int
    is_supported: bool


def review_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    yield from _accuracy(world, calendar)
    yield from _nps(world, calendar)


def _accuracy(world: World, calendar: Calendar) -> Iterator[Row]:
    """Q8, over AI-resolved episodes by their resolve."""
    verdicts = _verdicts(world)
    unhappy = {
        response.contact.judged.key
        for response in responses_of(world)
        if response.contact
        and (response.score_5 <= UNHAPPY if response.score_5 else not response.is_positive)
    }

    def resolved_by_ai(grain: str) -> Iterator[Fact]:
        for period, dims, contact in closed(world, calendar, grain):
            if contact.judged.is_ai_resolved:
                yield period, dims, contact

    def judged(grain: str) -> Iterator[Fact]:
        for period, dims, contact in resolved_by_ai(grain):
            yield period, dims, Answer(contact.category, verdicts.get(contact.judged.key))

    def is_good_sign(contact: Contact) -> bool:
        back = contact.is_recontacted(LONG_WINDOW) or _has_later_human_reply(contact)
        return not back and contact.judged.key not in unhappy

    cuts = Slices(("channel", "category"), ())
    periods = {"month": calendar.periods("month")}
    stats: dict[str, Measure] = {
        "ratio": lambda _, facts: accuracy(facts)[0],
        "low": lambda _, facts: accuracy(facts)[1],
        "high": lambda _, facts: accuracy(facts)[2],
    }
    yield from tabulate("resolution_accuracy", stats, periods, judged, cuts)
    proxy: dict[str, Measure] = {"proxy": lambda _, facts: share(map(is_good_sign, facts))}
    yield from tabulate("resolution_accuracy", proxy, periods, resolved_by_ai, cuts)


def accuracy(answers: Sequence[Answer]) -> tuple[Cell, Cell, Cell]:
    """The share judged correct, its low and its high.

    A category weighs what the AI resolved of it, however many of those were judged; one of which
    nothing was judged is left out.
    """
    sizes = Counter(answer.category for answer in answers)
    judged = Counter(answer.category for answer in answers if answer.is_correct is not None)
    right = Counter(answer.category for answer in answers if answer.is_correct)
    n = judged.total()
    if not n:
        return NOTHING, NOTHING, NOTHING
    whole = sum(sizes[category] for category in judged)
    value = sum(sizes[name] * right[name] / judged[name] for name in judged) / whole
    effective_n = whole**2 / sum(sizes[name] ** 2 / judged[name] for name in judged)
    low, high = wilson(value, effective_n)
    ratio = Cell(value, value * n, float(n), n)
    return ratio, Cell(low, None, None, n), Cell(high, None, None, n)


def _verdicts(world: World) -> dict[tuple[str, int], bool]:
    """The latest review of each episode; reviews of a merged ticket drop out with it (K4)."""
    own = {family.case.ticket.ticket_id: family for family in world.countable}
    verdicts = {}
    for review in sorted(world.shop.reviews, key=lambda row: (row.at, row.reviewer or "")):
        family = own.get(review.ticket_id)
        if family and family.contacts:
            last = family.contacts[-1].judged.episode.seq
            seq = last if review.episode_seq is None else review.episode_seq
            verdicts[review.ticket_id, seq] = review.is_correct
    return verdicts


def _has_later_human_reply(contact: Contact) -> bool:
    """On the ticket, whatever the episode."""
    position = contact.judged.episode.resolve_position
    later = contact.case.timeline[position + 1 :] if position is not None else ()
    return any(isinstance(item, Message) and item.side == "human" for item in later)


def _nps(world: World, calendar: Calendar) -> Iterator[Row]:
    """Q10: each customer's latest response of the 90 local days that end with the period."""
    periods = {grain: calendar.periods(grain) for grain in ("month", "quarter")}
    responses = sorted(world.shop.nps, key=lambda row: (row.at, row.score))
    asked = [
        (family.case.customer, family.case.starts_at)
        for family in world.countable
        if family.case.starts_at
    ]

    def latest(grain: str) -> Iterator[Fact]:
        for period in periods[grain]:
            first, end = calendar.day_before(period, ASKED_DAYS), period.end.date()
            last = {
                world.people.key(row.customer_id, None): row
                for row in responses
                if first <= local_day(world, row.at) < end
            }
            for customer, row in last.items():
                supported = any(
                    who == customer and row.at - SUPPORTED <= at < row.at for who, at in asked
                )
                segments = world.segments.of(customer, row.at)
                yield period, {"customer_segment": segments}, Opinion(row.score, supported)

    stats: dict[str, Measure] = {
        "value": lambda _, facts: promoter_score(facts),
        "value_supported": lambda _, facts: promoter_score(
            [fact for fact in facts if fact.is_supported]
        ),
        "value_unsupported": lambda _, facts: promoter_score(
            [fact for fact in facts if not fact.is_supported]
        ),
        "promoters": lambda _, facts: share(fact.score >= PROMOTER for fact in facts),
        "detractors": lambda _, facts: share(fact.score <= DETRACTOR for fact in facts),
        "responses": lambda _, facts: count(len(facts)) if responses else NOTHING,
    }
    yield from tabulate("nps", stats, periods, latest, Slices(("customer_segment",), ()))


def promoter_score(facts: Sequence[Opinion]) -> Cell:
    if not facts:
        return NOTHING
    promoters = sum(fact.score >= PROMOTER for fact in facts)
    detractors = sum(fact.score <= DETRACTOR for fact in facts)
    return Cell(100 * (promoters - detractors) / len(facts), None, None, len(facts))
