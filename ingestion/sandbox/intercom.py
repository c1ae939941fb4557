"""Intercom: conversations, contacts and the small lists.

What the fields carry is told in intercom_fields.py and intercom_parts.py. Traps of the real one are
kept: a search gives the last updated first, lists no parts, and counts anew on each page; its `>`
also finds what is equal; contacts compare their dates by whole days; one call gives at most the
newest 500 parts; a deleted conversation is 404 and told by its id alone.
"""

import base64
import time
from binascii import Error as NotBase64
from collections.abc import Callable
from itertools import islice
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.sandbox.clock import Clock, seconds
from ingestion.sandbox.intercom_desk import IntercomDesk
from ingestion.sandbox.intercom_people import DAY_S, IntercomPeople
from ingestion.sandbox.log import Entry, Log
from ingestion.sandbox.vendor import Limit, Vendor, answer
from ingestion.sandbox.world import World

PAGE, LARGEST, DELETED_LARGEST = 20, 150, 60
CODES = {401: "unauthorized", 404: "not_found", 429: "rate_limit_exceeded"}
Json = dict[str, Any]


def routes(world: World, clock: Clock) -> list[Route]:
    api = _Api(IntercomDesk(world), IntercomPeople(world), clock)
    return [
        Route("/conversations/search", api.search_conversations, methods=["POST"]),
        Route("/conversations/deleted", api.deleted),
        Route("/conversations/{id:int}", api.conversation),
        Route("/contacts/search", api.search_contacts, methods=["POST"]),
        Route("/contacts", api.contacts),
        Route("/admins", api.admins),
        Route("/teams", api.teams),
    ]


def secret_of(headers: Headers) -> str | None:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given or None if scheme.lower() == "bearer" else None


def refusal(status: int, detail: str) -> object:
    error = {"code": CODES.get(status, "parameter_invalid"), "message": detail}
    return {"type": "error.list", "request_id": "sandbox", "errors": [error]}


def rate_headers(limit: Limit, left: int, reset_s: int) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(limit.calls),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(int(time.time()) + reset_s),
    }


VENDOR = Vendor(
    routes=routes,
    secret_of=secret_of,
    refusal=refusal,
    limits=(Limit("", 1_666, 10),),
    rate_headers=rate_headers,
)


class _Api:
    def __init__(self, desk: IntercomDesk, people: IntercomPeople, clock: Clock) -> None:
        self._desk, self._people, self._clock = desk, people, clock

    def _now(self) -> int:
        return seconds(self._clock.now())

    async def search_conversations(self, request: Request) -> Response:
        desk, now = self._desk, self._now()
        body = await _asked(request)
        since = _since(body)
        page, paging = _newest_first(
            body, desk.log, now, since, lambda entry: desk.is_shown(entry.number, now)
        )
        paging["total_count"] = desk.count(now, since)
        rows = [desk.conversation(entry.number, entry.n) for entry in page]
        return answer({"type": "conversation.list", "conversations": rows, **paging})

    async def search_contacts(self, request: Request) -> Response:
        body, now, log = await _asked(request), self._now(), self._people.log
        since = _since(body) // DAY_S * DAY_S
        page, paging = _newest_first(body, log, now, since, lambda entry: True)
        paging["total_count"] = log.count(now, since)
        rows = [self._people.contact(entry.number, entry.n) for entry in page]
        return answer({"type": "list", "data": rows, **paging})

    async def contacts(self, request: Request) -> Response:
        query = request.query_params
        body = {"pagination": {name: query[name] for name in ("per_page", "starting_after")
                               if name in query}}  # fmt: skip
        now, log = self._now(), self._people.log
        page, paging = _newest_first(body, log, now, 0, lambda entry: True)
        paging["total_count"] = log.count(now)
        rows = [self._people.contact(entry.number, entry.n) for entry in page]
        return answer({"type": "list", "data": rows, **paging})

    async def conversation(self, request: Request) -> Response:
        key, now = int(request.path_params["id"]), self._now()
        if not self._desk.is_shown(key, now):
            raise HTTPException(404, "Resource Not Found")
        return answer(self._desk.whole(key, now))

    async def deleted(self, request: Request) -> Response:
        query = request.query_params
        size = min(int(query.get("per_page", PAGE)), DELETED_LARGEST)
        at = max(1, int(query.get("page", 1)))
        rows = self._desk.deleted(self._now())
        if query.get("order", "desc") == "desc":
            rows.reverse()
        pages = {
            "type": "pages",
            "page": at,
            "per_page": size,
            "total_pages": -(-len(rows) // size),
        }
        found = rows[(at - 1) * size : at * size]
        return answer(
            {
                "type": "conversation.list",
                "conversations": found,
                "pages": pages,
                "total_count": len(rows),
            }
        )

    async def admins(self, request: Request) -> Response:
        return answer({"type": "admin.list", "admins": self._people.admins(self._now())})

    async def teams(self, request: Request) -> Response:
        return answer({"type": "team.list", "teams": self._people.teams(self._now())})


async def _asked(request: Request) -> Json:
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise HTTPException(400, "the body is no JSON") from None
    if not isinstance(body, dict) or not isinstance(body.get("query"), dict):
        raise HTTPException(400, "query is missing")
    return body


def _since(body: Json) -> int:
    """The bound of the one filter that the sandbox knows: `updated_at` after an instant."""
    query = body["query"]
    value = query.get("value")
    if (query.get("field"), query.get("operator")) != ("updated_at", ">"):
        raise HTTPException(400, "the sandbox only searches for updated_at > value")
    if not str(value).isdigit():
        raise HTTPException(400, "updated_at must be a date")
    return int(value)


def _newest_first(
    body: Json, log: Log, now: int, since: int, is_shown: Callable[[Entry], bool]
) -> tuple[list[Entry], Json]:
    """A page of what changed at or after `since`, last change first, and where the next begins."""
    pagination = body.get("pagination") or {}
    size = min(int(pagination.get("per_page", PAGE)), LARGEST)
    given = pagination.get("starting_after")
    before = _from_cursor(given) if given else None
    coming = (
        entry for entry in log.newest_first(now, before) if entry.at >= since and is_shown(entry)
    )
    found = list(islice(coming, size + 1))
    page = found[:size]
    pages: Json = {"type": "pages", "page": 1, "per_page": size, "total_pages": 1}
    if len(found) > size:
        cursor = base64.b64encode(orjson.dumps([page[-1].at, page[-1].number])).decode()
        pages |= {"next": {"page": 2, "starting_after": cursor}}
    return page, {"pages": pages}


def _from_cursor(cursor: str) -> tuple[int, int]:
    try:
        at, number = orjson.loads(base64.b64decode(cursor, validate=True))
        return int(at), int(number)
    except (NotBase64, ValueError, TypeError):
        raise HTTPException(400, "starting_after is invalid") from None
