"""The tiny shop's store at Shopify: every kind of order, few enough to work out by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingestion.sandbox.app import create_app
from ingestion.sandbox.clock import FrozenClock
from ingestion.sandbox.serve import running
from ingestion.sandbox.world import World
from tests.sandbox_support import Sandbox, on, shop, table
from tests.source_support import Desk

END = on(12, "00:00:00")
LINES = 140
"""Of order #1002: more than an order's page and one more hold."""


def store() -> dict[str, pa.Table]:
    """The tiny shop, and five orders: refunded in part and charged back, long, replaced, deleted,
    and one of a stranger that is a test.
    """
    orders = "order_id placed_at paid_at cancelled_at payment_status customer_id customer_email"
    orders += " total discount tax shipping currency sales_channel country is_test is_replacement"
    orders += " is_deleted updated_at"
    long = [("#1002", n, f"SKU-{n}", "Lamps", 1, Decimal(n), Decimal(n + 1))
            for n in range(1, LINES + 1)]  # fmt: skip
    long_total = Decimal(sum(range(1, LINES + 1)))
    free = Decimal("0.00")
    return shop() | {
        "orders": table(
            orders,
            ("#1001", on(1, "08:00:00"), on(1, "08:05:00"), None, "partially_refunded", "C1",
             "one@mail.example", Decimal("120.50"), Decimal("10.00"), Decimal("5.50"),
             Decimal("4.90"), "USD", "web", "US", False, False, False, on(6, "08:00:00")),
            ("#1002", on(2, "08:00:00"), None, on(2, "09:00:00"), "voided", "C2",
             "qa@shop.example", long_total, free, free, free, "EUR", "mobile_app", "DE", False,
             False, False, on(2, "09:00:00")),
            ("#1003", on(3, "08:00:00"), None, None, "pending", "C1", "one@mail.example", free,
             free, free, free, "USD", None, "US", False, True, False, on(3, "08:00:00")),
            ("#1004", on(3, "09:00:00"), on(3, "09:00:00"), None, "paid", "C1-B",
             "one@mail.example", Decimal("30.00"), free, free, free, "USD", "web", "US", False,
             False, True, on(8, "12:00:00")),
            ("#1005", on(3, "10:00:00"), None, None, "expired", None, "guest@mail.example",
             Decimal("7.25"), free, free, free, "USD", "phone", None, True, False, False,
             on(3, "10:00:00")),
        ),
        "order_lines": table(
            "order_id line_no sku product_type quantity net_amount unit_price",
            ("#1001", 1, "LIG-1", "Lights", 2, Decimal("70.00"), Decimal("40.00")),
            ("#1001", 2, "LIG-2", None, 1, Decimal("50.50"), Decimal("50.50")),
            *long,
            ("#1003", 1, "LIG-1", "Lights", 1, free, free),
            ("#1004", 1, "LIG-1", "Lights", 1, Decimal("30.00"), Decimal("30.00")),
            ("#1005", 1, "LIG-1", "Lights", 1, Decimal("7.25"), Decimal("7.25")),
        ),
        "refunds": table(
            "refund_id order_id refunded_at amount reason kind",
            ("R1", "#1001", on(4, "08:00:00"), Decimal("20.25"), "damaged", "refund"),
            ("R2", "#1001", on(6, "08:00:00"), Decimal("15.00"), None, "chargeback"),
        ),
    }  # fmt: skip


@contextmanager
def selling(at: datetime, **options: Any) -> Iterator[Sandbox]:
    tables = options.pop("tables", None) or store()
    clock = FrozenClock(at)
    with running(create_app(World.of(tables), clock, **options)) as base:
        yield Sandbox(base, clock)


def desk_of(client: Sandbox, folder: Path) -> Desk:
    return Desk("shopify", f"{client.base}/shopify", folder)
