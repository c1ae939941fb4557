"""Responses to satisfaction surveys (Q1): one per ticket, target and episode, dated by the first.

A re-rating within seven days of the first replaces its score; later ones change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from .export import Rating
from .world import NOWHERE, SUMS, Contact, Dims, Family, World, dims_of

RERATING = timedelta(days=7)
LOWEST_POSITIVE = {"1-5": 4, "1-3": 3, "1-10": 8}
HIGHEST = {"1-5": 5, "1-3": 3, "1-10": 10}
SIDES = {"ai": "ai_handled", "human": "human_handled"}


@dataclass(frozen=True)
class Response:
    """One response; `score_5` is None for a scale without a mean (good, bad)."""

    family: Family | None  # None: on a ticket that is not in the data
    contact: Contact | None
    rated_at: datetime
    score_5: Decimal | None
    is_positive: bool
    dims: Dims

    @property
    def customer(self) -> str | None:
        return self.family.case.customer if self.family else None


def responses_of(world: World) -> list[Response]:
    """Every response that counts; one on an unknown ticket is found in `all` only."""
    known: dict[tuple[str, str, int | None], list[Rating]] = {}
    for rating in world.shop.ratings:
        family = world.family(rating.ticket_id)
        ticket_id = family.case.ticket.ticket_id if family else rating.ticket_id
        known.setdefault((ticket_id, rating.target, rating.episode_seq), []).append(rating)
    responses = []
    for (ticket_id, target, episode_seq), ratings in known.items():
        family = world.family(ticket_id)
        if family and family.case.is_withheld:
            continue  # test, spam, deleted
        ratings.sort(key=lambda rating: rating.rated_at)
        first_at = ratings[0].rated_at
        latest = [rating for rating in ratings if rating.rated_at - first_at <= RERATING][-1]
        contact = _episode(family.contacts, episode_seq, first_at) if family else None
        dims = _dims(world, family, contact, target, first_at) if family else NOWHERE
        score_5, is_positive = _score_5(latest), _is_positive(latest)
        responses.append(Response(family, contact, first_at, score_5, is_positive, dims))
    return responses


def _score_5(rating: Rating) -> Decimal | None:
    """The score on one to five, with the two decimals that the model keeps."""
    if rating.scale not in HIGHEST:
        return None
    linear = 1 + (Decimal(rating.score) - 1) * 4 / (HIGHEST[rating.scale] - 1)
    return linear.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _is_positive(rating: Rating) -> bool:
    if rating.scale not in LOWEST_POSITIVE:
        return rating.score == "good"
    return Decimal(rating.score) >= LOWEST_POSITIVE[rating.scale]


def _dims(world: World, family: Family, contact: Contact | None, target: str, at: datetime) -> Dims:
    """K19: a side's own rating is that side's, whatever the episode; the rest follows the episode.

    A rated ticket without any episode (outbound, never answered) is handled by `none`.
    """
    handling = contact.judged.handling if contact else "none"
    category = contact.category if contact else family.category
    dims = dims_of(world, family.case, handling, category, at)
    side = SIDES.get(target, SUMS.get(handling))
    return {**dims, "handling": (handling, side) if side else (handling,)}


def _episode(contacts: list[Contact], seq: int | None, at: datetime) -> Contact | None:
    """The one that the rating names, else the last one resolved by then, else the first."""
    named = [contact for contact in contacts if contact.judged.episode.seq == seq]
    resolved = [
        contact
        for contact in contacts
        if contact.resolved_at is not None and contact.resolved_at <= at
    ]
    return next(iter([*named, *reversed(resolved), *contacts]), None)
