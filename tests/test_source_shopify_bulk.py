"""Shopify's first load: a bulk operation lands what paging does, whatever happens to it."""

import json
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pytest
from starlette.datastructures import MutableHeaders
from starlette.responses import FileResponse, Response
from starlette.types import Message, Receive, Scope, Send

import ingestion.sandbox.shopify_bulk as operations
from ingestion import shopify_bulk, shopify_calls
from ingestion.api import Api, RefusedError
from ingestion.errors import IngestError
from ingestion.shopify_queries import START, bulk_query
from tests.sandbox_support import Sandbox, on
from tests.shopify_support import END, LINES, desk_of, selling
from tests.source_support import Desk

CHANGED = on(6, "08:05:00")
"""Five minutes after the last change: the overlap reads an order of the first load again."""


def paged(client: Sandbox, folder: Path) -> Desk:
    """The store as it lands where no operation is run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "AT_ONCE", 0)
        found = desk_of(client, folder / "paged")
        found.sync()
    return found


def files(client: Sandbox) -> list[str]:
    """Calls for files of operations, in their order."""
    calls = client.get("/sandbox/calls").body
    return [call["path"] for call in calls if "/bulk/" in call["path"]]


def landed(desk: Desk, table: str) -> int:
    with duckdb.connect(str(desk.warehouse)) as connection:
        found = connection.execute(f"select count(*) from raw_desk.{table}").fetchone()
    assert found
    return int(found[0])


def test_it_lands_what_paging_does_and_what_follows_adds_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No key goes to the address of the file, which refuses one."""
    with selling(CHANGED) as client:
        bulk = desk_of(client, tmp_path)
        bulk.sync()
        assert files(client) == ["/shopify/bulk/1.jsonl", "/shopify/bulk/2.jsonl"]
        assert not caplog.records
        assert bulk.documents() == paged(client, tmp_path).documents()
        assert (landed(bulk, "orders"), landed(bulk, "customers")) == (5, 2)
        assert bulk.sync().rows == {}
        assert len(files(client)) == 2


def test_a_file_is_read_in_passes_each_from_where_the_last_one_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with selling(END) as client:
        whole = paged(client, tmp_path)
        caplog.clear()
        begun: list[int] = []
        lines = Api.lines

        def listening(self: Api, url: str, at: int, size: int) -> Any:
            begun.append(at)
            return lines(self, url, at, size)

        monkeypatch.setattr(Api, "lines", listening)
        monkeypatch.setattr(shopify_bulk, "PAGE", 1)
        slow = desk_of(client, tmp_path)
        slow.sync(documents=1)
        assert slow.documents() == whole.documents()
        orders = begun[:4]
        assert orders == sorted(set(orders)) and orders[0] == 0
        assert landed(slow, "orders") == 4
        assert not caplog.records


def test_storage_that_knows_no_ranges_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def whole_file(path: str, media_type: str) -> Response:
        return Response(Path(path).read_bytes(), media_type=media_type)

    monkeypatch.setattr(operations, "FileResponse", whole_file)
    monkeypatch.setattr(shopify_bulk, "PAGE", 1)
    with selling(END) as client:
        slow = desk_of(client, tmp_path)
        slow.sync(documents=1)
        assert not caplog.records
        assert slow.documents() == paged(client, tmp_path).documents()


class BreakingOff(FileResponse):
    """Sends half of what it should, once without saying so: then its length is that of the half."""

    times = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start" and BreakingOff.times == 1:
                headers = MutableHeaders(scope=message)
                headers["Content-Length"] = str(int(headers["Content-Length"]) // 2)
            if message["type"] == "http.response.body" and BreakingOff.times < 2:
                BreakingOff.times += 1
                message["body"] = message["body"][: len(message["body"]) // 2]
            await send(message)

        await super().__call__(scope, receive, send_on)


def test_a_file_that_breaks_off_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with selling(END) as client:
        whole = paged(client, tmp_path)
        caplog.clear()
        monkeypatch.setattr(operations, "FileResponse", BreakingOff)
        bulk = desk_of(client, tmp_path)
        bulk.sync()
        assert len(files(client)) == 4
        assert not [record for record in caplog.records if record.name.startswith("ingestion")]
        assert bulk.documents() == whole.documents()


def test_a_sync_killed_while_it_waits_goes_on_with_the_same_operation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes after the operation was made comes with the pages that follow it."""
    go_on, write = Event(), operations.write

    def held(*given: Any) -> None:
        assert go_on.wait(30)
        write(*given)

    def killed(seconds: float) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(operations, "write", held)
    with selling(on(4, "07:00:00")) as client:
        bulk = desk_of(client, tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr(shopify_bulk, "sleep", killed)
            with pytest.raises(IngestError, match="killed"):
                bulk.sync()
        late = bulk.sync(seconds=0)
        assert late.is_behind and files(client) == []
        client.clock.advance(END - on(4, "07:00:00"))
        go_on.set()
        bulk.sync()
        assert files(client) == ["/shopify/bulk/1.jsonl", "/shopify/bulk/2.jsonl"]
        fresh = desk_of(client, tmp_path / "fresh")
        fresh.sync()
    found = bulk.documents()
    assert found["orders"].keys() - fresh.documents()["orders"].keys() == {
        "gid://shopify/Order/1004"  # deleted since, which a sweep will find
    }
    assert fresh.documents()["orders"].items() <= found["orders"].items()
    assert fresh.documents()["customers"] == found["customers"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("OUTCOME", ("FAILED", "TIMEOUT"), "is FAILED (TIMEOUT)"),
        ("OUTCOME", ("CANCELED", None), "is CANCELED"),
        ("AT_ONCE", 0, "no bulk operation: Bulk operations limit reached"),
    ],
)
def test_without_an_operation_the_rows_are_paged_and_that_is_told(
    name: str,
    value: object,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with selling(END) as client:
        whole = paged(client, tmp_path)
        caplog.clear()
        monkeypatch.setattr(operations, name, value)
        bulk = desk_of(client, tmp_path)
        bulk.sync()
        assert bulk.documents() == whole.documents()
        assert [told in record.message for record in caplog.records] == [True, True]
        assert bulk.sync().rows == {}
        assert len(caplog.records) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        RefusedError("Access denied for bulkOperationRunQuery field."),
        IngestError("Field 'bulkOperationRunQuery' doesn't exist on type 'Mutation'"),
    ],
    ids=["denied", "unknown"],
)
def test_an_app_that_may_not_run_operations_pages(
    refusal: IngestError,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def denied(api: Api, question: str, /, **variables: Any) -> dict[str, Any]:
        raise refusal

    monkeypatch.setattr(shopify_bulk, "ask", denied)
    with selling(END) as client:
        bulk = desk_of(client, tmp_path)
        bulk.sync()
        assert len(bulk.documents()["orders"]) == 4
    assert "The orders are paged instead" in caplog.text


def test_lines_that_a_file_leaves_out_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Of #1002 the file holds 7 lines; the others have fewer, and are not asked for again."""
    asked: list[str] = []
    ask = shopify_calls.ask

    def listening(api: Api, question: str, /, **variables: Any) -> dict[str, Any]:
        asked.append(variables["id"])
        return ask(api, question, **variables)

    with selling(END) as client:
        whole = paged(client, tmp_path)
        caplog.clear()
        monkeypatch.setattr(operations, "MOST_CHILDREN", 7)
        monkeypatch.setattr(shopify_calls, "ask", listening)
        bulk = desk_of(client, tmp_path)
        bulk.sync()
    assert set(asked) == {"gid://shopify/Order/1002"}
    assert bulk.documents() == whole.documents()
    order = json.loads(bulk.documents()["orders"]["gid://shopify/Order/1002"] or "")
    assert len(order["lineItems"]["nodes"]) == LINES
    assert not caplog.records


def test_a_file_in_no_order_or_too_short_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with selling(END) as client:
        whole = paged(client, tmp_path)
        caplog.clear()
        with monkeypatch.context() as patch:
            ungrouped = START.replace("groupObjects: true", "groupObjects: false")
            patch.setattr(shopify_bulk, "START", ungrouped)
            mixed = desk_of(client, tmp_path / "mixed")
            mixed.sync()
        assert "does not lie under its order" in caplog.text
        assert mixed.documents() == whole.documents()
        write = operations.write

        def counting_more(operation: operations.Operation, file: Any) -> None:
            write(operation, file)
            operation.objects += 1

        monkeypatch.setattr(operations, "write", counting_more)
        short = desk_of(client, tmp_path / "short")
        short.sync()
        assert "holds 148 of 149 objects" in caplog.text
        assert short.documents() == whole.documents()


def test_nothing_that_changed_before_the_start_is_asked_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with selling(END) as client:
        bulk = desk_of(client, tmp_path)
        bulk.start_at = on(3, "10:00:00")
        bulk.sync()
    assert not caplog.records
    assert [key.rpartition("/")[2] for key in sorted(bulk.documents()["orders"])] == [
        "1001",
        "1005",
    ]


def test_a_store_without_orders_has_no_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with selling(on(1, "00:00:00")) as client:
        bulk = desk_of(client, tmp_path)
        bulk.sync()
        assert bulk.documents()["orders"] == {}
        assert files(client) == [] and not caplog.records


ASKING = {"X-Shopify-Access-Token": "key", "Content-Type": "application/json"}


def asked(client: Sandbox, question: str, **variables: object) -> Any:
    body = json.dumps({"query": question, "variables": variables}).encode()
    url = f"{client.base}/shopify/admin/api/2026-07/graphql.json"
    return client.send("POST", url, ASKING, body).body


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (bulk_query("orders", "").replace("sourceName", "sauceName"), "Cannot query field"),
        ("{ orders { nodes { id } } }", "must select their contents using 'edges'"),
        (
            "{ orders { edges { node { name lineItems { edges { node { id } } } } } } }",
            "select 'id'",
        ),
        ("{ currentAppInstallation { accessScopes { handle } } }", "at least one connection"),
    ],
)
def test_the_sandbox_runs_no_operation_that_shopify_would_refuse(query: str, told: str) -> None:
    with selling(END) as client:
        answer = asked(client, START, query=query)["data"]["bulkOperationRunQuery"]
    assert answer["bulkOperation"] is None
    assert told in answer["userErrors"][0]["message"]


def test_the_sandbox_answers_what_is_asked_and_refuses_what_is_not_there() -> None:
    """Aliases, fragments and a field asked for twice; costs are of rows, not of pages."""
    question = """query($n: Int!) {
      found: orders(first: $n, sortKey: ID) { nodes { ...a total: totalPriceSet { ...b } } }
    }
    fragment a on Order { name totalPriceSet { shopMoney { amount } } }
    fragment b on MoneyBag { shopMoney { currencyCode } shopMoney { amount } }"""
    deep = "{ orders(first: 251) { nodes { id } } }"
    with selling(END) as client:
        answer = asked(client, question, n=1)
        money = {"currencyCode": "USD", "amount": "120.50"}
        node = {"name": "#1001", "totalPriceSet": {"shopMoney": {"amount": "120.50"}}}
        assert answer["data"]["found"]["nodes"] == [node | {"total": {"shopMoney": money}}]
        cost = answer["extensions"]["cost"]
        assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (7, 7)
        assert (
            "name"
            in asked(client, question.replace(" name ", " nome "), n=1)["errors"][0]["message"]
        )
        assert "$n" in asked(client, question)["errors"][0]["message"]
        assert "first between 1 and 250" in asked(client, deep)["errors"][0]["message"]
