"""Why people write: tickets that orders lead to, questions before a purchase, and incidents.

A ticket's key comes from the order (or day) behind it, so the same contact happens again whenever
the shop is built; how it is then handled is told elsewhere.
"""

from dataclasses import dataclass, fields

import numpy as np

from ingestion.sample.catalogue import (
    CARE_TEAM,
    CHAT,
    CHAT_TEAM,
    DAMAGED,
    DEFECTIVE_SKU,
    EMAIL,
    FORM,
    ORDER_CHANGE,
    OTHER,
    PAYMENT,
    PRODUCT,
    RETURNS,
    RETURNS_TEAM,
    SUBCATEGORY_SHARES,
    SYNC_CHANNELS,
    VOICE,
    WISMO,
    products,
)
from ingestion.sample.clocks import DAY_S, HOUR_S, day_number, shape
from ingestion.sample.dice import Bools, Dice, Floats, Ints, Keys
from ingestion.sample.orders import Orders
from ingestion.sample.story import Story

HOURS = [2, 1, 1, 1, 1, 2, 6, 14, 36, 64, 72, 70, 66, 62, 62, 62, 58, 52, 36, 26, 22, 18, 10, 4]
SHARES = {  # of the tickets that orders lead to
    WISMO: 0.37,
    RETURNS: 0.2,
    PRODUCT: 0.09,
    ORDER_CHANGE: 0.11,
    PAYMENT: 0.07,
    DAMAGED: 0.1,
    OTHER: 0.06,
}
PRESALE_SHARES = (0.0, 0.0, 0.7, 0.0, 0.12, 0.0, 0.18)
BASE = 0.9  # of all tickets come from orders and questions; the rest follow from tickets
PRESALE = 0.15
LATE = 2.2  # contacts about a parcel that is stuck, beside the usual ones
CHANNELS = ((44, 26, 12, 7, 6, 5), (38, 33, 11, 8, 6, 4))  # before and after the AI's launch
LINKED, MENTIONED, CUSTOMER_ONLY = range(3)


@dataclass
class Tickets:
    """One row a ticket: what is known when the customer writes. -1 = none."""

    key: Keys
    at: Ints
    category: Ints
    subcategory: Ints
    channel: Ints
    team: Ints
    order: Ints
    link: Ints
    customer: Ints
    has_customer: Bools
    has_email: Bools
    language: Ints
    sku: Ints
    brand: Ints
    priority: Ints
    goodness: Floats

    def __len__(self) -> int:
        return len(self.key)

    @property
    def is_sync(self) -> Bools:
        return np.isin(self.channel, SYNC_CHANNELS)

    def take(self, rows: Ints | Bools) -> "Tickets":
        return Tickets(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @staticmethod
    def joined(parts: list["Tickets"]) -> "Tickets":
        names = [field.name for field in fields(Tickets)]
        return Tickets(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})


@dataclass(frozen=True)
class _Reason:
    """A contact in the making."""

    key: Keys
    at: Ints
    category: Ints
    order: Ints
    sku: Ints


def team_of(channel: Ints, category: Ints) -> Ints:
    back = np.isin(category, (RETURNS, DAMAGED))
    live = np.isin(channel, (CHAT, VOICE))
    return np.where(live, CHAT_TEAM, np.where(back, RETURNS_TEAM, CARE_TEAM))


def _hour(story: Story, dice: Dice, keys: Keys, wish: Ints, earliest: Ints) -> Ints:
    """Moves a wished instant to a likely hour of its day, some weekend ones to Monday."""
    days = story.days
    day = days.index(wish)
    weekend = days.weekdays[day] - 4
    day = day + np.where((weekend > 0) & dice.below("monday", keys, 0.42), 3 - weekend, 0)
    share = shape([float(hour) for hour in HOURS])(dice.uniform("contact_hour", keys))
    at = days.at(day, share)
    soon = earliest + 300 + dice.exponential("soon", keys, 2.0 * HOUR_S).astype(np.int64)
    return np.where(at < earliest + 300, soon, at)


def _lag(dice: Dice, orders: Orders, category: int, rows: Ints, keys: Keys) -> tuple[Ints, Ints]:
    """The wished and the earliest instant of a contact about each order."""
    placed, shipped, delivered = (
        column[rows] for column in (orders.at, orders.shipped_at, orders.delivered_at)
    )
    if category == WISMO:
        span = np.maximum(delivered - shipped, DAY_S)
        when = dice.uniform("lag", keys) * 1.25
        return shipped + (span * when).astype(np.int64), placed + DAY_S // 2
    mean_days, since = {
        RETURNS: (6.0, delivered),
        PRODUCT: (8.0, delivered),
        ORDER_CHANGE: (0.25, placed),
        PAYMENT: (1.5, placed),
        DAMAGED: (1.5, delivered),
        OTHER: (9.0, placed),
    }[category]
    wait = dice.exponential("lag", keys, mean_days * DAY_S).astype(np.int64)
    return since + wait, since


def _from_orders(story: Story, dice: Dice, orders: Orders) -> list[_Reason]:
    reasons = []
    rate = story.tickets_per_order[orders.day] * BASE * (1 - PRESALE)
    for category, share in SHARES.items():
        branch = dice.child(f"contact/{category}", orders.key)
        times = dice.count("contacts", branch, rate * share)
        rows = np.repeat(np.arange(len(orders)), times)
        place = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
        keys = dice.child("again", branch[rows] + place.astype(np.uint64))
        wish, earliest = _lag(dice, orders, category, rows, keys)
        at = _hour(story, dice, keys, wish, earliest)
        sku = np.where(category in (RETURNS, PRODUCT, DAMAGED), orders.first_sku[rows], -1)
        reasons.append(_Reason(keys, at, np.full(len(rows), category), rows, sku))
    return reasons


def _late_parcels(story: Story, dice: Dice, orders: Orders) -> list[_Reason]:
    """While a carrier is stuck, people whose parcel it has write more often than usual."""
    reasons = []
    rate = story.tickets_per_order[orders.day] * BASE * (1 - PRESALE) * SHARES[WISMO]
    for window in story.carrier:
        first = story.days.instant(window.first, 0)
        last = story.days.instant(window.last, 1440)
        stuck = (orders.shipped_at > first - 6 * DAY_S) & (orders.shipped_at < last - 2 * DAY_S)
        branch = dice.child("late_parcel", orders.key)
        rows = np.flatnonzero(stuck)
        times = dice.count("late", branch[rows], rate[rows] * LATE)
        rows = np.repeat(rows, times)
        place = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
        keys = dice.child("late_again", branch[rows] + place.astype(np.uint64))
        begin = np.maximum(orders.shipped_at[rows] + DAY_S, first)
        wish = begin + (dice.uniform("late_at", keys) * (last - begin)).astype(np.int64)
        at = np.minimum(_hour(story, dice, keys, wish, begin), last + DAY_S)
        category = np.full(len(rows), WISMO)
        reasons.append(_Reason(keys, at, category, rows, np.full(len(rows), -1)))
    return reasons


def _defects(story: Story, dice: Dice, orders: Orders) -> list[_Reason]:
    """A batch of one product falls apart; its buyers write soon after delivery."""
    day = story.days.index(orders.delivered_at)
    bad = story.during(story.defect, story.days.numbers)[day]
    has_it = np.zeros(len(orders), dtype=bool)
    has_it[orders.line_order[orders.line_sku == DEFECTIVE_SKU]] = True
    branch = dice.child("defect", orders.key)
    scale = story.tickets_per_order[orders.day] / 0.125
    rows = np.flatnonzero(bad & has_it)
    times = dice.count("defects", branch[rows], 0.4 * scale[rows])
    rows = np.repeat(rows, times)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
    keys = dice.child("defect_again", branch[rows] + place.astype(np.uint64))
    since = orders.delivered_at[rows]
    wish = since + dice.exponential("defect_at", keys, 1.2 * DAY_S).astype(np.int64)
    at = _hour(story, dice, keys, wish, since)
    size = len(rows)
    return [_Reason(keys, at, np.full(size, DAMAGED), rows, np.full(size, DEFECTIVE_SKU))]


def _questions(story: Story, dice: Dice) -> list[_Reason]:
    """Contacts that no order leads to, and those of a payment outage."""
    days = story.days
    volume = story.orders_per_day * story.tickets_per_order * BASE
    expected = volume * PRESALE
    outage = story.during(story.outage, days.numbers)
    reasons = []
    for draw, rates in (("presale", expected), ("outage", np.where(outage, volume * 0.9, 0.0))):
        day_keys = dice.child(draw, days.numbers.astype(np.uint64))
        times = dice.daily_count(draw, day_keys, rates)
        day = np.repeat(np.arange(len(times)), times)
        place = np.arange(len(day)) - np.repeat(np.cumsum(times) - times, times)
        keys = dice.child("question", day_keys[day] + place.astype(np.uint64))
        share = shape([float(hour) for hour in HOURS])(dice.uniform("contact_hour", keys))
        shares = PRESALE_SHARES if draw == "presale" else np.eye(7)[PAYMENT]
        category = dice.choice("presale_category", keys, shares)
        sku = dice.choice("presale_sku", keys, products().weight)
        sku = np.where(category == PRODUCT, sku, -1)
        none = np.full(len(keys), -1)
        reasons.append(_Reason(keys, days.at(day, share), category, none, sku))
    return reasons


def make_tickets(story: Story, dice: Dice, orders: Orders) -> Tickets:
    """Contacts from the warm-up on that begin before the end of the shop."""
    reasons = [
        *_from_orders(story, dice, orders),
        *_late_parcels(story, dice, orders),
        *_defects(story, dice, orders),
        *_questions(story, dice),
    ]
    key = np.concatenate([reason.key for reason in reasons])
    at = np.concatenate([reason.at for reason in reasons])
    category = np.concatenate([reason.category for reason in reasons])
    order = np.concatenate([reason.order for reason in reasons])
    sku = np.concatenate([reason.sku for reason in reasons])
    ranked = np.lexsort((key, at))
    kept = ranked[(at[ranked] < story.end_at) & (at[ranked] >= story.days.starts[0])]
    return _described(story, dice, orders, key[kept], at[kept], category[kept], order[kept],
                      sku[kept])  # fmt: skip


def _described(
    story: Story,
    dice: Dice,
    orders: Orders,
    key: Keys,
    at: Ints,
    category: Ints,
    order: Ints,
    sku: Ints,
) -> Tickets:
    has_order = order >= 0
    launched = (at >= story.days.instant(story.ai_launch_on, 0)).astype(np.int64)
    channel = dice.choice_by("channel", key, CHANNELS, launched)
    silent = story.during(story.silence, story.days.numbers)[story.days.index(at)]
    channel = np.where(silent & (channel == CHAT), EMAIL, channel)
    about = np.where(has_order, order, _earlier_order(dice, orders, key, at))
    known = has_order | dice.below("known", key, 0.42)
    customer = np.where(known & (about >= 0), orders.customer[about], -1)
    guest = orders.is_guest[about] & has_order
    has_customer = (customer >= 0) & ~guest & dice.below("signed_in", key, 0.93)
    written = np.isin(channel, (EMAIL, FORM))
    has_email = written | dice.below("email_given", key, 0.55)
    sub = dice.choice_by("subcategory", key, _padded(SUBCATEGORY_SHARES), category)
    sub = np.where((sku == DEFECTIVE_SKU) & (category == DAMAGED), 2, sub)
    brand = np.where(sku >= 0, products().brand[sku], dice.choice("brand", key, (0.62, 0.38)))
    urgent = np.where(np.isin(category, (PAYMENT, DAMAGED, ORDER_CHANGE)), 2, 1)
    table = ((1, 6, 2, 0.3), (1, 8, 1, 0.3), (0.3, 5, 3, 1))
    drawn = dice.uniform("goodness", key)
    return Tickets(
        key=key,
        at=at,
        category=category,
        subcategory=sub,
        channel=channel,
        team=team_of(channel, category),
        order=order,
        link=dice.choice("link", key, (0.6, 0.2, 0.2)),
        customer=customer,
        has_customer=has_customer,
        has_email=has_email,
        language=dice.choice("language", key, (0.9, 0.06, 0.02, 0.02)),
        sku=sku,
        brand=brand,
        priority=dice.choice_by("priority", key, table, urgent),
        goodness=np.where(customer >= 0, 0.75 * orders.goodness[about] + 0.25 * drawn, drawn),
    )


def _earlier_order(dice: Dice, orders: Orders, key: Keys, at: Ints) -> Ints:
    """An order of the half year before each instant, as a way to a known customer."""
    since = at - (dice.uniform("known_since", key) * 180 * DAY_S).astype(np.int64)
    last = np.searchsorted(orders.at, since, side="right") - 1
    return np.asarray(np.clip(last, 0, None))


def _padded(table: tuple[tuple[float, ...], ...]) -> Floats:
    width = max(len(row) for row in table)
    return np.array([[*row, *([0.0] * (width - len(row)))] for row in table])


def days_since(story: Story, at: Ints, day: str) -> Ints:
    """Local days between one of the story's dates and each instant."""
    return story.days.numbers[story.days.index(at)] - day_number(getattr(story, day))
