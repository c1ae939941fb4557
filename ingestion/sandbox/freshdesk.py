"""Freshdesk: tickets with their conversations and times, ratings and the small lists, `/api/v2`.

Traps of the real one are kept: without `updated_since` only tickets of the last 30 days are listed,
spam and deleted ones only with their `filter`, newest first unless asked otherwise, 300 pages at
most; `stats`, `requester` and `description` only come if they are asked for; the description is no
conversation. A further page is told by the Link header alone.
"""

import base64
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.sandbox import freshdesk_parts, freshdesk_people, freshdesk_tickets
from ingestion.sandbox.clock import Clock, seconds
from ingestion.sandbox.freshdesk_people import iso
from ingestion.sandbox.log import Entry, Log
from ingestion.sandbox.vendor import Limit, Vendor, answer
from ingestion.sandbox.world import Ticket, World
from ingestion.sandbox.zendesk_users import Versions

PAGE, LARGEST_PAGE, MOST_PAGES = 30, 100, 300
LISTED_DAYS_S = 30 * 86_400
INCLUDED = ("stats", "requester", "description")
Endpoint = Callable[[Request], Awaitable[Response]]
JsonRow = dict[str, Any]


def routes(world: World, clock: Clock) -> list[Route]:
    api = _Api(world, clock)
    paths: dict[str, Endpoint] = {
        "tickets": api.tickets,
        "tickets/{id:int}": api.ticket,
        "tickets/{id:int}/conversations": api.conversations,
        "tickets/{id:int}/time_entries": api.time_entries,
        "surveys/satisfaction_ratings": api.ratings,
        "contacts": api.contacts,
        "agents": api.agents,
        "groups": api.groups,
        "ticket_fields": api.ticket_fields,
    }
    return [Route(f"/api/v2/{path}", endpoint) for path, endpoint in paths.items()]


def secret_of(headers: Headers) -> str | None:
    """The key of `Basic key:X`; what stands behind the colon is not looked at."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[0] or None
    except (NotBase64, UnicodeDecodeError):
        return None


def refusal(status: int, detail: str) -> object:
    if status == 401:
        return {
            "code": "invalid_credentials",
            "message": "You have to be logged in to perform this action.",
        }
    if status == 429:
        return {"message": "You have exceeded the limit of requests per minute"}
    if status == 404:
        return {}
    return {"description": "Validation failed", "errors": [{"message": detail}]}


def rate_headers(limit: Limit, left: int, reset_s: int) -> dict[str, str]:
    return {
        "X-RateLimit-Total": str(limit.calls),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Used-CurrentRequest": "1",
    }


VENDOR = Vendor(
    routes=routes,
    secret_of=secret_of,
    refusal=refusal,
    limits=(Limit("", 400, 60), Limit("/tickets$", 100, 60)),
    rate_headers=rate_headers,
)


class _Api:
    def __init__(self, world: World, clock: Clock) -> None:
        self._world, self._clock = world, clock
        self._rows: dict[tuple[int, int], JsonRow] = {}
        self._began = int(world.ticket_log.at[0]) if len(world.ticket_log) else 0

    @cached_property
    def _changes(self) -> dict[int, list[int]]:
        tickets = self._world.tickets.values()
        return {ticket.number: freshdesk_tickets.changes_of(ticket) for ticket in tickets}

    @cached_property
    def _log(self) -> Log:
        return Log.of(
            (self._world.tickets[key].moments[n].at, key, place)
            for key, moments in self._changes.items()
            for place, n in enumerate(moments)
        )

    @cached_property
    def _contacts(self) -> Versions:
        return freshdesk_people.contacts(self._world)

    def _now(self) -> int:
        return seconds(self._clock.now())

    def _row(self, entry: Entry, included: list[str]) -> JsonRow:
        key = (entry.number, entry.n)
        if key not in self._rows:
            ticket = self._world.tickets[entry.number]
            n = self._changes[entry.number][entry.n]
            self._rows[key] = freshdesk_tickets.ticket_row(ticket, n)
        left_out = {name for name in INCLUDED if name not in included}
        if "description" in left_out:
            left_out.add("description_text")
        return {name: value for name, value in self._rows[key].items() if name not in left_out}

    async def tickets(self, request: Request) -> Response:
        asked, now = request.query_params, self._now()
        wanted = asked.get("filter", "")
        if wanted not in ("", "spam", "deleted"):
            raise HTTPException(400, "filter must be spam or deleted")
        since = _instant(request, "updated_since")
        log = self._log
        found = log.current(log.start(since or 0), log.end(now), now)
        entries: Iterator[Entry] = (each for each in found if self._filter_of(each) == wanted)
        order = asked.get("order_by", "created_at")
        if (order, asked.get("order_type", "desc")) != ("updated_at", "asc"):
            entries = iter(sorted(
                entries, key=lambda entry: self._row(entry, [])[order],
                reverse=asked.get("order_type", "desc") == "desc",
            ))  # fmt: skip
        if since is None:
            recent = now - LISTED_DAYS_S
            entries = (each for each in entries if self._of(each).created_at >= recent)
        included = asked.get("include", "").split(",")
        return _paged(request, (self._row(entry, included) for entry in entries))

    def _of(self, entry: Entry) -> Ticket:
        return self._world.tickets[entry.number]

    def _filter_of(self, entry: Entry) -> str:
        state = self._of(entry).states[self._changes[entry.number][entry.n]]
        return "deleted" if state.is_deleted else "spam" if state.is_spam else ""

    def _asked_ticket(self, request: Request) -> tuple[Ticket, int]:
        found, now = self._world.tickets.get(int(request.path_params["id"])), self._now()
        if found is None or not found.seen(now):
            raise HTTPException(404)
        return found, now

    async def ticket(self, request: Request) -> Response:
        ticket, now = self._asked_ticket(request)
        seen = [n for n in self._changes[ticket.number] if n < ticket.seen(now)]
        included = ["description", *request.query_params.get("include", "").split(",")]
        return answer(self._row(Entry(now, ticket.number, len(seen) - 1), included))

    async def conversations(self, request: Request) -> Response:
        ticket, now = self._asked_ticket(request)
        rows = freshdesk_parts.conversations(ticket, now, self._world)
        return _paged(request, iter(rows))

    async def time_entries(self, request: Request) -> Response:
        return _paged(request, iter(freshdesk_parts.time_entries(*self._asked_ticket(request))))

    async def ratings(self, request: Request) -> Response:
        since, now = _instant(request, "created_since") or 0, self._now()
        found = (
            row
            for ticket in self._rated
            for row in freshdesk_parts.ratings(ticket, now)
            if row["created_at"] >= iso(since)
        )
        newest_first = sorted(found, key=lambda row: (row["created_at"], row["id"]), reverse=True)
        return _paged(request, iter(newest_first))

    @cached_property
    def _rated(self) -> list[Ticket]:
        tickets = self._world.tickets.values()
        return [each for each in tickets if any(state.survey for state in each.states)]

    async def contacts(self, request: Request) -> Response:
        since = _instant(request, "_updated_since") or 0
        return _paged(request, iter(self._contacts.current(self._now(), since)))

    async def agents(self, request: Request) -> Response:
        return _paged(request, iter(freshdesk_people.agents(self._world, self._now(), self._began)))

    async def groups(self, request: Request) -> Response:
        return _paged(request, iter(freshdesk_people.groups(self._world, self._began)))

    async def ticket_fields(self, request: Request) -> Response:
        return answer(freshdesk_people.ticket_fields(self._began))


def _instant(request: Request, name: str) -> int | None:
    given = request.query_params.get(name)
    try:
        return None if given is None else seconds(datetime.fromisoformat(given))
    except ValueError:
        raise HTTPException(400, f"{name} is no instant") from None


def _number(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, str(default))
    if not given.isdigit() or not int(given):
        raise HTTPException(400, f"{name} must be a positive number")
    return int(given)


def _paged(request: Request, rows: Iterator[JsonRow]) -> Response:
    size, page = _number(request, "per_page", PAGE), _number(request, "page", 1)
    if size > LARGEST_PAGE or page > MOST_PAGES:
        raise HTTPException(400, "per_page is at most 100, page at most 300")
    found = list(islice(rows, (page - 1) * size, page * size + 1))
    headers = {}
    if len(found) > size:
        query = urlencode(dict(request.query_params) | {"page": page + 1})
        headers["Link"] = f'<{str(request.url).split("?")[0]}?{query}>; rel="next"'
    return Response(orjson.dumps(found[:size]), 200, headers, "application/json; charset=utf-8")
