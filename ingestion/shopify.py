"""Sources of kind `shopify`: the GraphQL Admin API of one Shopify store.

- `orders`, a row an order with all its lines, refunds and payments. The first load is a bulk
  operation; what changed since is paged along `updatedAt`, from ten minutes before the newest one.
- `customers`, a row a customer, in the same way.
- `disputes`, a row a dispute of Shopify Payments; read whole, since they change for months. An
  order's own list of disputes has neither amount nor date.

A query that costs too many points is asked again for fewer rows. Deletions and merges of customers
leave no trace: all ids are compared once a week. An app without `read_all_orders` sees only 60 days
of orders, so for it no order that is missing is taken for deleted.

Shopify cannot say that an order replaces another one (a map of tags and sources does), which part
of an order's discount fell on shipping, or whom a customer was merged into.

Reference: shopify.dev, GraphQL Admin API 2026-07; Rate limits; Search syntax.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.api import Api, ApiSpec, Page, RefusedError
from ingestion.documents import Document
from ingestion.run import SourceRun
from ingestion.shopify_bulk import NoBulkError, bulk_pages
from ingestion.shopify_calls import TooDearError, ask, lines_of
from ingestion.shopify_queries import CUSTOMERS, DISPUTES, ORDERS, SCOPES, bulk_query, ids_of
from ingestion.streams import SWEEP_EVERY, Ids, Reader, State, Stream, Vendor

logger = logging.getLogger(__name__)

PAGE = 100
IDS_PAGE = 250
OVERLAP = timedelta(minutes=10)
WALK = 20_000
"""Rows after which a walk begins anew from where it has come: Shopify pages through 25,000."""


def connect(spec: ApiSpec) -> Api:
    return Api(spec, headers={"X-Shopify-Access-Token": spec.secrets["access_token"]})


def _orders(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    _put_off_sweep(api, state, run)
    yield from _rows("orders", ORDERS)(api, state, run)


def _rows(table: str, query: str) -> Reader:
    """The first time all rows in bulk, then those that changed."""

    def read(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        if not state.keys() & {"filter", "updated_at"}:
            wanted = bulk_query(table, _filter(table, _from(api.spec, state)))
            try:
                yield from bulk_pages(api, state, run, wanted)
            except (NoBulkError, RefusedError) as error:
                state.pop("bulk", None)
                logger.warning("%s The %s are paged instead, which takes longer.", error, table)
        yield from changed(api, state, run)

    changed = _changed(table, query)
    return read


def _changed(table: str, query: str) -> Reader:
    """Rows by their last change. While a walk is under way the state holds its place."""

    def read(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        if "filter" not in state:
            state |= {"filter": _filter(table, _from(api.spec, state)), "after": None, "walked": 0}
        is_last = False
        while not is_last:
            found = _sized(api, query, state, after=state["after"], query=state["filter"])[table]
            rows = [_whole(api, row) for row in found["nodes"]]
            is_last = not found["pageInfo"]["hasNextPage"]
            if rows:
                newest = max(row["updatedAt"] for row in rows)
                state["updated_at"] = max(newest, state.get("updated_at") or "")
            state["after"] = found["pageInfo"]["endCursor"]
            state["walked"] += len(rows)
            anew = _filter(table, state.get("updated_at"))
            if is_last:
                for place in ("filter", "after", "walked"):
                    del state[place]
            elif state["walked"] >= WALK and anew != state["filter"]:
                state |= {"filter": anew, "after": None, "walked": 0}
            yield Page(rows, is_last=is_last)

    return read


def _sized(api: Api, question: str, state: State, /, **variables: Any) -> dict[str, Any]:
    """A page of as many rows as the points of one query allow."""
    while True:
        size = state.setdefault("size", PAGE)
        try:
            return ask(api, question, first=size, **variables)
        except TooDearError:
            if size == 1:
                raise
            state["size"] = size // 2


def _from(spec: ApiSpec, state: State) -> str | None:
    start = spec.start_at.astimezone(UTC) if spec.start_at else None
    if newest := state.get("updated_at"):
        again = datetime.fromisoformat(newest) - OVERLAP
        start = max(again, start) if start else again
    return start.strftime("%Y-%m-%dT%H:%M:%SZ") if start else None


def _filter(table: str, since: str | None = None, *, above: str | None = None) -> str:
    """A search: rows changed since an instant, or with ids above one."""
    terms = [f"updated_at:>='{since}'"] if since else []
    terms += [f"id:>{above}"] if above else []
    return " ".join([*terms, "status:any"] if table == "orders" else terms)


def _whole(api: Api, row: Document) -> Document:
    """A row as it is told everywhere: an order with all its lines, and without their paging."""
    if page := row.get("lineItems"):
        lines, paging = page["nodes"], page["pageInfo"]
        if paging["hasNextPage"]:
            lines = lines + lines_of(api, row["id"], paging["endCursor"])
        row["lineItems"] = {"nodes": lines}
    return row


def _disputes(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    """None for a store without Shopify Payments."""
    after, is_last = None, False
    while not is_last:
        account = _sized(api, DISPUTES, state, after=after)["shopifyPaymentsAccount"]
        if account is None:
            return
        found = account["disputes"]
        after, is_last = found["pageInfo"]["endCursor"], not found["pageInfo"]["hasNextPage"]
        yield Page(found["nodes"], is_last=is_last)


def _ids(table: str) -> Ids:
    query = ids_of(table)

    def read(api: Api, run: SourceRun) -> Iterator[list[str]]:
        only, after, walked, is_last = _filter(table), None, 0, False
        while not is_last:
            found = ask(api, query, first=IDS_PAGE, after=after, query=only)[table]
            ids = [row["id"] for row in found["nodes"]]
            after, is_last = found["pageInfo"]["endCursor"], not found["pageInfo"]["hasNextPage"]
            walked += len(ids)
            if walked >= WALK and ids:
                newest = ids[-1].rpartition("/")[2]
                only, after, walked = _filter(table, above=newest), None, 0
            yield ids

    return read


def _put_off_sweep(api: Api, state: State, run: SourceRun) -> None:
    swept_at = state.get("swept_at")
    if swept_at is None or run.now - datetime.fromisoformat(swept_at) < SWEEP_EVERY:
        return
    scopes = ask(api, SCOPES)["currentAppInstallation"]["accessScopes"]
    if "read_all_orders" not in {scope["handle"] for scope in scopes}:
        state["swept_at"] = run.now.isoformat()


STREAMS = (
    Stream("orders", _orders, ids=_ids("orders")),
    Stream("customers", _rows("customers", CUSTOMERS), ids=_ids("customers")),
    Stream("disputes", _disputes, is_whole=True, is_optional=True),
)
VENDOR = Vendor(
    STREAMS,
    connect,
    address="https://{subdomain}.myshopify.com",
    secrets=(("access_token",),),
)
