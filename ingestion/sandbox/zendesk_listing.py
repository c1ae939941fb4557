"""The list of tickets: all that are neither deleted nor archived, with nothing withheld.

By cursor it is sorted by id, update or status, upwards or, behind a minus, downwards. The cursor
holds what the page's last ticket is sorted by, so a ticket that is updated between two pages of the
newest is before the second one and on neither. A row lacks the stamp that exports go by, and by
cursor the second copy of its custom fields.
"""

import base64
from binascii import Error as NotBase64
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import islice
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request

from ingestion.sandbox.zendesk_desk import ZendeskDesk
from ingestion.sandbox.zendesk_fields import status
from ingestion.sandbox.zendesk_pages import Json, listed, onward, page_size

BAD_SORT = "sort is not valid"
SORTS = ("id", "updated_at", "status")
# What a ticket is sorted by, and its number.
Place = tuple[Any, int]


def ticket_list(request: Request, desk: ZendeskDesk, now: int) -> Json:
    """A page of the list, by cursor if `page[size]` is asked for, else by number and id."""
    query = request.query_params
    lacks = ["generated_timestamp"]
    if "page[size]" in query or "page[after]" in query:
        numbers, paging = _by_cursor(request, desk, now)
        lacks.append("fields")
    else:
        paging = listed(request, "tickets", sorted(_all(desk, now)))
        numbers = paging["tickets"]
    found = paging | {"tickets": [desk.listed_ticket(number, now, lacks) for number in numbers]}
    if "users" in query.get("include", "").split(","):
        found["users"] = desk.users_of(numbers, now)
    return found


def _by_cursor(request: Request, desk: ZendeskDesk, now: int) -> tuple[list[int], Json]:
    sort = request.query_params.get("sort", "id")
    if sort.removeprefix("-") not in SORTS:
        raise HTTPException(400, BAD_SORT)
    size, after = page_size(request), _asked_place(request, sort)
    coming = (
        place
        for place in _sorted(desk, now, sort)
        if after is None or (place < after if sort.startswith("-") else place > after)
    )
    found = list(islice(coming, size + 1))
    page = found[:size]
    end = list(page[-1]) if page else None
    return [number for _, number in page], onward(request, end, more=len(found) > size, order=sort)


def _asked_place(request: Request, sort: str) -> Place | None:
    """Where `page[after]` points to; 400 if it is no cursor of this sorting."""
    given = request.query_params.get("page[after]")
    if not given:
        return None
    try:
        cursor = orjson.loads(base64.b64decode(given, validate=True))
        key, number = cursor["v"]
    except (NotBase64, ValueError, KeyError, TypeError):
        raise HTTPException(400, "page[after] is invalid") from None
    if cursor.get("o") != sort:
        raise HTTPException(400, "page[after] is invalid")
    return key, int(number)


def _sorted(desk: ZendeskDesk, now: int, sort: str) -> Iterator[Place]:
    if sort == "-updated_at":
        return _newest_first(desk, now)
    tickets = desk.tickets

    def key(number: int) -> Any:
        if sort.endswith("updated_at"):
            return desk.updated_at(number, now)
        return status(tickets[number].as_of(now)) if sort.endswith("status") else number

    places = ((key(number), number) for number in _all(desk, now))
    return iter(sorted(places, reverse=sort.startswith("-")))


def _newest_first(desk: ZendeskDesk, now: int) -> Iterator[Place]:
    """Reads no further into the past than it is asked for. The log goes by the last change, which
    may have left no audit: a ticket waits for its turn until no later update can follow.
    """
    waiting: list[tuple[int, int]] = []
    for entry in desk.log.newest_first(now):
        while waiting and -waiting[0][0] > entry.at:
            at, number = heappop(waiting)
            yield -at, -number
        if desk.is_listed(entry.number, now):
            heappush(waiting, (-desk.updated_at(entry.number, now), -entry.number))
    while waiting:
        at, number = heappop(waiting)
        yield -at, -number


def _all(desk: ZendeskDesk, now: int) -> list[int]:
    return [number for number in desk.tickets if desk.is_listed(number, now)]
