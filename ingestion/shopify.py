"""Sources of kind `shopify`: the GraphQL Admin API of one Shopify store.

- `orders`, a row an order with all its lines, refunds and payments. Cursor `updatedAt`, from ten
  minutes before the newest one; both the first load and the increments page along it.
- `customers`, a row a customer, in the same way.
- `disputes`, a row a dispute of Shopify Payments; read whole, since they change for months. An
  order's own list of disputes has neither amount nor date.

Limits are points, not calls: an answer tells what its query cost and what is left, and a query too
dear is asked again for fewer rows. Deletions and merges of customers leave no trace: all ids are
compared once a week. An app without `read_all_orders` sees only 60 days of orders, so for it no
order that is missing is taken for deleted.

Shopify cannot say that an order replaces another one (a map of tags and sources does), which part
of an order's discount fell on shipping, or whom a customer was merged into.

Reference: shopify.dev, GraphQL Admin API 2026-07; Rate limits; Search syntax.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

from dlt.sources import DltSource

from ingestion.api import ATTEMPTS, LONGEST_PAUSE_S, Api, ApiSpec, Page, RefusedError
from ingestion.documents import Document
from ingestion.errors import IngestError
from ingestion.run import SourceRun
from ingestion.shopify_queries import CUSTOMERS, DISPUTES, MORE_LINES, ORDERS, SCOPES, ids_of
from ingestion.streams import SWEEP_EVERY, Ids, Reader, State, Stream, api_source

ADDRESS = "https://{subdomain}.myshopify.com"
PATH = "admin/api/2026-07/graphql.json"
PAGE = 100
IDS_PAGE = 250
OVERLAP = timedelta(minutes=10)
WALK = 20_000
"""Rows after which a walk begins anew from where it has come: Shopify pages through 25,000."""
TRANSIENT = {"THROTTLED", "INTERNAL_SERVER_ERROR"}


class TooDearError(IngestError):
    """A query that costs more points than one query may."""


def shopify_source(spec: ApiSpec, run: SourceRun) -> DltSource:
    """One resource a table. Raises IngestError, when run, if Shopify cannot be read."""
    return api_source(spec, run, STREAMS, connect)


def connect(spec: ApiSpec) -> Api:
    return Api(spec, headers={"X-Shopify-Access-Token": spec.secret("access_token")})


def restore_s(body: Mapping[str, Any]) -> float:
    """Seconds until there are points again for a query like the one answered."""
    cost = (body.get("extensions") or {}).get("cost") or {}
    left = cost.get("throttleStatus")
    if not left:
        return 0.0
    wanted = min(cost.get("requestedQueryCost") or 0, left["maximumAvailable"])
    return max(0.0, float(wanted - left["currentlyAvailable"]) / float(left["restoreRate"]))


def _ask(api: Api, question: str, /, **variables: Any) -> dict[str, Any]:
    """The data of one answer. Raises IngestError for errors, which come with status 200 too."""
    for _ in range(ATTEMPTS):
        body = api.post(PATH, {"query": question, "variables": variables})
        errors = body.get("errors") or []
        codes = {(error.get("extensions") or {}).get("code") for error in errors}
        sleep(min(restore_s(body), LONGEST_PAUSE_S))
        if not codes & TRANSIENT:
            break
    if not errors:
        data: dict[str, Any] = body["data"]
        return data
    told = f"source {api.spec.name}: {api.spec.url}/{PATH}: {errors[0].get('message')}"
    if "MAX_COST_EXCEEDED" in codes:
        raise TooDearError(told)
    if "ACCESS_DENIED" in codes:
        raise RefusedError(f"{told} Check the scopes of the app.")
    raise IngestError(f"{told} ({', '.join(sorted(filter(None, codes)))})")


def _changed(table: str, query: str) -> Reader:
    """Rows by their last change. While a walk is under way the state holds its place."""

    def read(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        if table == "orders":
            _put_off_sweep(api, state, run)
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
            return _ask(api, question, first=size, **variables)
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
    """An order with the lines that did not fit on its page."""
    lines = row.get("lineItems")
    while lines and lines["pageInfo"]["hasNextPage"]:
        order = _ask(api, MORE_LINES, id=row["id"], after=lines["pageInfo"]["endCursor"])["order"]
        if order is None:
            break
        lines["nodes"] += order["lineItems"]["nodes"]
        lines["pageInfo"] = order["lineItems"]["pageInfo"]
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
            found = _ask(api, query, first=IDS_PAGE, after=after, query=only)[table]
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
    scopes = _ask(api, SCOPES)["currentAppInstallation"]["accessScopes"]
    if "read_all_orders" not in {scope["handle"] for scope in scopes}:
        state["swept_at"] = run.now.isoformat()


STREAMS = (
    Stream("orders", _changed("orders", ORDERS), ids=_ids("orders")),
    Stream("customers", _changed("customers", CUSTOMERS), ids=_ids("customers")),
    Stream("disputes", _disputes, is_whole=True, is_optional=True),
)
