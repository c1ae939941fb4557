"""Orders, their lines and refunds as tables, as they stand at the end of the shop.

Numbers like #10023 are given in the order of placing, over all orders that anyone can see.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.sample import columns
from ingestion.sample.catalogue import COUNTRIES, EURO_COUNTRIES, SALES_CHANNELS, products
from ingestion.sample.customers import Identities
from ingestion.sample.dice import Floats, Ints
from ingestion.sample.episodes import Scene
from ingestion.sample.orders import EURO, EXPIRED, PENDING, TAX, VOIDED
from ingestion.sample.recovery import CHARGEBACK, REASONS, Aftermath

FIRST_NUMBER = 10_001
STATUSES = ("paid", "voided", "expired", "pending", "refunded", "partially_refunded")
REFUNDED, PARTIALLY = 4, 5


@dataclass(frozen=True)
class OrderBook:
    """`number` of each order (0 = not visible); orders that others led to follow the others."""

    number: Ints
    extra_number: Ints


def number_orders(scene: Scene, aftermath: Aftermath) -> OrderBook:
    story = scene.story
    at = np.concatenate([scene.orders.at, aftermath.extra_at])
    origin = np.concatenate([np.full(len(scene.orders), -1), aftermath.extra_origin])
    about = np.concatenate([np.arange(len(scene.orders)), aftermath.extra_about])
    visible = np.flatnonzero((at >= story.start_at) & (at <= story.end_at))
    keys = scene.orders.key[about]
    ranked = visible[np.lexsort((keys[visible], origin[visible], at[visible]))]
    number = np.zeros(len(at), dtype=np.int64)
    number[ranked] = np.arange(len(ranked)) + FIRST_NUMBER
    return OrderBook(number[: len(scene.orders)], number[len(scene.orders) :])


def order_tables(
    scene: Scene, aftermath: Aftermath, book: OrderBook, people: Identities
) -> dict[str, pa.Table]:
    orders, story = scene.orders, scene.story
    end = story.end_at
    size, extra = len(orders), len(aftermath.extra_at)
    sku = aftermath.extra_sku
    about = aftermath.extra_about
    replaces = aftermath.extra_origin >= 0
    euro = np.isin(orders.country[about], EURO_COUNTRIES)
    price = products().price[sku]
    price = np.where(euro, np.round(price * EURO / 100) * 100 - 10, price).astype(np.int64)
    net = np.where(replaces, 0, price)
    tax = np.round(net * TAX).astype(np.int64)

    def both(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.concatenate([first, second])

    none = np.zeros(extra, dtype=np.int64)
    number = both(book.number, book.extra_number)
    at = both(orders.at, aftermath.extra_at)
    total = both(orders.total, net + tax)
    paid_at = both(orders.paid_at, aftermath.extra_at + 30)
    cancelled_at = both(orders.cancelled_at, none)
    refunded = np.zeros(size + extra, dtype=np.int64)
    refunded_at = np.zeros(size + extra, dtype=np.int64)
    seen = aftermath.at <= end
    refunded[aftermath.order[seen]] = aftermath.cents[seen]
    refunded_at[aftermath.order[seen]] = aftermath.at[seen]
    payment = both(orders.payment, none)
    status = np.where((payment == PENDING) & (paid_at <= end), 0, payment)
    status = np.where(refunded > 0, np.where(refunded >= total, REFUNDED, PARTIALLY), status)
    never = np.isin(payment, (VOIDED, EXPIRED))
    is_paid = ~never & (paid_at <= end)
    is_cancelled = (cancelled_at > 0) & (cancelled_at <= end)
    updated = np.maximum.reduce(
        [at, np.where(is_paid, paid_at, 0), np.where(is_cancelled, cancelled_at, 0), refunded_at]
    )
    guest = both(orders.is_guest, np.zeros(extra, dtype=bool))
    customer = both(orders.customer, aftermath.extra_customer)
    country = both(orders.country, orders.country[about])
    rank = np.argsort(number, kind="stable")
    rank = rank[number[rank] > 0]
    is_test = both(orders.is_test, np.zeros(extra, dtype=bool))
    customer_id = people.id_at(customer, at)
    tables = {
        "orders": pa.table(
            {
                "order_id": columns.ids("#", number[rank]),
                "placed_at": columns.instants(at[rank]),
                "paid_at": columns.instants(paid_at[rank], is_paid[rank]),
                "cancelled_at": columns.instants(cancelled_at[rank], is_cancelled[rank]),
                "payment_status": columns.words(status[rank], STATUSES),
                "customer_id": columns.where(
                    ~guest[rank], people.order_ids(customer_id[rank], is_test[rank])
                ),
                "customer_email": people.order_emails(customer[rank], is_test[rank]),
                "total": columns.money(total[rank]),
                "discount": columns.money(both(orders.discount, none)[rank]),
                "tax": columns.money(both(orders.tax, tax)[rank]),
                "shipping": columns.money(both(orders.shipping, none)[rank]),
                "currency": columns.words(
                    np.isin(country[rank], EURO_COUNTRIES).astype(np.int64), ("USD", "EUR")
                ),
                "sales_channel": columns.words(both(orders.sales_channel, none)[rank],
                                               SALES_CHANNELS),
                "country": columns.words(country[rank], COUNTRIES),
                "is_test": columns.flags(is_test[rank]),
                "is_replacement": columns.flags(both(np.zeros(size, bool), replaces)[rank]),
                "is_deleted": columns.flags(np.zeros(len(rank), dtype=bool)),
                "updated_at": columns.instants(updated[rank]),
            }
        )
    }  # fmt: skip
    ones = np.ones(extra, dtype=np.int64)
    lines = {
        "order": both(book.number[orders.line_order], book.extra_number),
        "line_no": both(orders.line_no, ones),
        "sku": both(orders.line_sku, sku),
        "quantity": both(orders.line_quantity, ones),
        "net": both(orders.line_net, net),
        "price": both(orders.line_price, np.where(replaces, 0, price)),
    }
    rank = np.lexsort((lines["line_no"], lines["order"]))
    rank = rank[lines["order"][rank] > 0]
    tables["order_lines"] = pa.table(
        {
            "order_id": columns.ids("#", lines["order"][rank]),
            "line_no": columns.numbers(lines["line_no"][rank]),
            "sku": columns.words(lines["sku"][rank], products().sku),
            "product_type": columns.words(lines["sku"][rank], products().product_type),
            "quantity": columns.numbers(lines["quantity"][rank]),
            "net_amount": columns.money(lines["net"][rank]),
            "unit_price": columns.money(lines["price"][rank]),
        }
    )
    tables["refunds"] = _refunds(aftermath, book, end)
    return tables


def _refunds(aftermath: Aftermath, book: OrderBook, end: int) -> pa.Table:
    number = book.number[aftermath.order]
    rank = np.lexsort((number, aftermath.at))
    rank = rank[(number[rank] > 0) & (aftermath.at[rank] <= end) & (aftermath.cents[rank] > 0)]
    reason = aftermath.reason[rank]
    kind = (reason == CHARGEBACK).astype(np.int64)
    return pa.table(
        {
            "refund_id": columns.ids("R", np.arange(len(rank)) + FIRST_NUMBER),
            "order_id": columns.ids("#", number[rank]),
            "refunded_at": columns.instants(aftermath.at[rank]),
            "amount": columns.money(aftermath.cents[rank]),
            "reason": columns.words(reason, REASONS),
            "kind": columns.words(kind, ("refund", "chargeback")),
        }
    )


def rates(day: Floats) -> Floats:
    """US dollars for a euro, by day number."""
    return np.asarray(np.round(1.085 + 0.03 * np.sin(day / 97) + 0.006 * np.sin(day / 11), 6))
