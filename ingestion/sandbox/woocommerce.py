"""WooCommerce: orders, their refunds, customers and products of one shop, `/wp-json/wc/v3`.

Traps of the real one are kept: a list is by date and newest first unless asked otherwise, ten rows
a page and at most a hundred; what is in the trash is listed for itself alone, and for thirty days;
`modified_after` leaves out its own second and means the shop's time unless told; customers are only
those with the role of one, by name. Lists tell their length in headers. There are no limits.
"""

import base64
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.sandbox.clock import Clock, seconds
from ingestion.sandbox.vendor import Vendor, answer
from ingestion.sandbox.woocommerce_store import AHEAD, STATUSES, JsonRow, WooStore
from ingestion.sandbox.world import World

PAGE, LARGEST_PAGE = 10, 100
ROLES = ("all", "customer")
CODES: Mapping[int, str] = {
    400: "rest_invalid_param",
    401: "woocommerce_rest_cannot_view",
    404: "woocommerce_rest_shop_order_invalid_id",
}
Endpoint = Callable[[Request], Awaitable[Response]]


def routes(world: World, clock: Clock) -> list[Route]:
    api = _Api(WooStore(world), clock)
    paths: dict[str, Endpoint] = {
        "orders": api.orders,
        "orders/{id:int}": api.order,
        "orders/{id:int}/refunds": api.refunds,
        "customers": api.customers,
        "products": api.products,
    }
    return [Route(f"/wp-json/wc/v3/{path}", endpoint) for path, endpoint in paths.items()]


def secret_of(headers: Headers) -> str | None:
    """The consumer secret of `Basic key:secret`; the key must be there."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    try:
        key, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return None
    return secret if scheme.lower() == "basic" and key else None


def refusal(status: int, detail: str) -> object:
    told = "Sorry, you cannot list resources." if status == 401 else detail
    return {"code": CODES.get(status, "error"), "message": told, "data": {"status": status}}


VENDOR = Vendor(
    routes=routes,
    secret_of=secret_of,
    refusal=refusal,
    limits=(),
    rate_headers=lambda limit, left, reset_s: {},
)


class _Api:
    def __init__(self, store: WooStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def orders(self, request: Request) -> Response:
        now, asked = self._now(), request.query_params
        status = asked.get("status", "any")
        if status not in ("any", *STATUSES):
            raise HTTPException(400, "Invalid parameter(s): status")
        found = self._store.orders(now, _modified_after(request), status)
        return _listed(request, found, partial(self._store.order, now=now), "date_created_gmt")

    async def order(self, request: Request) -> Response:
        return answer(self._store.order(*self._asked(request)))

    async def refunds(self, request: Request) -> Response:
        rows = {row["id"]: row for row in self._store.refunds(*self._asked(request))}
        return _listed(request, sorted(rows), rows.__getitem__, "date_created_gmt")

    async def customers(self, request: Request) -> Response:
        """Those with an account have no other role here."""
        if request.query_params.get("role", "customer") not in ROLES:
            raise HTTPException(400, "Invalid parameter(s): role")
        found = self._store.customers(self._now())
        return _listed(request, found, self._store.customer, "username")

    async def products(self, request: Request) -> Response:
        found = self._store.products(self._now(), _modified_after(request))
        return _listed(request, found, self._store.product, "date_created_gmt")

    def _now(self) -> int:
        return seconds(self._clock.now())

    def _asked(self, request: Request) -> tuple[int, int]:
        key, now = int(request.path_params["id"]), self._now()
        if not self._store.is_there(key, now):
            raise HTTPException(404, "Invalid ID.")
        return key, now


def _modified_after(request: Request) -> int | None:
    """In seconds; the shop's clock is ahead of UTC, and what has no offset is by it."""
    given = request.query_params.get("modified_after")
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise HTTPException(400, "Invalid parameter(s): modified_after") from None
    is_gmt = request.query_params.get("dates_are_gmt") == "true"
    if at.tzinfo is None and not is_gmt:
        at -= timedelta(seconds=AHEAD)
    return seconds(at if at.tzinfo else at.replace(tzinfo=UTC))


def _listed(
    request: Request, keys: Sequence[int], shown: Callable[[int], JsonRow], default: str
) -> Response:
    """One page of rows, `keys` being those of the whole list, ascending."""
    asked = request.query_params
    if asked.get("orderby") != "id":
        keys = sorted(keys, key=lambda key: (shown(key)[default], key))
    if asked.get("order", "asc" if default == "username" else "desc") == "desc":
        keys = list(reversed(keys))
    size = _number(request, "per_page", PAGE)
    if not 0 < size <= LARGEST_PAGE:
        raise HTTPException(400, "Invalid parameter(s): per_page")
    offset = _number(request, "offset", (_number(request, "page", 1) - 1) * size)
    rows: list[dict[str, Any]] = [shown(key) for key in keys[offset : offset + size]]
    if fields := asked.get("_fields"):
        rows = [{name: row[name] for name in fields.split(",") if name in row} for row in rows]
    headers = {"X-WP-Total": str(len(keys)), "X-WP-TotalPages": str(-(-len(keys) // size))}
    return answer(rows, headers=headers)


def _number(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, str(default))
    if not given.isdigit():
        raise HTTPException(400, f"Invalid parameter(s): {name}")
    return int(given)
