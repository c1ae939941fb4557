"""Shopify: the GraphQL Admin API of one store, under `/admin/api/<version>/graphql.json`.

Kept of the real one: an error of a query is an answer of status 200, points are taken before a
query runs and what it did not need is given back, a query dearer than 1,000 points is refused, and
cursors end after 25,000 rows. A bulk operation costs what a mutation does, whatever it finds. The
points of the largest plan hold whatever `limits` says: they are part of every answer.
"""

import time
from functools import partial

from graphql import GraphQLError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.sandbox.clock import Clock, seconds
from ingestion.sandbox.shopify_answers import (
    MUTATION_POINTS,
    checked,
    cost_of,
    objects_in,
    plan,
    shown,
)
from ingestion.sandbox.shopify_bulk import BulkOperations
from ingestion.sandbox.shopify_lists import Lists
from ingestion.sandbox.shopify_pages import JsonRow
from ingestion.sandbox.shopify_store import ShopifyStore, gid
from ingestion.sandbox.vendor import Vendor, answer
from ingestion.sandbox.world import World

MOST_POINTS = 1_000
# Of the largest plan.
BUCKET, RESTORED_A_S = 40_000.0, 2_000.0
SCOPES = ("read_orders", "read_all_orders", "read_customers", "read_shopify_payments_disputes")
REFUSED = "[API] Invalid API key or access token (unrecognized login or wrong password)"


def routes(world: World, clock: Clock) -> list[Route]:
    store = ShopifyStore(world)
    bulk = BulkOperations(store, clock)
    return [
        Route("/admin/api/{version}/graphql.json", _Api(store, clock, bulk).ask, methods=["POST"]),
        Route("/bulk/{number:int}.jsonl", bulk.file, methods=["GET"]),
    ]


def secret_of(headers: Headers) -> str | None:
    return headers.get("x-shopify-access-token") or None


def refusal(status: int, detail: str) -> object:
    return {"errors": REFUSED if status == 401 else detail}


VENDOR = Vendor(
    routes=routes,
    secret_of=secret_of,
    refusal=refusal,
    limits=(),
    rate_headers=lambda limit, left, reset_s: {},
    open_paths=r"^/shopify/bulk/",
)


class _Points:
    """A bucket that refills by itself."""

    def __init__(self) -> None:
        self._left, self._at = BUCKET, time.monotonic()

    def left(self) -> float:
        now = time.monotonic()
        self._left = min(BUCKET, self._left + (now - self._at) * RESTORED_A_S)
        self._at = now
        return self._left

    def take(self, points: float) -> None:
        self._left = min(BUCKET, self.left() - points)

    def told(self, asked: int, taken: int | None) -> JsonRow:
        left = {
            "maximumAvailable": BUCKET,
            "currentlyAvailable": int(self.left()),
            "restoreRate": RESTORED_A_S,
        }
        cost = {"requestedQueryCost": asked, "actualQueryCost": taken, "throttleStatus": left}
        return {"extensions": {"cost": cost}}


class _Api:
    def __init__(self, store: ShopifyStore, clock: Clock, bulk: BulkOperations) -> None:
        self._store, self._clock, self._bulk = store, clock, bulk
        self._points = _Points()

    async def ask(self, request: Request) -> Response:
        given = await request.json()
        document, wrong = checked(given.get("query") or "")
        if document is None or wrong:
            return answer({"errors": [error.formatted for error in wrong]})
        try:
            is_mutation, fields = plan(document, given.get("variables") or {})
            cost = MUTATION_POINTS if is_mutation else cost_of(fields)
            if cost > MOST_POINTS:
                said = f"Query cost is {cost}, which exceeds the single query max cost"
                return answer({"errors": [_error(f"{said} {MOST_POINTS}", "MAX_COST_EXCEEDED")]})
            if cost > self._points.left():
                throttled = {"errors": [_error("Throttled", "THROTTLED")]}
                return answer(throttled | self._points.told(cost, None))
            data = shown(self._root(request), fields)
        except GraphQLError as error:
            return answer({"errors": [error.formatted]})
        taken = cost if is_mutation else min(cost, objects_in(data))
        self._points.take(taken)
        return answer({"data": data, **self._points.told(cost, taken)})

    def _root(self, request: Request) -> JsonRow:
        """What the query reads; it stands still while it is read."""
        lists = Lists(self._store, seconds(self._clock.now()))
        prefix = request.url.path.split("/admin/")[0]
        files = str(request.url.replace(path=f"{prefix}/bulk", query=""))
        return {
            "orders": partial(lists.page, "orders"),
            "customers": partial(lists.page, "customers"),
            "order": lists.order,
            "shopifyPaymentsAccount": {
                "id": gid("ShopifyPaymentsAccount", 1),
                "disputes": lists.disputes,
            },
            "currentAppInstallation": {
                "accessScopes": [{"handle": scope, "description": scope} for scope in SCOPES]
            },
            "bulkOperation": partial(self._bulk.operation, files),
            "bulkOperationRunQuery": partial(self._bulk.start, files),
        }


def _error(message: str, code: str) -> JsonRow:
    return {"message": message, "extensions": {"code": code}}
