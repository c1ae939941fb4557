"""Shopify through its real protocol: what lands, what is asked again, what staging makes of it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import duckdb
import pytest

import ingestion.sandbox.shopify as vendor
import ingestion.sandbox.shopify_bulk as operations
import ingestion.sandbox.shopify_pages as pages
from ingestion import shopify, shopify_calls
from ingestion import shopify_queries as queries
from ingestion.api import Api
from ingestion.sandbox.faults import Faults
from ingestion.sandbox.rows import number
from tests.models import Model
from tests.sandbox_support import Sandbox, on
from tests.shopify_support import END, LINES, desk_of, selling, store
from tests.source_support import A_WEEK, Desk, calls_of, refused, rows


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Sandbox, Desk]]:
    with selling(END) as client:
        yield client, desk_of(client, tmp_path)


@pytest.fixture(scope="module")
def staged(
    models: list[Model], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    with selling(END) as client:
        store_desk = desk_of(client, tmp_path_factory.mktemp("store"))
        store_desk.sync()
    with store_desk.staged(models) as connection:
        yield connection


def exported(name: str, columns: str) -> list[tuple[object, ...]]:
    """The shop's own rows of the orders that are not deleted."""
    listed = store()[name].to_pylist()
    return [
        tuple(row[column] for column in columns.split(", "))
        for row in listed
        if row["order_id"] != "#1004"
    ]


def test_a_second_sync_adds_nothing_and_asks_each_table_once(
    desk: tuple[Sandbox, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads ten minutes again, from when the first load was made."""
    client, store_desk = desk
    assert store_desk.sync().total > 0
    calls_of(client)
    ask, asked = shopify_calls.ask, []

    def listening(api: Api, question: str, /, **variables: Any) -> dict[str, Any]:
        asked.append(variables.get("query"))
        return ask(api, question, **variables)

    monkeypatch.setattr(shopify, "ask", listening)
    assert store_desk.sync().rows == {}
    assert asked[0] == "updated_at:>='2026-03-11T23:50:00Z' status:any"
    assert [(call["method"], call["path"].rpartition("/")[2]) for call in calls_of(client)] == [
        ("POST", "graphql.json")
    ] * len(shopify.STREAMS)


def test_small_passes_and_dear_queries_land_what_one_pass_does(
    desk: tuple[Sandbox, Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Points for two orders a query, and few of the long order's lines at a time."""
    _, store_desk = desk
    store_desk.sync()
    monkeypatch.setattr(operations, "AT_ONCE", 0)
    monkeypatch.setattr(vendor, "MOST_POINTS", 200)
    monkeypatch.setattr(shopify_calls, "MORE_LINES", queries.MORE_LINES.replace("125", "20"))
    slow = Desk("shopify", store_desk.url, tmp_path / "slow")
    slow.sync(documents=1)
    assert slow.documents() == store_desk.documents()
    lines = json.loads(slow.documents()["orders"]["gid://shopify/Order/1002"] or "")["lineItems"]
    assert len(lines["nodes"]) == LINES


def test_a_walk_begins_anew_before_shopify_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cursor leads to a fourth row here, in a load or in the ids of a sweep."""
    short = store()
    short["order_lines"] = short["order_lines"].slice(0, 2)
    with selling(END, tables=short) as client:
        fresh = desk_of(client, tmp_path / "fresh")
        fresh.sync()
        monkeypatch.setattr(operations, "AT_ONCE", 0)
        monkeypatch.setattr(pages, "DEEPEST", 3)
        for name in ("PAGE", "IDS_PAGE", "WALK"):
            monkeypatch.setattr(shopify, name, 2)
        monkeypatch.setattr(shopify_calls, "sleep", lambda seconds: None)
        store_desk = desk_of(client, tmp_path)
        store_desk.sync()
        store_desk.sync(later=A_WEEK)
        assert store_desk.documents() == fresh.documents()
        assert len(store_desk.documents()["orders"]) == 4


def test_orders_are_those_of_the_shop(staged: duckdb.DuckDBPyConnection) -> None:
    columns = "order_id, placed_at, paid_at, cancelled_at, payment_status, customer_email, total"
    columns += ", discount, tax, shipping, currency, sales_channel, country, is_test"
    columns += ", is_replacement, is_deleted"
    found = rows(staged, f"select {columns} from staging.stg_shopify__orders order by order_id")
    assert found == exported("orders", columns)
    ids = rows(
        staged, "select order_id, customer_id from staging.stg_shopify__orders order by order_id"
    )
    first, second = (str(number("customer", name)) for name in ("C1", "C2"))
    assert ids == [("#1001", first), ("#1002", second), ("#1003", first), ("#1005", None)]


def test_lines_are_those_of_the_shop(staged: duckdb.DuckDBPyConnection) -> None:
    columns = "order_id, line_no, sku, product_type, quantity, net_amount"
    found = rows(
        staged, f"select {columns} from staging.stg_shopify__order_lines order by order_id, line_no"
    )
    assert found == exported("order_lines", columns)
    assert len(found) == 4 + LINES
    keys = "select count(distinct line_id) from staging.stg_shopify__order_lines"
    assert rows(staged, keys) == [(len(found),)]


def test_refunds_and_chargebacks_are_those_of_the_shop(staged: duckdb.DuckDBPyConnection) -> None:
    """Why a card was charged back, the shop does not say and Shopify does."""
    found = rows(
        staged,
        """select order_id, refunded_at, amount, reason, kind from staging.stg_shopify__refunds
        order by refunded_at""",
    )
    assert found == [
        ("#1001", on(4, "08:00:00"), Decimal("20.25"), "damaged", "refund"),
        ("#1001", on(6, "08:00:00"), Decimal("15.00"), "general", "chargeback"),
    ]


def test_customers_hold_addresses_and_testers(staged: duckdb.DuckDBPyConnection) -> None:
    """C1-B was merged into C1, and nobody of the tickets' strangers is a customer."""
    found = rows(
        staged,
        """select email, phone, created_at, is_test, is_internal
        from staging.stg_shopify__customers order by email""",
    )
    assert found == [
        ("one@mail.example", "+15551", on(1, "08:00:00"), False, False),
        ("qa@shop.example", None, on(1, "10:00:00"), True, False),
    ]


def test_later_changes_arrive_and_what_is_gone_is_told_once_a_week(
    tmp_path: Path, models: list[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app that sees 60 days only must not take older orders for deleted."""
    told = """select payment_status, paid_at, is_deleted, total
        from staging.stg_shopify__orders where order_id = '{}'"""
    with selling(on(3, "12:00:00")) as client:
        store_desk = desk_of(client, tmp_path)
        store_desk.sync()
        with store_desk.staged(models) as connection:
            assert rows(connection, told.format("#1001")) == [
                ("paid", on(1, "08:05:00"), False, Decimal("120.50"))
            ]
        client.clock.advance(timedelta(days=9))
        monkeypatch.setattr(vendor, "SCOPES", ("read_orders",))
        store_desk.sync(later=A_WEEK)
        with store_desk.staged(models) as connection:
            assert rows(connection, told.format("#1001"))[0][0] == "partially_refunded"
            assert rows(connection, told.format("#1004"))[0][2] is False
        monkeypatch.undo()
        store_desk.sync(later=A_WEEK)
        with store_desk.staged(models) as connection:
            assert rows(connection, told.format("#1004")) == [
                ("paid", on(3, "09:00:00"), True, Decimal("30.00"))
            ]
            lines = "select count(*) from staging.stg_shopify__order_lines where order_id = '#1004'"
            assert rows(connection, lines) == [(1,)]


def test_increments_with_faults_end_where_a_fresh_load_does(tmp_path: Path) -> None:
    steps = [timedelta(hours=2), timedelta(days=1), timedelta(days=4)]
    faults = Faults(seed=3, rate=0.2, kinds=("429", "500", "502", "short", "cut"))
    with selling(on(1, "08:02:00"), faults=faults) as client:
        store_desk = desk_of(client, tmp_path)
        store_desk.sync(documents=1)
        for step in steps:
            client.clock.advance(step)
            store_desk.sync()
    with selling(on(1, "08:02:00") + sum(steps, timedelta())) as client:
        fresh = desk_of(client, tmp_path / "fresh")
        fresh.sync()
    assert store_desk.documents() == fresh.documents()
    assert len(fresh.documents()["orders"]) == 5


class NoPointsYet(vendor._Points):
    """Empty until it is first looked into."""

    is_new = True

    def left(self) -> float:
        if self.is_new:
            self.is_new = False
            self._left, self._at = 0.0, monotonic()
        return super().left()


def test_points_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first query is refused, and asked again when there are points for it, in about 1 s."""
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        sleep(seconds)

    monkeypatch.setattr(operations, "AT_ONCE", 0)
    monkeypatch.setattr(vendor, "RESTORED_A_S", 1000.0)
    monkeypatch.setattr(vendor, "_Points", NoPointsYet)
    monkeypatch.setattr(shopify_calls, "sleep", wait)
    with selling(END) as client:
        store_desk = desk_of(client, tmp_path)
        store_desk.sync()
        assert len(store_desk.documents()["orders"]) == 4
    assert 0.2 < sum(waits) < 5


def test_a_secret_is_in_no_row_and_no_error(tmp_path: Path) -> None:
    with selling(END, secret="other") as client:
        told = refused(desk_of(client, tmp_path))
    assert "X-Shopify" not in told and "key" not in told.replace("TOKEN", "")


def test_free_drafts_and_won_disputes_and_twin_names(
    desk: tuple[Sandbox, Desk], models: list[Model]
) -> None:
    """What the sandbox's store does not hold, put where it lands."""
    _, store_desk = desk
    store_desk.sync()
    gid = "gid://shopify/Order/{}".format
    order: dict[str, Any] = {
             "name": "#1001", "createdAt": "2026-03-09T08:00:00Z", "processedAt": None,
             "sourceName": "shopify_draft_order", "displayFinancialStatus": "AUTHORIZED",
             "test": False, "tags": [], "totalPriceSet": {"shopMoney": {"amount": "0.0"}},
             "lineItems": {"nodes": []}, "refunds": [],
             "transactions": [{"kind": "SALE", "status": "FAILURE",
                               "processedAt": "2026-03-09T08:00:00Z"}]}  # fmt: skip
    dispute: dict[str, Any] = {"type": "CHARGEBACK", "initiatedAt": "2026-03-09T08:00:00Z",
               "amount": {"amount": "5.0"}, "order": {"id": gid(99)}}  # fmt: skip
    disputes = [
        *({"status": status} for status in ("WON", "LOST", "PREVENTED", "CHARGE_REFUNDED")),
        {"status": "LOST", "type": "INQUIRY"},
    ]
    store_desk.land("orders", {gid(99): order})
    store_desk.land("disputes", {f"gid://shopify/ShopifyPaymentsDispute/{n}": dispute | how
                                 for n, how in enumerate(disputes)})  # fmt: skip
    with store_desk.staged(models) as connection:
        found = rows(
            connection,
            """select order_id, placed_at, paid_at, payment_status, is_replacement
            from staging.stg_shopify__orders where order_id like '#1001%' order by order_id""",
        )
        assert found == [
            ("#1001", on(1, "08:00:00"), on(1, "08:05:00"), "partially_refunded", False),
            ("#1001/99", on(9, "08:00:00"), None, "pending", True),
        ]
        lost = "select refund_id from staging.stg_shopify__refunds where order_id = '#1001/99'"
        assert rows(connection, lost) == [("dispute/1",)]
