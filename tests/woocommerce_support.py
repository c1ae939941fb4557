"""The tiny shop's store at WooCommerce: every kind of order, few enough to work out by hand."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import duckdb
import pyarrow as pa

from ingestion.sandbox.app import create_app
from ingestion.sandbox.clock import FrozenClock
from ingestion.sandbox.serve import running
from ingestion.sandbox.world import World
from tests.sandbox_support import Sandbox, on, shop, table
from tests.source_support import Desk

END = on(12, "00:00:00")
FREE = Decimal("0.00")


def store() -> dict[str, pa.Table]:
    """The tiny shop, and six orders: refunded in part and charged back, cancelled, replaced, thrown
    away, of a stranger, and given back in full.
    """
    orders = "order_id placed_at paid_at cancelled_at payment_status customer_id customer_email"
    orders += " total discount tax shipping currency sales_channel country is_test is_replacement"
    orders += " is_deleted updated_at"
    return shop() | {
        "orders": table(
            orders,
            ("#1001", on(1, "08:00:00"), on(1, "08:05:00"), None, "partially_refunded", "C1",
             "one@mail.example", Decimal("120.50"), Decimal("10.00"), Decimal("5.50"),
             Decimal("4.90"), "USD", "web", "US", False, False, False, on(6, "08:00:00")),
            ("#1002", on(2, "08:00:00"), None, on(2, "09:00:00"), "voided", "C2",
             "qa@shop.example", Decimal("15.00"), FREE, FREE, FREE, "EUR", "mobile_app", "DE",
             False, False, False, on(2, "09:00:00")),
            ("#1003", on(3, "08:00:00"), None, None, "pending", "C1", "one@mail.example", FREE,
             FREE, FREE, FREE, "USD", "web", "US", False, True, False, on(3, "08:00:00")),
            ("#1004", on(3, "09:00:00"), on(3, "09:00:00"), None, "paid", "C1-B",
             "one@mail.example", Decimal("30.00"), FREE, FREE, FREE, "USD", "web", "US", False,
             False, True, on(8, "12:00:00")),
            ("#1005", on(3, "10:00:00"), None, None, "unpaid", None, "Guest@mail.example",
             Decimal("7.25"), FREE, FREE, FREE, "USD", "phone", None, False, False, False,
             on(3, "10:00:00")),
            ("#1006", on(4, "08:00:00"), on(4, "08:00:30"), on(5, "08:00:00"), "refunded", "C2",
             None, Decimal("50.00"), FREE, FREE, FREE, "USD", "web", "US", False, False, False,
             on(5, "09:00:00")),
        ),
        "order_lines": table(
            "order_id line_no sku product_type quantity net_amount unit_price",
            ("#1001", 1, "LIG-1", "Lights", 2, Decimal("70.00"), Decimal("40.00")),
            ("#1001", 2, "LIG-2", None, 1, Decimal("50.50"), Decimal("50.50")),
            ("#1004", 1, "LIG-1", "Lights", 1, Decimal("30.00"), Decimal("30.00")),
        ),
        "refunds": table(
            "refund_id order_id refunded_at amount reason kind",
            ("R1", "#1001", on(4, "08:00:00"), Decimal("20.25"), "damaged", "refund"),
            ("R2", "#1001", on(6, "08:00:00"), Decimal("15.00"), None, "chargeback"),
            ("R3", "#1006", on(5, "09:00:00"), Decimal("50.00"), None, "refund"),
        ),
    }  # fmt: skip


@contextmanager
def selling(at: datetime, **options: Any) -> Iterator[Sandbox]:
    clock = FrozenClock(at)
    with running(create_app(World.of(store()), clock, **options)) as base:
        yield Sandbox(base, clock)


def desk_of(client: Sandbox, folder: Path) -> Desk:
    return Desk("woocommerce", f"{client.base}/woocommerce", folder)


def asked(client: Sandbox) -> list[tuple[str, dict[str, str]]]:
    """Endpoint and query of each call since the last look, in order."""
    found = client.get("/sandbox/calls").body
    client.send("DELETE", f"{client.base}/sandbox/calls")
    return [
        (
            call["path"].partition("/wc/v3/")[2],
            {name: value for name, (value,) in parse_qs(call["query"]).items()},
        )
        for call in found
    ]


def land(desk: Desk, table: str, documents: list[dict[str, Any]], load: int = 9) -> None:
    with duckdb.connect(str(desk.warehouse)) as connection:
        for document in documents:
            connection.execute(
                f"""insert into raw_desk.{table} (_key, payload, _row_hash, _is_deleted, _order,
                    _loaded_at, _dlt_load_id) values (?, ?, '', false, 0, '2026-03-12', ?)""",
                [str(document["id"]), json.dumps(document), str(load)],
            )
