"""What a Shopify store knows of the shop: orders, customers and disputes as of an instant.

A merged customer is gone and its orders are its survivor's. A chargeback is a dispute of Shopify
Payments, not a refund. A replacement is an order with the tag `replacement`; a test account has the
tag `test`. The world sells in two currencies, a store keeps its books in one: `shopMoney` is in the
order's own here, so that no figure is converted. Deleted orders are nowhere.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ingestion.sandbox.log import Log
from ingestion.sandbox.orders import Order
from ingestion.sandbox.people import Customer
from ingestion.sandbox.replay import Row
from ingestion.sandbox.rows import number
from ingestion.sandbox.shopify_pages import JsonRow, connection, place_of, size_of
from ingestion.sandbox.world import World

LINES_AN_ORDER = 1_000
CURRENCY = "USD"
STATUS = {
    "paid": "PAID",
    "partially_paid": "PARTIALLY_PAID",
    "refunded": "REFUNDED",
    "partially_refunded": "PARTIALLY_REFUNDED",
    "pending": "PENDING",
    "unpaid": "PENDING",
    "failed": "EXPIRED",
    "expired": "EXPIRED",
    "voided": "VOIDED",
}


def iso(at: int | None) -> str | None:
    return None if at is None else f"{datetime.fromtimestamp(at, UTC).isoformat()[:19]}Z"


def gid(kind: str, key: int) -> str:
    return f"gid://shopify/{kind}/{key}"


@dataclass(frozen=True)
class Dispute:
    at: int
    number: int
    order: Order
    row: Row


class ShopifyStore:
    """`log` and `customer_log` are in the order of `updatedAt`, numbers ascend."""

    def __init__(self, world: World) -> None:
        self.orders, self._people = world.orders, world.people
        self.log = world.order_log
        self.customers = {
            person.number: person
            for person in world.people.by_number.values()
            if person.external_id is not None
        }
        ordered: dict[int, set[int]] = {key: set() for key in self.customers}
        for order in world.orders.values():
            person = self._customer(order)
            if person is not None:
                ordered[person.number].add(order.row["placed_at"])
        self._changes = {
            key: sorted({person.created_at, *(at for at in ordered[key] if at > person.created_at)})
            for key, person in self.customers.items()
        }
        self.customer_log = Log.of(
            (at, key, n) for key, changes in self._changes.items() for n, at in enumerate(changes)
        )
        self.order_numbers, self.customer_numbers = sorted(self.orders), sorted(self.customers)
        self.disputes = sorted(
            (
                Dispute(row["refunded_at"], number("dispute", row["refund_id"]), order, row)
                for order in world.orders.values()
                for row in order.refunds
                if row.get("kind") == "chargeback"
            ),
            key=lambda dispute: dispute.number,
        )

    def is_shown(self, key: int, now: int) -> bool:
        order = self.orders.get(key)
        return bool(order and order.changes[0] <= now and not order.as_of(now).is_deleted)

    def customer_is_shown(self, key: int, now: int) -> bool:
        return self._changes[key][0] <= now

    def _customer(self, order: Order) -> Customer | None:
        found = self._people.of_order(order.row.get("customer_id"), order.row.get("customer_email"))
        return found if found and found.number in self.customers else None

    def order(self, key: int, now: int) -> JsonRow:
        order = self.orders[key]
        row, state = order.row, order.as_of(now)
        person = self._customer(order)
        currency = row.get("currency") or CURRENCY
        back = sum(refund["amount"] for refund in state.refunds)
        total = row.get("total")
        if total is None:
            total = sum(_net(line) for line in order.lines)
        shipping, tax = row.get("shipping") or 0, row.get("tax") or 0
        address = {"countryCodeV2": row["country"]} if row.get("country") else None
        return {
            "id": gid("Order", key),
            "name": row["order_id"],
            "createdAt": iso(row["placed_at"]),
            "processedAt": iso(row["placed_at"]),
            "updatedAt": iso(state.updated_at),
            "cancelledAt": iso(state.cancelled_at),
            "cancelReason": "OTHER" if state.cancelled_at else None,
            "test": bool(row.get("is_test")),
            "displayFinancialStatus": STATUS[state.payment_status],
            "email": row.get("customer_email") or (person.email if person else None),
            "phone": person.phone if person else None,
            "sourceName": row.get("sales_channel"),
            "tags": ["replacement"] if row.get("is_replacement") else [],
            "customer": self.customer(person.number, now) if person else None,
            "shippingAddress": address,
            "billingAddress": address,
            "totalPriceSet": bag(total, currency),
            "subtotalPriceSet": bag(total - shipping - tax, currency),
            "totalTaxSet": bag(tax, currency),
            "totalShippingPriceSet": bag(shipping, currency),
            "totalDiscountsSet": bag(row.get("discount") or 0, currency),
            "currentTotalPriceSet": bag(total - back, currency),
            "subtotalLineItemsQuantity": sum(int(line["quantity"]) for line in order.lines),
            "lineItems": lambda **paging: self._lines(order, currency, **paging),
            "refunds": [
                self._refund(refund, currency)
                for refund in state.refunds
                if refund.get("kind") != "chargeback"
            ],
            "transactions": self._transactions(order, state.paid_at, state.refunds),
        }

    def _lines(
        self, order: Order, currency: str, first: int | None = None, after: str | None = None
    ) -> JsonRow:
        size = size_of(first)
        place = place_of(after, size)
        numbered = list(enumerate(order.lines, start=1))[place.depth :][: size + 1]
        return connection(
            numbered,
            size,
            place.depth,
            lambda line: (line[0], line[0]),
            lambda line: self._line(order, line[0], line[1], currency),
        )

    def _line(self, order: Order, place: int, row: Row, currency: str) -> JsonRow:
        net, price = _net(row), row.get("unit_price")
        whole = net if price is None else price * row["quantity"]
        product = {"id": gid("Product", number("product", row.get("sku") or ""))}
        return {
            "id": gid("LineItem", order.number * LINES_AN_ORDER + place),
            "sku": row.get("sku"),
            "quantity": int(row["quantity"]),
            "product": {**product, "productType": row.get("product_type") or ""},
            "originalTotalSet": bag(whole, currency),
            "discountedTotalSet": lambda withCodeDiscounts=False: bag(
                net if withCodeDiscounts else whole, currency
            ),
        }

    def _refund(self, row: Row, currency: str) -> JsonRow:
        return {
            "id": gid("Refund", number("refund", row["refund_id"])),
            "createdAt": iso(row["refunded_at"]),
            "note": row.get("reason"),
            "totalRefundedSet": bag(row["amount"], currency),
        }

    def _transactions(
        self, order: Order, paid_at: int | None, refunds: tuple[Row, ...]
    ) -> list[JsonRow]:
        """A card is authorized when the order is placed, and charged when it is paid."""
        done = [("AUTHORIZATION", order.row["placed_at"], "auth")]
        if paid_at is not None:
            done.append(("CAPTURE", paid_at, "sale"))
        done += [("REFUND", row["refunded_at"], row["refund_id"]) for row in refunds]
        return [
            {
                "id": gid("OrderTransaction", number("transaction", f"{order.number} {name}")),
                "kind": kind,
                "status": "SUCCESS",
                "processedAt": iso(at),
            }
            for kind, at, name in done
        ]

    def customer(self, key: int, now: int) -> JsonRow:
        person = self.customers[key]
        seen = bisect_right(self._changes[key], now)
        tags = [name for name in ("test", "internal") if getattr(person, f"is_{name}")]
        return {
            "id": gid("Customer", key),
            "createdAt": iso(person.created_at),
            "updatedAt": iso(self._changes[key][max(0, seen - 1)]),
            "tags": tags,
            "defaultEmailAddress": {"emailAddress": person.email} if person.email else None,
            "defaultPhoneNumber": {"phoneNumber": person.phone} if person.phone else None,
        }

    def dispute(self, dispute: Dispute, now: int) -> JsonRow:
        shown = self.is_shown(dispute.order.number, now)
        return {
            "id": gid("ShopifyPaymentsDispute", dispute.number),
            "type": "CHARGEBACK",
            "status": "NEEDS_RESPONSE",
            "initiatedAt": iso(dispute.at),
            "finalizedOn": None,
            "amount": money(dispute.row["amount"], dispute.order.row.get("currency") or CURRENCY),
            "reasonDetails": {"reason": "GENERAL", "networkReasonCode": None},
            "order": self.order(dispute.order.number, now) if shown else None,
        }


def money(amount: Any, currency: str) -> JsonRow:
    return {"amount": str(amount), "currencyCode": currency}


def bag(amount: Any, currency: str) -> JsonRow:
    same = money(amount, currency)
    return {"shopMoney": same, "presentmentMoney": same}


def _net(line: Row) -> Any:
    if line.get("net_amount") is not None:
        return line["net_amount"]
    return line["quantity"] * (line.get("unit_price") or 0)
