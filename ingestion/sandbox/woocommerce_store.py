"""What a WooCommerce shop knows of the shop: orders, customers and products as of an instant.

An order has one status for payment, delivery and cancellation together, and which of them it went
through is not kept: what was voided or expired is cancelled, what is paid is processing, and what
was given back in full is refunded, cancelled or not. Chargebacks are the payment provider's and
nowhere here. A deleted order is in the trash for thirty days. A replacement has a meta key. Who
ordered as a guest is customer 0. Channels are the ways in which WooCommerce makes orders. The shop
lies an hour east of UTC; fields with `_gmt` do not.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ingestion.sandbox.log import NEVER
from ingestion.sandbox.orders import Order, OrderState
from ingestion.sandbox.people import Customer
from ingestion.sandbox.replay import Row
from ingestion.sandbox.rows import number
from ingestion.sandbox.world import World

AHEAD = 3600
LINES_AN_ORDER = 1_000
ACCOUNTS_A_SECOND = 1_000_000
CURRENCY = "USD"
TRASH_DAYS_S = 30 * 86_400
STATUS = {
    "paid": "processing",
    "partially_paid": "processing",
    "refunded": "processing",
    "partially_refunded": "processing",
    "pending": "on-hold",
    "unpaid": "pending",
    "failed": "failed",
    "expired": "cancelled",
    "voided": "cancelled",
}
STATUSES = (*sorted(set(STATUS.values())), "completed", "refunded", "trash")
MADE_BY = {"web": "checkout", "phone": "admin"}
OTHERWISE_MADE_BY = "rest-api"
REPLACEMENT = "_replacement_for"

JsonRow = dict[str, Any]


def _dates(name: str, at: int | None) -> JsonRow:
    """Once by the shop's clock and once in UTC, neither saying which."""

    def iso(ahead: int) -> str | None:
        if at is None:
            return None
        return datetime.fromtimestamp(at + ahead, UTC).strftime("%Y-%m-%dT%H:%M:%S")

    return {f"date_{name}": iso(AHEAD), f"date_{name}_gmt": iso(0)}


def account_id(person: Customer) -> int:
    """Accounts are counted up: who registers later has the higher id."""
    return person.created_at * ACCOUNTS_A_SECOND + person.number % ACCOUNTS_A_SECOND


def _money(amount: Any) -> str:
    return f"{amount or 0:.2f}"


class WooStore:
    """Lists are numbers, ascending."""

    def __init__(self, world: World) -> None:
        self._orders, self._people, self._log = world.orders, world.people, world.order_log
        self._deleted = np.array(
            sorted(key for key, order in world.orders.items() if order.row.get("is_deleted")),
            dtype=np.int64,
        )
        self._customers = {
            account_id(person): person
            for person in world.people.by_number.values()
            if person.external_id is not None
        }
        self._products: dict[int, tuple[int, Row]] = {}
        for order in world.orders.values():
            for line in order.lines:
                key, at = _product_number(line), order.row["placed_at"]
                if key and at < self._products.get(key, (NEVER, line))[0]:
                    self._products[key] = (at, line)

    def orders(self, now: int, after: int | None, status: str) -> Sequence[int]:
        """Those of a status (`any`: not in the trash) that were modified after an instant."""
        first = 0 if after is None else self._log.end(after)
        last = self._log.end(now)
        is_newest = self._log.until[first:last] > now
        found = np.sort(self._log.number[first:last][is_newest])
        trashed = [key for key in self._deleted if self._state(key, now).is_deleted]
        if status == "trash":
            kept = [key for key in trashed if self.is_there(key, now)]
            return [int(key) for key in found[np.isin(found, kept)]]
        untouched = [int(key) for key in found[~np.isin(found, trashed)]]
        if status == "any":
            return untouched
        return [key for key in untouched if self.order(key, now)["status"] == status]

    def is_there(self, key: int, now: int) -> bool:
        """Whether it was placed, and is not deleted for good."""
        order = self._orders.get(key)
        if order is None or order.changes[0] > now:
            return False
        state = order.as_of(now)
        return not state.is_deleted or now < state.updated_at + TRASH_DAYS_S

    def _state(self, key: int, now: int) -> OrderState:
        order = self._orders[int(key)]
        return order.as_of(max(now, order.changes[0]))

    def order(self, key: int, now: int) -> JsonRow:
        order = self._orders[key]
        row, state = order.row, order.as_of(now)
        address = {"country": row.get("country") or ""}
        lines = [self._line(order, place, line) for place, line in enumerate(order.lines, start=1)]
        total = row.get("total")
        if total is None:
            total = sum(_net(line) for line in order.lines)
        person = None
        if row.get("customer_id"):
            person = self._people.of_order(row["customer_id"], row.get("customer_email"))
        email = row.get("customer_email") or (person.email if person else None)
        is_replacement = bool(row.get("is_replacement"))
        return {
            "id": key,
            "parent_id": 0,
            "number": str(key),
            "created_via": MADE_BY.get(row.get("sales_channel") or "", OTHERWISE_MADE_BY),
            "status": _status(state),
            "currency": row.get("currency") or CURRENCY,
            **_dates("created", row["placed_at"]),
            **_dates("modified", state.updated_at),
            "discount_total": _money(row.get("discount")),
            "shipping_total": _money(row.get("shipping")),
            "total": _money(total),
            "total_tax": _money(row.get("tax")),
            "prices_include_tax": False,
            "customer_id": account_id(person) if person else 0,
            "billing": {
                **address,
                "email": email or "",
                "phone": (person.phone if person else None) or "",
            },
            "shipping": address,
            **_dates("paid", state.paid_at),
            **_dates("completed", None),
            "meta_data": [{"id": 1, "key": REPLACEMENT, "value": "1"}] if is_replacement else [],
            "line_items": lines,
            "refunds": [
                {
                    "id": number("refund", refund["refund_id"]),
                    "reason": refund.get("reason") or "",
                    "total": f"-{_money(refund['amount'])}",
                }
                for refund in _given_back(state)
            ],
        }

    def _line(self, order: Order, place: int, line: Row) -> JsonRow:
        net, price = _net(line), line.get("unit_price")
        return {
            "id": order.number * LINES_AN_ORDER + place,
            "product_id": _product_number(line) or 0,
            "variation_id": 0,
            "quantity": int(line["quantity"]),
            "sku": line.get("sku") or "",
            "subtotal": _money(net if price is None else price * line["quantity"]),
            "total": _money(net),
            "total_tax": "0.00",
            "price": float(price or 0),
        }

    def refunds(self, key: int, now: int) -> Iterator[JsonRow]:
        for refund in _given_back(self._orders[key].as_of(now)):
            yield {
                "id": number("refund", refund["refund_id"]),
                **_dates("created", refund["refunded_at"]),
                "amount": _money(refund["amount"]),
                "reason": refund.get("reason") or "",
                "refunded_by": 1,
                "refunded_payment": True,
                "line_items": [],
            }

    def customers(self, now: int) -> list[int]:
        return sorted(key for key, one in self._customers.items() if one.created_at <= now)

    def customer(self, key: int) -> JsonRow:
        person = self._customers[key]
        return {
            "id": key,
            **_dates("created", person.created_at),
            **_dates("modified", person.created_at),
            "email": person.email or "",
            "username": person.name.lower(),
            "role": "customer",
            "billing": {"email": person.email or "", "phone": person.phone or ""},
        }

    def products(self, now: int, after: int | None) -> list[int]:
        """Each is made when it is first sold, and stays as it is."""
        since = -1 if after is None else after
        return sorted(key for key, (at, _) in self._products.items() if since < at <= now)

    def product(self, key: int) -> JsonRow:
        at, line = self._products[key]
        name = line.get("product_type") or "Uncategorized"
        slug = name.lower().replace(" ", "-")
        return {
            "id": key,
            "type": "simple",
            "status": "publish",
            "sku": line.get("sku") or "",
            **_dates("created", at),
            **_dates("modified", at),
            "categories": [{"id": number("category", slug), "name": name, "slug": slug}],
        }


def _product_number(line: Row) -> int | None:
    return number("product", line["sku"]) if line.get("sku") else None


def _given_back(state: OrderState) -> list[Row]:
    return [row for row in state.refunds if row.get("kind") != "chargeback"]


def _status(state: OrderState) -> str:
    if state.is_deleted:
        return "trash"
    if state.payment_status == "refunded" and _given_back(state):
        return "refunded"
    return "cancelled" if state.cancelled_at is not None else STATUS[state.payment_status]


def _net(line: Row) -> Any:
    if line.get("net_amount") is not None:
        return line["net_amount"]
    return line["quantity"] * (line.get("unit_price") or 0)
