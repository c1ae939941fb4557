"""WooCommerce through its real protocol: what lands, what is asked, what staging makes of it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bookbag_orchestration.config import ConfigError, load_config
from ingestion import woocommerce
from ingestion.api import Api, ApiSpec, Page
from ingestion.errors import IngestError
from ingestion.sandbox.faults import Faults
from ingestion.sandbox.rows import number
from ingestion.sandbox.woocommerce_store import account_id
from ingestion.sandbox.world import World
from tests.models import Model
from tests.sandbox_support import Sandbox, on
from tests.source_support import A_WEEK, SECRETS, Desk, calls_of, refused, rows
from tests.woocommerce_support import END, FREE, asked, desk_of, land, selling, store

ORDERS = """order_id, placed_at, paid_at, cancelled_at, payment_status, customer_id, customer_email,
    total, discount, tax, shipping, currency, sales_channel, country, is_test, is_replacement,
    is_deleted, updated_at"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Sandbox, Desk]]:
    with selling(END) as client:
        yield client, desk_of(client, tmp_path)


@pytest.fixture(scope="module")
def staged(
    models: list[Model], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Of a store that was read while #1002 was cancelled and #1006 was not yet given back, and at
    the end.
    """
    with selling(on(5, "08:30:00")) as client:
        store_desk = desk_of(client, tmp_path_factory.mktemp("store"))
        store_desk.sync()
        client.clock.advance(END - on(5, "08:30:00"))
        store_desk.sync()
    with store_desk.staged(models) as connection:
        yield connection


def accounts() -> list[str]:
    """The ids of C1 and C2."""
    people = World.of(store()).people
    found = [people.of_order(name, None) for name in ("C1", "C2")]
    return [str(account_id(person)) for person in found if person]


def test_a_second_sync_adds_nothing_and_asks_each_list_once(desk: tuple[Sandbox, Desk]) -> None:
    """It asks for what changed since ten minutes before the first, and a second; for refunds of
    nothing, and for customers from the last one on.
    """
    client, store_desk = desk
    assert store_desk.sync().total > 0
    first = asked(client)
    assert [path for path, _ in first] == [
        "orders", "orders/1001/refunds", "orders/1006/refunds", "orders", "customers", "products",
    ]  # fmt: skip
    assert "modified_after" not in first[0][1]
    assert store_desk.sync().rows == {}
    second = asked(client)
    again = {"modified_after": "2026-03-11T23:49:59", "dates_are_gmt": "true"}
    paging = {"orderby": "id", "order": "asc", "per_page": "100", "offset": "0"}
    assert second == [
        ("orders", {"status": "any", **again, **paging}),
        ("orders", {"status": "trash", **again, **paging}),
        ("customers", {"role": "all", **paging, "offset": "1"}),
        ("products", {"status": "any", **again, **paging}),
    ]


def test_small_passes_land_what_one_pass_does(
    desk: tuple[Sandbox, Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, store_desk = desk
    store_desk.sync()
    asked(client)
    monkeypatch.setattr(woocommerce, "PAGE", 3)
    slow = Desk("woocommerce", store_desk.url, tmp_path / "slow")
    slow.sync(documents=1)
    assert slow.documents() == store_desk.documents()
    assert len(slow.documents()["orders"]) == 6
    offsets = [query["offset"] for path, query in asked(client) if path == "orders"]
    assert offsets == ["0", "2", "0"]


def test_what_moves_up_while_a_list_is_read_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After four pages of two, #1004 goes to the trash, and #1006 comes where #1005 was. The next
    sync asks for what changed since the first page.
    """
    monkeypatch.setattr(woocommerce, "PAGE", 2)
    told, pages = woocommerce._told, []
    with selling(on(8, "11:00:00")) as client:

        def telling(api: Api, path: str, page: Page) -> tuple[int, str]:
            found = told(api, path, page)
            if path == "orders":
                pages.append([row["id"] for row in page.documents])
                if len(pages) == 4:
                    client.clock.advance(timedelta(hours=2))
            return found

        monkeypatch.setattr(woocommerce, "_told", telling)
        store_desk = desk_of(client, tmp_path)
        store_desk.sync()
        assert pages == [
            [1001, 1002], [1002, 1003], [1003, 1004], [1004, 1005], [1006], [1005, 1006], [1004],
        ]  # fmt: skip
        held = {
            key: json.loads(text or "") for key, text in store_desk.documents()["orders"].items()
        }
        asked(client)
        store_desk.sync()
        assert asked(client)[0][1]["modified_after"] == "2026-03-08T10:49:59"
    assert {key: row["status"] for key, row in held.items()} == {
        "1001": "processing", "1002": "cancelled", "1003": "on-hold", "1004": "trash",
        "1005": "pending", "1006": "refunded",
    }  # fmt: skip


def test_orders_are_those_of_the_shop(staged: duckdb.DuckDBPyConnection) -> None:
    """#1002 was voided before it was first seen, and #1006 is still cancelled when given back."""
    found = rows(staged, f"select {ORDERS} from staging.stg_woocommerce__orders order by order_id")
    one, two = accounts()
    assert found == [
        ("1001", on(1, "08:00:00"), on(1, "08:05:00"), None, "partially_refunded", one,
         "one@mail.example", Decimal("120.50"), Decimal("10.00"), Decimal("5.50"), Decimal("4.90"),
         "USD", "checkout", "US", False, False, False, on(6, "08:00:00")),
        ("1002", on(2, "08:00:00"), None, on(2, "09:00:00"), "voided", two, "qa@shop.example",
         Decimal("15.00"), FREE, FREE, FREE, "EUR", "rest-api", "DE", False, False, False,
         on(2, "09:00:00")),
        ("1003", on(3, "08:00:00"), None, None, "pending", one, "one@mail.example", FREE, FREE,
         FREE, FREE, "USD", "checkout", "US", False, True, False, on(3, "08:00:00")),
        ("1004", on(3, "09:00:00"), on(3, "09:00:00"), None, "paid", one, "one@mail.example",
         Decimal("30.00"), FREE, FREE, FREE, "USD", "checkout", "US", False, False, True,
         on(3, "09:00:00")),
        ("1005", on(3, "10:00:00"), None, None, "unpaid", None, "guest@mail.example",
         Decimal("7.25"), FREE, FREE, FREE, "USD", "admin", None, False, False, False,
         on(3, "10:00:00")),
        ("1006", on(4, "08:00:00"), on(4, "08:00:30"), on(5, "08:00:00"), "refunded", two,
         "qa@shop.example", Decimal("50.00"), FREE, FREE, FREE, "USD", "checkout", "US", False,
         False, False, on(5, "09:00:00")),
    ]  # fmt: skip


def test_lines_and_refunds_are_those_of_the_shop(staged: duckdb.DuckDBPyConnection) -> None:
    """A chargeback is not WooCommerce's to tell, and a reason that is empty is none."""
    assert rows(
        staged,
        """select order_id, line_no, sku, product_type, quantity, net_amount, country
        from staging.stg_woocommerce__order_lines order by order_id, line_no""",
    ) == [
        ("1001", 1, "LIG-1", "Lights", 2, Decimal("70.00"), "US"),
        ("1001", 2, "LIG-2", None, 1, Decimal("50.50"), "US"),
        ("1004", 1, "LIG-1", "Lights", 1, Decimal("30.00"), "US"),
    ]
    assert rows(
        staged,
        """select refund_id, order_id, refunded_at, amount, reason, kind
        from staging.stg_woocommerce__refunds order by order_id""",
    ) == [
        (str(number("refund", "R1")), "1001", on(4, "08:00:00"), Decimal("20.25"), "damaged",
         "refund"),
        (str(number("refund", "R3")), "1006", on(5, "09:00:00"), Decimal("50.00"), None, "refund"),
    ]  # fmt: skip


def test_customers_are_those_with_an_account(staged: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        staged,
        """select customer_id, email, phone, created_at, is_internal
        from staging.stg_woocommerce__customers order by email""",
    )
    one, two = accounts()
    assert found == [
        (one, "one@mail.example", "+15551", on(1, "08:00:00"), False),
        (two, "qa@shop.example", None, on(1, "10:00:00"), False),
    ]


def test_later_changes_arrive_and_what_is_gone_is_told_once_a_week(
    tmp_path: Path, models: list[Model]
) -> None:
    """An order that nobody saw in the trash is missing from the ids, a month after. Customers are
    read on from the last one, then all of them again.
    """
    told = (
        "select payment_status, is_deleted from staging.stg_woocommerce__orders order by order_id"
    )
    with selling(on(3, "12:00:00")) as client:
        store_desk = desk_of(client, tmp_path)
        store_desk.sync()
        with store_desk.staged(models) as connection:
            assert rows(connection, told) == [
                ("paid", False), ("voided", False), ("pending", False), ("paid", False),
                ("unpaid", False),
            ]  # fmt: skip
        client.clock.advance(timedelta(days=40))
        store_desk.sync()
        with store_desk.staged(models) as connection:
            assert rows(connection, told)[::3] == [("partially_refunded", False), ("paid", False)]
        asked(client)
        store_desk.sync(later=A_WEEK)
        whole = [query for path, query in asked(client) if path == "customers"]
        assert [(query["offset"], query.get("_fields")) for query in whole] == [
            ("1", None), ("0", None), ("0", "id"),
        ]  # fmt: skip
        with store_desk.staged(models) as connection:
            assert rows(connection, told)[3:] == [
                ("paid", True), ("unpaid", False), ("refunded", False),
            ]  # fmt: skip


def test_increments_with_faults_end_where_a_fresh_load_does(tmp_path: Path) -> None:
    steps = [timedelta(hours=2), timedelta(days=3), timedelta(days=4)]
    faults = Faults(seed=3, rate=0.2, kinds=("429", "500", "502", "short", "cut", "skew"))
    with selling(on(1, "08:02:00"), faults=faults) as client:
        store_desk = desk_of(client, tmp_path)
        store_desk.sync(documents=1)
        for step in steps:
            client.clock.advance(step)
            store_desk.sync()
        assert {200, 429, 500} <= {call["status"] for call in calls_of(client)}
    with selling(on(1, "08:02:00") + sum(steps, timedelta())) as client:
        fresh = desk_of(client, tmp_path / "fresh")
        fresh.sync()
    assert store_desk.documents() == fresh.documents()
    assert {name: len(found) for name, found in fresh.documents().items()} == {
        "orders": 6, "customers": 2, "products": 2, "refunds": 2,
    }  # fmt: skip


def test_an_order_that_is_gone_when_its_refunds_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(api: Api, orders: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
        yield from woocommerce._refunds(api, [{"id": 9, "refunds": [{"id": 1}]}, *orders])

    with selling(END) as client:
        store_desk = desk_of(client, tmp_path)
        orders, *others = woocommerce.STREAMS
        changed = type(orders)(
            "orders", orders.read, children={"refunds": (gone, lambda row: row["id"])}
        )
        vendor = replace(woocommerce.VENDOR, streams=(changed, *others))
        monkeypatch.setattr("tests.source_support.SOURCES", {"woocommerce": vendor.source})
        store_desk.sync()
        assert len(store_desk.documents()["refunds"]) == 2
        assert ("orders/9/refunds", 404) in {
            (call["path"].partition("/wc/v3/")[2], call["status"]) for call in calls_of(client)
        }


def test_where_secrets_go_and_that_no_error_tells_them(tmp_path: Path) -> None:
    with selling(END, secret="other") as client:
        told = refused(desk_of(client, tmp_path))
    assert "ck_key" not in told and "cs_key" not in told
    with pytest.raises(IngestError, match="in the clear"):
        woocommerce.connect(ApiSpec("shop", "woocommerce", "http://shop.example", None, SECRETS))
    config = tmp_path / "bookbag.toml"
    source = '[account]\nid = "acme"\n[[source]]\nname = "shop"\nkind = "woocommerce"\n'
    for text in (source, source + 'subdomain = "acme"\n'):
        config.write_text(text)
        with pytest.raises(ConfigError, match="`url` is missing"):
            load_config(config)
    config.write_text(source + 'url = "https://acme.example/store/"\n')
    spec = load_config(config).sources[0].spec(tmp_path)
    assert isinstance(spec, ApiSpec) and spec.url == "https://acme.example/store"


def test_what_the_status_leaves_open(desk: tuple[Sandbox, Desk], models: list[Model]) -> None:
    """Orders of a kind that the sandbox's store does not hold, version by version."""
    _, store_desk = desk
    store_desk.sync()
    paid = {"date_paid_gmt": "2026-03-09T08:00:00"}
    stories: dict[str, list[dict[str, Any]]] = {
        "paid, then cancelled": [{"status": "processing", **paid}, {"status": "cancelled", **paid},
                                 {"status": "cancelled", **paid}],
        "revived": [{"status": "cancelled"}, {"status": "on-hold"}],
        "cancelled again": [{"status": "cancelled"}, {"status": "pending"}, {"status": "cancelled"},
                            {"status": "trash"}],
        "cash on delivery": [{"status": "processing"}],
        "delivered": [{"status": "completed"}],
        "of a plug-in": [{"status": "shipped"}],
        "draft": [{"status": "checkout-draft"}],
        "in the trash all along": [{"status": "trash"}],
        "replacement": [{"status": "completed", "meta_data": [
            {"key": "other", "value": {"a": 1}}, {"key": "is_replacement", "value": "yes"}]}],
        "no replacement": [{"status": "completed",
                            "meta_data": [{"key": "is_replacement", "value": "no"}]}],
        "1001": [{"status": "failed"}],
    }  # fmt: skip
    for place, (name, versions) in enumerate(stories.items(), start=1):
        for n, version in enumerate(versions):
            order = {"id": place, "number": name, "date_created_gmt": "2026-03-09T07:00:00",
                     "date_modified_gmt": f"2026-03-10T0{n}:00:00", "line_items": [],
                     "meta_data": [], "refunds": [], "customer_id": 0, **version}  # fmt: skip
            land(store_desk, "orders", [order], load=9000 + n)
    with store_desk.staged(models) as connection:
        found = rows(
            connection,
            """select order_id, payment_status, cancelled_at, is_replacement, is_deleted
            from staging.stg_woocommerce__orders
            where placed_at = '2026-03-09 07:00:00+00' order by updated_at, order_id""",
        )
    assert {str(row[0]): row[1:] for row in found} == {
        "paid, then cancelled": ("paid", on(10, "01:00:00"), False, False),
        "revived": ("pending", None, False, False),
        "cancelled again": ("voided", on(10, "02:00:00"), False, True),
        "cash on delivery": ("pending", None, False, False),
        "delivered": ("paid", None, False, False),
        "of a plug-in": (None, None, False, False),
        "draft": ("unpaid", None, False, False),
        "in the trash all along": (None, None, False, True),
        "replacement": ("paid", None, True, False),
        "no replacement": ("paid", None, False, False),
        "1001/11": ("failed", None, False, False),
    }


def test_the_vendors_own_examples(
    desk: tuple[Sandbox, Desk], models: list[Model], shared: Path
) -> None:
    _, store_desk = desk
    store_desk.sync()
    folder = shared / "data/payloads_woocommerce"

    def example(name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((folder / f"{name}.json").read_text())
        return found

    for name, table_name in (
        ("orders_03", "orders"), ("order-refunds_09", "refunds"), ("customers_13", "customers"),
    ):  # fmt: skip
        land(store_desk, table_name, example(name))
    with store_desk.staged(models) as connection:
        assert rows(
            connection,
            f"""select {ORDERS} from staging.stg_woocommerce__orders
            where placed_at < '2020-01-01' order by order_id""",
        ) == [
            ("723", datetime.fromisoformat("2017-03-21T19:16:00Z"), None, None,
             "partially_refunded", "26", "joao.silva@example.com", Decimal("39.00"), FREE, FREE,
             Decimal("10.00"), "USD", "checkout", "BR", False, False, False,
             datetime.fromisoformat("2017-03-21T19:54:51Z")),
            ("727", datetime.fromisoformat("2017-03-22T19:28:02Z"),
             datetime.fromisoformat("2017-03-22T19:28:08Z"), None, "paid", None,
             "john.doe@example.com", Decimal("29.35"), FREE, Decimal("1.35"), Decimal("10.00"),
             "USD", "rest-api", "US", False, False, False,
             datetime.fromisoformat("2017-03-22T19:28:08Z")),
        ]  # fmt: skip
        assert rows(
            connection,
            """select line_id, line_no, sku, quantity, net_amount
            from staging.stg_woocommerce__order_lines where order_id = '727' order by line_no""",
        ) == [("315", 1, None, 2, Decimal("6.00")), ("316", 2, "Bar3", 1, Decimal("12.00"))]
        assert rows(
            connection,
            """select refund_id, refunded_at, amount, reason from staging.stg_woocommerce__refunds
            where order_id = '723' order by refunded_at""",
        ) == [
            ("724", datetime.fromisoformat("2017-03-21T19:55:37Z"), Decimal("9.00"), None),
            ("726", datetime.fromisoformat("2017-03-21T20:07:11Z"), Decimal("10.00"), None),
        ]  # fmt: skip
        assert rows(
            connection,
            """select customer_id, email, phone, created_at from staging.stg_woocommerce__customers
            where customer_id in ('25', '26') order by customer_id""",
        ) == [
            ("25", "john.doe@example.com", "(555) 555-5555",
             datetime.fromisoformat("2017-03-21T19:09:28Z")),
            ("26", "joao.silva@example.com", "(55) 5555-5555",
             datetime.fromisoformat("2017-03-21T19:11:14Z")),
        ]  # fmt: skip
