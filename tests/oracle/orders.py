"""Orders: which count (K20), what they are worth (K17), and the customer segments (K19).

Membership of an order is settled when it is placed; no later refund or cancellation removes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from .clock import instant_of, local_of
from .customers import Identities
from .export import Order, Refund
from .shop import Shop

PAID_STATUSES = frozenset({"paid", "partially_paid", "refunded", "partially_refunded"})
NEW = timedelta(days=90)
ACTIVE = timedelta(days=365)
REFUND_WINDOW = timedelta(days=30)
RECENT = timedelta(days=60)
MONEY = Decimal("0.0001")
HIGH_VALUE_QUANTILE = 0.8


@dataclass(frozen=True)
class Placed:
    """An order with what the rules say of it; `paid_at` None = no paid order."""

    order_id: str
    customer: str | None
    placed_at: datetime
    is_countable: bool
    paid_at: datetime | None
    cancelled_at: datetime | None
    total: Decimal | None  # in the order's own currency, as the refunds are
    refunds: tuple[Refund, ...]
    rate: Decimal | None  # account currency for one unit, None: not known

    def given_back(self, until: datetime) -> Decimal:
        """Refunds and chargebacks up to an instant."""
        return sum((row.amount for row in self.refunds if row.at <= until), Decimal(0))

    def net_at(self, until: datetime) -> Decimal | None:
        """K17: what is left of the total, in account currency; None: not known."""
        if self.total is None or self.rate is None:
            return None
        return ((self.total - self.given_back(until)) * self.rate).quantize(MONEY)

    def net(self, now: datetime) -> Decimal | None:
        """What was known just before `now` of the net at 30 days; None: not known."""
        last = min(self.placed_at + REFUND_WINDOW, now - timedelta(microseconds=1))
        return self.net_at(last)


def placed_orders(shop: Shop, people: Identities, currency: str, zone: ZoneInfo) -> list[Placed]:
    """Every order of the shop, countable or not, in the order of placing."""
    fills_paid_at = any(order.paid_at for order in shop.orders)
    rates = {(row.date, row.currency): row.rate for row in shop.fx_rates}
    lines: dict[str, list[Decimal]] = {}
    for line in shop.lines:
        if line.net is not None and line.net >= 0 and line.quantity >= 0:
            lines.setdefault(line.order_id, []).append(line.net)
    placed = []
    for order in shop.orders:
        out = order.is_test or order.is_deleted or order.is_replacement
        accepted, paid_at = _payment(order, fills_paid_at)
        same_money = order.currency in (None, currency)
        placed_on = local_of(order.placed_at, zone).date()
        listed = lines.get(order.order_id)
        placed.append(
            Placed(
                order_id=order.order_id,
                customer=people.key(order.customer_id, order.customer_email),
                placed_at=order.placed_at,
                is_countable=accepted and not out,
                paid_at=None if out else paid_at,
                cancelled_at=order.cancelled_at,
                total=sum(listed, Decimal(0)) if order.total is None and listed else order.total,
                refunds=tuple(row for row in shop.refunds if row.order_id == order.order_id),
                rate=Decimal(1) if same_money else rates.get((placed_on, order.currency or "")),
            )
        )
    return sorted(placed, key=lambda order: (order.placed_at, order.order_id))


def _payment(order: Order, fills_paid_at: bool) -> tuple[bool, datetime | None]:
    """Whether the order was accepted, and when it was paid (None: it is no paid order)."""
    paid_at = order.paid_at if fills_paid_at else order.placed_at
    if order.payment_status is not None:  # decides before paid_at
        if order.payment_status in PAID_STATUSES:
            return True, paid_at or order.placed_at
        # Accepted, not paid yet: countable, but no paid order, whatever paid_at says.
        return order.payment_status == "pending", None
    return bool(paid_at) or order.cancelled_at is None, paid_at


class Segments:
    """K19's `customer_segment` of a person at the start of a local month."""

    def __init__(self, orders: list[Placed], zone: ZoneInfo) -> None:
        self._zone = zone
        self._thresholds: dict[datetime, Decimal | None] = {}
        self._paid: dict[str, list[Placed]] = {}
        for order in orders:
            if order.customer and order.paid_at:
                self._paid.setdefault(order.customer, []).append(order)

    def of(self, customer: str | None, at: datetime) -> tuple[str, ...]:
        """The segments of a fact at `at`: one of the four, and `high_value` across them."""
        month = local_of(at, self._zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        start = instant_of(month, self._zone)
        if customer is None:
            return ("unlinked",)
        own = self._activity(customer, start)
        if own == "inactive":
            return ("inactive",)
        worth = self._worth(customer, start)
        threshold = self._threshold(start)
        if threshold is None or worth is None or worth < threshold or worth <= 0:
            return (own,)
        return (own, "high_value")

    def _activity(self, customer: str, start: datetime) -> str:
        days = [order.paid_at for order in self._paid.get(customer, []) if order.paid_at]
        days = [day for day in days if day < start]
        if not days or max(days) < self._before(start, ACTIVE):
            return "inactive"
        return "new" if min(days) >= self._before(start, NEW) else "returning"

    def _before(self, start: datetime, days: timedelta) -> datetime:
        """So many local days before a midnight: no change of the clocks moves a day's edge."""
        return instant_of(local_of(start, self._zone) - days, self._zone)

    def _worth(self, customer: str, start: datetime) -> Decimal | None:
        """Net of the 365 days before, as it stood then: nothing looks ahead. None: not known."""
        nets = [
            order.net(start)
            for order in self._paid.get(customer, [])
            if order.paid_at and self._before(start, ACTIVE) <= order.paid_at < start
        ]
        known = [net for net in nets if net is not None]
        return sum(known, Decimal(0)) if known else None

    def _threshold(self, start: datetime) -> Decimal | None:
        if start not in self._thresholds:
            worths = [
                self._worth(customer, start)
                for customer in self._paid
                if self._activity(customer, start) != "inactive"
            ]
            known = sorted(worth for worth in worths if worth is not None)
            self._thresholds[start] = _percentile(known)
        return self._thresholds[start]


def _percentile(values: list[Decimal]) -> Decimal | None:
    """The 80th percentile, interpolated as `percentile_cont` does."""
    if not values:
        return None
    place = Decimal(str(HIGH_VALUE_QUANTILE)) * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


class OrderLinks:
    """Which order an episode is about: the ticket's own, else the customer's most recent one."""

    def __init__(self, orders: list[Placed]) -> None:
        self._orders = orders

    @cached_property
    def _by_customer(self) -> dict[str, list[Placed]]:
        found: dict[str, list[Placed]] = {}
        for order in self._orders:
            if order.customer:
                found.setdefault(order.customer, []).append(order)
        return found

    def of(self, order_id: str | None, customer: str | None, opened_at: datetime) -> str | None:
        """The order's id; countable or not, placed at most 60 days before the episode opened."""
        if order_id:
            return order_id
        recent = [
            order.order_id
            for order in self._by_customer.get(customer or "", [])
            if opened_at - RECENT <= order.placed_at <= opened_at
        ]
        return recent[-1] if recent else None
