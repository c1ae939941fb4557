"""Shopify: the GraphQL Admin API of one store, under `/admin/api/<version>/graphql.json`.

Kept of the real one: an error of a query is an answer of status 200, points are taken before a
query runs and what it did not need is given back, a query dearer than 1,000 points is refused, and
cursors end after 25,000 rows. The points of a Standard plan hold whatever `limits` says: they are
part of every answer.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from graphql import GraphQLError, parse, validate
from graphql.execution import execute_sync
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.sandbox.clock import Clock, seconds
from ingestion.sandbox.log import Entry, Log
from ingestion.sandbox.shopify_pages import (
    JsonRow,
    connection,
    place_of,
    search,
    size_of,
)
from ingestion.sandbox.shopify_schema import SCHEMA, cost_of, objects_in
from ingestion.sandbox.shopify_store import ShopifyStore, gid
from ingestion.sandbox.vendor import Vendor, answer
from ingestion.sandbox.world import World

MOST_POINTS = 1_000
# Of the largest plan, so that a first load ends in this minute.
BUCKET, RESTORED_A_S = 40_000.0, 2_000.0
SCOPES = ("read_orders", "read_all_orders", "read_customers", "read_shopify_payments_disputes")
REFUSED = "[API] Invalid API key or access token (unrecognized login or wrong password)"


def routes(world: World, clock: Clock) -> list[Route]:
    api = _Api(ShopifyStore(world), clock)
    return [Route("/admin/api/{version}/graphql.json", api.ask, methods=["POST"])]


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
    def __init__(self, store: ShopifyStore, clock: Clock) -> None:
        self._store, self._clock, self._points = store, clock, _Points()

    async def ask(self, request: Request) -> Response:
        given = await request.json()
        variables: Mapping[str, Any] = given.get("variables") or {}
        try:
            query = parse(given.get("query") or "")
        except GraphQLError as error:
            return answer({"errors": [error.formatted]})
        if wrong := validate(SCHEMA, query):
            return answer({"errors": [error.formatted for error in wrong]})
        cost = cost_of(query, variables)
        if cost > MOST_POINTS:
            said = f"Query cost is {cost}, which exceeds the single query max cost {MOST_POINTS}"
            return answer({"errors": [_error(said, "MAX_COST_EXCEEDED")]})
        if cost > self._points.left():
            throttled = {"errors": [_error("Throttled", "THROTTLED")]}
            return answer(throttled | self._points.told(cost, None))
        done = execute_sync(SCHEMA, query, self._root(), variable_values=dict(variables))
        taken = min(cost, objects_in(done.data))
        self._points.take(taken)
        return answer({**done.formatted, **self._points.told(cost, taken)})

    def _root(self) -> JsonRow:
        """What the query reads; it stands still while it is read."""
        now, store = seconds(self._clock.now()), self._store

        def orders(info: Any, **asked: Any) -> JsonRow:
            numbers = store.order_numbers
            return _listed(store.log, now, store.order, numbers, store.is_shown, **asked)

        def customers(info: Any, **asked: Any) -> JsonRow:
            numbers = store.customer_numbers
            return _listed(store.customer_log, now, store.customer, numbers, **asked)

        def order(info: Any, id: str) -> JsonRow | None:
            key = id.removeprefix(gid("Order", 0)[:-1])
            return store.order(int(key), now) if store.is_shown(int(key), now) else None

        def disputes(info: Any, first: int | None = None, after: str | None = None) -> JsonRow:
            size = size_of(first)
            place = place_of(after, size)
            rows = [row for row in store.disputes if row.at <= now and row.number > place.number]
            return connection(
                rows[: size + 1],
                size,
                place.depth,
                lambda row: (row.number, row.number),
                lambda row: store.dispute(row, now),
            )

        return {
            "orders": orders,
            "customers": customers,
            "order": order,
            "shopifyPaymentsAccount": {
                "id": gid("ShopifyPaymentsAccount", 1),
                "disputes": disputes,
            },
            "currentAppInstallation": {
                "accessScopes": [{"handle": scope, "description": scope} for scope in SCOPES]
            },
        }


def _error(message: str, code: str) -> JsonRow:
    return {"message": message, "extensions": {"code": code}}


def _listed(
    log: Log,
    now: int,
    shown: Any,
    numbers: Any,
    is_shown: Any = lambda key, now: True,
    *,
    first: int | None = None,
    after: str | None = None,
    query: str | None = None,
    sortKey: str = "ID",
) -> JsonRow:
    """Rows by `updatedAt` or by id; other orders are not asked for."""
    size, wanted = size_of(first), search(query)
    place = place_of(after, size)
    if sortKey == "UPDATED_AT":
        begin = log.start(wanted.since)
        if after is not None:
            begin = max(begin, log.behind(place.key, place.number))
        found: Iterable[tuple[int, int]] = _changed(log, begin, now)
    elif sortKey == "ID":
        found = ((key, key) for key in numbers(now, max(wanted.above, place.number)))
    else:
        raise GraphQLError(f"the sandbox does not sort by {sortKey}")
    rows = list(islice((row for row in found if is_shown(row[1], now)), size + 1))
    return connection(rows, size, place.depth, lambda row: row, lambda row: shown(row[1], now))


def _changed(log: Log, begin: int, now: int) -> Iterator[tuple[int, int]]:
    entry: Entry
    for entry in log.current(begin, log.end(now), now):
        yield entry.at, entry.number
