"""Gorgias: tickets, messages, events, surveys, customers and the small lists, under `/api`.

What the fields carry is told in gorgias_fields.py, gorgias_events.py and gorgias_lists.py. Traps of
the real one are kept: lists begin with the newest and shift while they are paged, a page holds 30
unless more are asked for, `next_cursor` is null at the end, trashed tickets are listed and merged
ones are not (asking for one leads to the other), events and surveys tell UTC without an offset.
"""

import base64
from binascii import Error as NotBase64
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ingestion.sandbox import gorgias_lists
from ingestion.sandbox.clock import Clock, seconds
from ingestion.sandbox.gorgias_desk import GorgiasDesk, Stamped
from ingestion.sandbox.vendor import Limit, Vendor, answer
from ingestion.sandbox.world import World

PAGE, LARGEST_PAGE = 30, 100
Make = Callable[[int, int], dict[str, Any]]


def routes(world: World, clock: Clock) -> list[Route]:
    api = _Api(world, clock)
    return [
        Route("/api/tickets", api.tickets),
        Route("/api/tickets/{id:int}", api.ticket),
        Route("/api/tickets/{id:int}/messages", api.messages_of_ticket),
        Route("/api/messages", api.messages),
        Route("/api/events", api.events),
        Route("/api/satisfaction-surveys", api.surveys),
        Route("/api/customers", api.customers),
        Route("/api/users", api.users),
        Route("/api/teams", api.teams),
        Route("/api/tags", api.tags),
        Route("/api/custom-fields", api.custom_fields),
    ]


def secret_of(headers: Headers) -> str | None:
    """The key of `Basic email:key`."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        _, _, key = base64.b64decode(given, validate=True).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return None
    return key or None


def refusal(status: int, detail: str) -> object:
    words = {401: "Unauthorized", 404: "Not found", 429: "Too many requests"}
    return {"error": {"msg": words.get(status, detail)}}


def rate_headers(limit: Limit, left: int, reset_s: int) -> dict[str, str]:
    told = {"X-Gorgias-Account-Api-Call-Limit": f"{limit.calls - left}/{limit.calls}"}
    return told if left else {**told, "Retry-After": str(reset_s)}


VENDOR = Vendor(
    routes=routes,
    secret_of=secret_of,
    refusal=refusal,
    limits=(Limit("", 40, 20),),
    rate_headers=rate_headers,
)


class _Api:
    def __init__(self, world: World, clock: Clock) -> None:
        self._world, self._desk, self._clock = world, GorgiasDesk(world), clock
        self._customers = gorgias_lists.customer_stamps(world)

    def _now(self) -> int:
        return seconds(self._clock.now())

    async def tickets(self, request: Request) -> Response:
        now = self._now()
        log, orders = self._desk.ticket_log, ("updated_datetime:desc", "created_datetime:asc")
        order, before = _order(request, *orders), _cursor(request)
        found: Iterable[Stamped] = ()
        if order == orders[0]:
            entries = log.newest_first(now, before)
            found = ((entry.at, entry.number) for entry in entries)
        else:
            found = _ascending(self._desk.ticket_stamps, now, before)
        there = (stamp for stamp in found if self._desk.is_listed(stamp[1], now))
        return _page(request, there, self._desk.ticket, now)

    async def ticket(self, request: Request) -> Response:
        now, key = self._now(), int(request.path_params["id"])
        ticket = self._desk.find(key, now)
        if ticket is None:
            raise HTTPException(404)
        survivor = self._desk.survivor(ticket, now)
        if survivor is not ticket:
            return RedirectResponse(f"{str(request.url).rsplit('/', 1)[0]}/{survivor.number}", 301)
        return answer(self._desk.ticket(key, now))

    async def messages_of_ticket(self, request: Request) -> Response:
        now, key = self._now(), int(request.path_params["id"])
        if not self._desk.is_listed(key, now):
            raise HTTPException(404)
        stamps = [each for each in self._desk.message_stamps_of(key, now) if each[0] <= now]
        return answer({"data": [self._desk.message(each, now) for _, each in stamps]})

    async def messages(self, request: Request) -> Response:
        now, stamps = self._now(), self._desk.message_stamps
        if given := request.query_params.get("ticket_id"):
            listed = given.isdigit() and self._desk.is_listed(int(given), now)
            stamps = self._desk.message_stamps_of(int(given), now) if listed else []
        return self._newest_first(request, stamps, self._desk.message)

    async def events(self, request: Request) -> Response:
        return self._newest_first(request, self._desk.event_stamps, self._desk.event)

    async def surveys(self, request: Request) -> Response:
        return self._newest_first(request, self._desk.survey_stamps, self._desk.survey)

    async def customers(self, request: Request) -> Response:
        orders = ("updated_datetime:desc", "created_datetime:desc")
        return self._newest_first(
            request,
            self._customers,
            lambda key, _: gorgias_lists.customer(self._world, key),
            *orders,
        )

    def _newest_first(
        self,
        request: Request,
        stamps: list[Stamped],
        make: Make,
        *orders: str,
    ) -> Response:
        _order(request, *(orders or ("created_datetime:desc",)))
        now, before = self._now(), _cursor(request)
        stop = bisect_right(stamps, now, key=lambda stamp: stamp[0])
        if before is not None:
            stop = min(stop, bisect_left(stamps, before))
        first = bisect_left(stamps, _since(request), hi=stop, key=lambda stamp: stamp[0])
        return _page(
            request, (stamps[place] for place in range(stop - 1, first - 1, -1)), make, now
        )

    async def users(self, request: Request) -> Response:
        return _listed(request, gorgias_lists.users(self._world, self._now()))

    async def teams(self, request: Request) -> Response:
        return _listed(request, gorgias_lists.teams(self._world))

    async def tags(self, request: Request) -> Response:
        return _listed(request, gorgias_lists.tag_rows(self._desk.tags, self._now()))

    async def custom_fields(self, request: Request) -> Response:
        return _listed(request, gorgias_lists.custom_fields())


def _order(request: Request, *known: str) -> str:
    order = request.query_params.get("order_by", known[0])
    if order not in known:
        raise HTTPException(400, f"order_by must be one of {', '.join(known)}")
    return order


def _size(request: Request) -> int:
    given = request.query_params.get("limit", str(PAGE))
    if not given.isdigit() or not 1 <= int(given) <= LARGEST_PAGE:
        raise HTTPException(400, f"limit must be 1 to {LARGEST_PAGE}")
    return int(given)


def _since(request: Request) -> int:
    given = request.query_params.get("created_datetime[gte]")
    if not given:
        return 0
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise HTTPException(400, "created_datetime[gte] is no datetime") from None
    return seconds(at if at.tzinfo else at.replace(tzinfo=UTC))


def _cursor(request: Request) -> Stamped | None:
    """The last stamp of the page before; 400 if it is no cursor of ours."""
    given = request.query_params.get("cursor")
    if not given:
        return None
    try:
        at, key = base64.b64decode(given, validate=True).decode().split(",")
        return int(at), int(key)
    except (NotBase64, ValueError):
        raise HTTPException(400, "cursor is invalid") from None


def _ascending(stamps: list[Stamped], now: int, behind: Stamped | None) -> Iterator[Stamped]:
    first = bisect_right(stamps, behind) if behind is not None else 0
    last = bisect_right(stamps, now, key=lambda stamp: stamp[0])
    return (stamps[place] for place in range(first, last))


def _page(request: Request, stamps: Iterable[Stamped], make: Make, now: int) -> Response:
    size = _size(request)
    found = list(islice(stamps, size + 1))
    page = found[:size]
    cursor = None
    if len(found) > size:
        cursor = base64.b64encode(f"{page[-1][0]},{page[-1][1]}".encode()).decode()
    data = [make(key, now) for _, key in page]
    return answer({"data": data, "object": "list", "meta": _meta(cursor)})


def _listed(request: Request, rows: list[dict[str, Any]]) -> Response:
    """A page of a small list, in order; its cursor is a place."""
    size, (first, _) = _size(request), _cursor(request) or (0, 0)
    last = first + size
    cursor = base64.b64encode(f"{last},0".encode()).decode() if last < len(rows) else None
    return answer({"data": rows[first:last], "object": "list", "meta": _meta(cursor)})


def _meta(cursor: str | None) -> dict[str, str | None]:
    return {"prev_cursor": None, "next_cursor": cursor}
