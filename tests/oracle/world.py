"""All facts of one shop: tickets and episodes with their segments and re-contacts (K19, Q5).

What one ticket decides alone is in judgements.py; here stand the answers that need the customer's
other tickets, the orders, or the account's zone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

from .clock import local_of
from .customers import Identities
from .episodes import Life, category_of, life_of
from .export import Account
from .judgements import Judged, judge, ticket_handling
from .orders import OrderLinks, Placed, Segments, placed_orders
from .shop import Shop, read_shop
from .tickets import Case, cases_of, unnamed

WINDOW = timedelta(hours=48)  # Q4, Q5: fcr_window_h, recontact_window_h
LONG_WINDOW = timedelta(hours=168)
SUMS = {"ai_only": "ai_handled", "human_only": "human_handled", "hybrid": "human_handled"}
DIMENSIONS = ("handling", "channel", "category", "team", "customer_segment")

Dims: TypeAlias = dict[str, tuple[str, ...]]  # the values under which a fact is found
NOWHERE: Dims = dict.fromkeys(DIMENSIONS, ())


@dataclass
class Contact:
    """An episode of the world. The gaps run from its resolve to what followed it, None: nothing."""

    judged: Judged
    category: str
    order_id: str | None
    dims: Dims
    reopen_gap: timedelta | None = None
    contact_gap: timedelta | None = None  # same category or order, another ticket
    any_contact_gap: timedelta | None = None
    is_recontact: bool = False

    @property
    def case(self) -> Case:
        return self.judged.life.case

    @property
    def opened_at(self) -> datetime:
        return self.judged.episode.opened_at

    @property
    def resolved_at(self) -> datetime | None:
        return self.judged.episode.resolved_at

    def recontact_type(self, window: timedelta) -> str | None:
        """Q5: what came first within the window."""
        found = [
            (gap, order, name)
            for order, (gap, name) in enumerate(
                [(self.reopen_gap, "reopen"), (self.contact_gap, "new_contact")]
            )
            if gap is not None and gap <= window
        ]
        return min(found)[2] if found else None

    def is_recontacted(self, window: timedelta) -> bool:
        return self.recontact_type(window) is not None


@dataclass
class Family:
    """A ticket of the world with what was merged into it."""

    life: Life
    contacts: list[Contact]
    handling: str
    category: str
    dims: Dims

    @property
    def case(self) -> Case:
        return self.life.case

    @property
    def full_resolved_at(self) -> datetime | None:
        """S7: the resolve of the last episode, None while the ticket is open."""
        if not self.contacts or not self.life.is_resolved_now:
            return None
        return self.contacts[-1].resolved_at


@dataclass
class World:
    """The facts of one shop as one run sees them."""

    account: Account
    shop: Shop
    people: Identities
    orders: list[Placed]
    segments: Segments
    families: list[Family] = field(default_factory=list)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.account.timezone)

    @property
    def countable(self) -> list[Family]:
        return [family for family in self.families if family.case.is_countable]

    @property
    def contacts(self) -> list[Contact]:
        """The countable episodes."""
        return [contact for family in self.countable for contact in family.contacts]

    def family(self, ticket_id: str) -> Family | None:
        """The ticket that one of this id is counted as; None: not in the data."""
        own = {family.case.ticket.ticket_id: family for family in self.families}
        return own[own[ticket_id].case.survivor_id] if ticket_id in own else None


def world_of(folder: Path, account: Account) -> World:
    """Reads a folder and judges everything in it."""
    shop = read_shop(folder, account)
    people = Identities(shop.customers)
    zone = ZoneInfo(account.timezone)
    orders = placed_orders(shop, people, account.currency, zone)
    world = World(account, shop, people, orders, Segments(orders, zone))
    links = OrderLinks(orders)
    for case in cases_of(shop, people):
        life = life_of(case, shop.has_messages)
        contacts = [_contact(world, links, one) for one in judge(life, shop.data_as_of)]
        handling = ticket_handling([contact.judged for contact in contacts])
        category = unnamed(case.ticket.category, "uncategorised")
        if contacts:
            category = contacts[-1].category
        dims = dims_of(world, case, handling, category, case.starts_at)
        world.families.append(Family(life, contacts, handling, category, dims))
    _follow(world.contacts)
    return world


def dims_of(world: World, case: Case, handling: str, category: str, at: datetime | None) -> Dims:
    """K19: where a fact of `at` is found; the two sums of handling beside the exclusive value."""
    return {
        "handling": (handling, SUMS[handling]) if handling in SUMS else (handling,),
        "channel": (case.channel,),
        "category": (category,),
        "team": (case.team,),
        "customer_segment": world.segments.of(case.customer, at) if at else (),
    }


def local_day(world: World, at: datetime) -> date:
    """K1: the reporting day of an instant."""
    return local_of(at, world.zone).date()


def _contact(world: World, links: OrderLinks, judged: Judged) -> Contact:
    case, opened_at = judged.life.case, judged.episode.opened_at
    category = unnamed(category_of(case, judged.episode), "uncategorised")
    return Contact(
        judged=judged,
        category=category,
        order_id=links.of(case.ticket.order_id, case.customer, opened_at),
        dims=dims_of(world, case, judged.handling, category, opened_at),
    )


def _follow(contacts: list[Contact]) -> None:
    """Q5: for every resolved episode what followed it, and which episodes are such a follow-up."""
    for earlier in contacts:
        if earlier.resolved_at is None:
            continue
        for later in contacts:
            gap = later.opened_at - earlier.resolved_at
            if later.case is earlier.case:
                if later.judged.episode.seq <= earlier.judged.episode.seq:
                    continue
                earlier.reopen_gap = _least(earlier.reopen_gap, gap)
                follows = True
            else:
                # "Followed by": what opened at the very instant of the resolve came before it (K1).
                same = earlier.case.customer is not None
                same = same and earlier.case.customer == later.case.customer
                if not same or gap <= timedelta(0):
                    continue
                earlier.any_contact_gap = _least(earlier.any_contact_gap, gap)
                follows = _is_same_matter(earlier, later)
                if follows:
                    earlier.contact_gap = _least(earlier.contact_gap, gap)
            if follows and gap <= WINDOW and earlier.judged.is_resolved:
                later.is_recontact = True


def _is_same_matter(one: Contact, other: Contact) -> bool:
    same_category = one.category == other.category != "uncategorised"
    return same_category or (one.order_id is not None and one.order_id == other.order_id)


def _least(one: timedelta | None, other: timedelta) -> timedelta:
    return other if one is None else min(one, other)
