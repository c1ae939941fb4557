"""Orders: who buys what and when, and how the parcel fares.

Every later thing hangs on these columns: tickets come out of orders, so the volume of support
follows the shop's seasons by itself. An order of a known customer descends from an earlier order,
the better of a few: so good experience and repurchase go together.
"""

from dataclasses import dataclass

import numpy as np

from ingestion.sample.catalogue import (
    COUNTRIES,
    DEFECTIVE_SKU,
    EURO_COUNTRIES,
    SALES_CHANNELS,
    products,
)
from ingestion.sample.clocks import DAY_S, shape
from ingestion.sample.dice import Bools, Dice, Floats, Ints, Keys
from ingestion.sample.story import Story

HOURS = [5, 3, 2, 1, 1, 2, 5, 10, 16, 21, 24, 26, 28, 27, 25, 24, 24, 25, 27, 31, 34, 32, 23, 12]
FREE_SHIPPING = 7_500
SHIPPING = 590
TAX = 0.07
EURO = 0.92
PAID, VOIDED, EXPIRED, PENDING = range(4)


@dataclass
class Orders:
    """One row an order, in the order of placing (warm-up first); money in cents of its currency.

    `cancelled_at` and `refunded` are written later, by what the tickets lead to; 0 = not.
    """

    key: Keys
    day: Ints  # position in story.days
    at: Ints
    customer: Ints
    is_new: Bools
    is_guest: Bools
    goodness: Floats  # 0 (bad) … 1: how the order went; moves ratings and repurchase
    shipped_at: Ints
    delivered_at: Ints
    country: Ints
    sales_channel: Ints
    payment: Ints
    paid_at: Ints
    is_test: Bools
    line_order: Ints  # lines, by order
    line_no: Ints
    line_sku: Ints
    line_quantity: Ints
    line_net: Ints
    line_price: Ints
    first_sku: Ints
    goods: Ints
    discount: Ints
    tax: Ints
    shipping: Ints
    cancelled_at: Ints

    @property
    def total(self) -> Ints:
        return self.goods + self.tax + self.shipping

    @property
    def is_euro(self) -> Bools:
        return np.isin(self.country, EURO_COUNTRIES)

    def __len__(self) -> int:
        return len(self.key)


def _descent(
    dice: Dice, key: Keys, day: Ints, first: Ints, counts: Ints, goodness: Floats
) -> tuple[Ints, Bools]:
    """The customer of each order (numbered by first order) and whether it is their first."""
    gap = 3 + dice.lognormal("gap", key, 42.0, 0.9).astype(np.int64)
    target = day - gap
    known = dice.below("returning", key, 0.47) & (target >= 0)
    target = np.maximum(target, 0)
    known &= counts[target] > 0
    size = np.maximum(counts[target], 1)
    parent = np.arange(len(key))
    best = np.full(len(key), -1.0)
    for candidate in range(3):
        drawn = first[target] + (dice.uniform(f"parent/{candidate}", key) * size).astype(np.int64)
        drawn = np.minimum(drawn, len(key) - 1)
        better = known & (goodness[drawn] > best)
        parent[better] = drawn[better]
        best[better] = goodness[drawn[better]]
    while True:
        grand = parent[parent]
        if np.array_equal(grand, parent):
            break
        parent = grand
    is_first = ~known
    return (np.cumsum(is_first) - 1)[parent], is_first


def make_orders(story: Story, dice: Dice) -> Orders:
    days = story.days
    day_keys = days.numbers.astype(np.uint64)
    counts = dice.daily_count("orders", day_keys, story.orders_per_day)
    counts[days.starts[:-1] >= story.end_at] = 0
    day = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    position = np.arange(len(day)) - first[day]
    key = dice.child("order", (day_keys[day] << np.uint64(24)) | position.astype(np.uint64))
    at = days.at(day, shape([float(hour) for hour in HOURS])(dice.uniform("hour", key)))
    ranked = np.lexsort((key, at))
    key, at = key[ranked], at[ranked]

    goodness = dice.uniform("goodness", key)
    customer, is_new = _descent(dice, key, day, first, counts, goodness)
    customer_key = dice.child("customer", customer.astype(np.uint64))
    country = dice.choice("country", customer_key, (88, 6, 2, 2, 1, 1))
    handling_s = dice.lognormal("handling", key, 1.1 * DAY_S, 0.45)
    transit_s = dice.lognormal("transit", key, 3.4 * DAY_S, 0.3)
    shipped_at = at + handling_s.astype(np.int64)
    late = story.stuck[days.index(shipped_at + DAY_S)]
    transit_s = np.where(late, transit_s + 4.5 * DAY_S, transit_s)
    payment = dice.choice("payment", key, (0.972, 0.012, 0.004, 0.012))
    paid_s = np.where(payment == PENDING, 2.5 * DAY_S, 20.0)
    paid_at = at + dice.lognormal("paid", key, paid_s, 0.5).astype(np.int64)
    paid_at[(payment == VOIDED) | (payment == EXPIRED)] = 0
    return Orders(
        key=key,
        day=day,
        at=at,
        customer=customer,
        is_new=is_new,
        is_guest=dice.below("guest", key, 0.14),
        goodness=goodness,
        shipped_at=shipped_at,
        delivered_at=shipped_at + transit_s.astype(np.int64),
        country=country,
        sales_channel=dice.choice("sales_channel", key, (62, 26, 10, 2)),
        payment=payment,
        paid_at=paid_at,
        is_test=dice.below("is_test", key, 0.003),
        cancelled_at=np.zeros(len(key), dtype=np.int64),
        **_lines(story, dice, key, day, np.isin(country, EURO_COUNTRIES)),
    )


def _lines(story: Story, dice: Dice, key: Keys, day: Ints, is_euro: Bools) -> dict[str, Ints]:
    lines = 1 + dice.choice("lines", key, (0.52, 0.29, 0.13, 0.06))
    order = np.repeat(np.arange(len(key)), lines)
    number = np.arange(len(order)) - np.repeat(np.cumsum(lines) - lines, lines) + 1
    line_key = dice.child("line", key[order] + number.astype(np.uint64))
    weight = products().weight.copy()
    weight[DEFECTIVE_SKU] *= 2.0
    sku = dice.choice("sku", line_key, weight)
    quantity = 1 + dice.choice("quantity", line_key, (0.86, 0.11, 0.03))
    price = products().price[sku]
    price = np.where(is_euro[order], np.round(price * EURO / 100) * 100 - 10, price)
    price = price.astype(np.int64)
    days = story.days.numbers
    promo = story.during([*story.bfcm, *(window for _, window in story.promos)], days)[day]
    cut = np.where(promo, 0.2, np.where(dice.below("code", key, 0.13), 0.1, 0.0))
    gross = quantity * price
    net = np.round(gross * (1 - cut[order])).astype(np.int64)
    goods = np.bincount(order, weights=net, minlength=len(key)).astype(np.int64)
    before = np.bincount(order, weights=gross, minlength=len(key)).astype(np.int64)
    starts = np.cumsum(lines) - lines
    return {
        "line_order": order,
        "line_no": number,
        "line_sku": sku,
        "line_quantity": quantity,
        "line_net": net,
        "line_price": price,
        "first_sku": sku[starts],
        "goods": goods,
        "discount": before - goods,
        "tax": np.round(goods * TAX).astype(np.int64),
        "shipping": np.where(goods >= FREE_SHIPPING, 0, SHIPPING).astype(np.int64),
    }


ORDER_WORDS = {
    "sales_channel": SALES_CHANNELS,
    "country": COUNTRIES,
    "payment": ("paid", "voided", "expired", "pending"),
}
