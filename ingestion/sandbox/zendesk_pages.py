"""Zendesk's four ways of paging: by cursor and by time (exports), by `page[after]` and by number.

A cursor of an export holds an instant and an id, so it stays good for as long as the data does.
"""

import base64
from binascii import Error as NotBase64
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request

from ingestion.sandbox.log import Entry, Log

WITHHELD_S = 60
PAGE, LIST_PAGE = 1000, 100
"""Page sizes are also the largest that may be asked for."""

Json = dict[str, Any]


def asked_int(request: Request, name: str, default: int | None = None) -> int:
    """A whole number of the query; 400 if it is none, or missing without a default."""
    given = request.query_params.get(name)
    if given is None and default is not None:
        return default
    try:
        return int(given or "")
    except ValueError:
        raise HTTPException(400, f"{name} must be a whole number, not {given!r}") from None


def link(request: Request, **query: object) -> str:
    """The URL of the request at hand with `query` in the place of its paging parameters."""
    paging = ("start_time", "cursor", "page", "page[after]", "page[before]")
    kept = {name: value for name, value in request.query_params.items() if name not in paging}
    return f"{str(request.url).split('?')[0]}?{urlencode(kept | query)}"


def _size(request: Request, name: str, largest: int) -> int:
    size = asked_int(request, name, largest)
    if size < 1:
        raise HTTPException(400, f"{name} must be at least 1")
    return min(size, largest)


def _start_time(request: Request, now: int) -> int:
    start = asked_int(request, "start_time")
    if start > now - WITHHELD_S:
        raise HTTPException(422, "Too recent start_time. Use a start_time older than 60 seconds")
    return start


def to_cursor(at: int, number: int) -> str:
    return base64.b64encode(f"{at}.0||{number}|".encode()).decode()


def from_cursor(cursor: str) -> tuple[int, int]:
    """Instant and id; 400 if it is no cursor of ours."""
    try:
        at, number = base64.b64decode(cursor, validate=True).decode().rstrip("|").split("||")
        return int(float(at)), int(number)
    except (NotBase64, ValueError):
        raise HTTPException(400, "cursor is invalid") from None


def by_cursor(request: Request, log: Log, now: int) -> tuple[list[Entry], Json]:
    """A page of an export's latest versions, and the keys that lead on from it."""
    size = _size(request, "per_page", PAGE)
    given = request.query_params.get("cursor")
    at, number = from_cursor(given) if given else (_start_time(request, now), 0)
    first, last = log.behind(at, number) if given else log.start(at), log.end(now - WITHHELD_S)
    found = list(islice(log.current(first, last, now), size + 1))
    page = found[:size]
    after = to_cursor(page[-1].at, page[-1].number) if page else given or to_cursor(at, number)
    return page, {
        "after_url": link(request, cursor=after),
        "before_url": link(request, cursor=given) if given else None,
        "after_cursor": after,
        "before_cursor": given,
        "end_of_stream": len(found) <= size,
    }


def by_time(request: Request, entries: Iterable[Entry], start: int) -> tuple[list[Entry], Json]:
    """A page of `entries`, the export's from `start` on, and the keys that lead on from it.

    The next page starts with the second that this one ends with, so rows of that second come
    again; a page of a single second holds all of it, however many, and leads to the next second.
    """
    size = _size(request, "per_page", PAGE)
    coming = iter(entries)
    page = list(islice(coming, size))
    follower = next(coming, None)
    end = page[-1].at if page else start
    if follower is not None and page[0].at == end:
        while follower is not None and follower.at == end:
            page.append(follower)
            follower = next(coming, None)
        end += 1
    return page, {
        "count": len(page),
        "end_of_stream": follower is None,
        "next_page": link(request, start_time=end),
        "end_time": end,
    }


def export_start(request: Request, log: Log, now: int) -> tuple[int, int, int]:
    """The `start_time` asked for, and the places of the log that an export from it may show."""
    start = _start_time(request, now)
    return start, log.start(start), log.end(now - WITHHELD_S)


def after_place(request: Request) -> int:
    """Where `page[after]` points to; 0 without one, 400 if it is no cursor of ours."""
    given = request.query_params.get("page[after]")
    if not given:
        return 0
    try:
        return int(orjson.loads(base64.b64decode(given, validate=True))["v"])
    except (NotBase64, ValueError, KeyError, TypeError):
        raise HTTPException(400, "page[after] is invalid") from None


def onward(
    request: Request, place: int | list[Any] | None, *, more: bool, order: str = "id"
) -> Json:
    """`meta` and `links` of a list whose page ends at `place`, None if it is empty."""
    cursor = None
    if place is not None:
        cursor = base64.b64encode(orjson.dumps({"o": order, "v": place})).decode()
    return {
        "meta": {"has_more": more, "after_cursor": cursor, "before_cursor": None},
        "links": {
            "next": link(request, **{"page[after]": cursor}) if more else None,
            "prev": None,
        },
    }


def page_size(request: Request) -> int:
    return _size(request, "page[size]", LIST_PAGE)


def listed(request: Request, name: str, rows: Sequence[Any]) -> Json:
    """A page of a list: by cursor if `page[size]` is asked for, else by number."""
    if "page[size]" in request.query_params or "page[after]" in request.query_params:
        size, first = page_size(request), after_place(request)
        page = rows[first : first + size]
        end = first + len(page)
        return {name: page, **onward(request, end, more=end < len(rows))}
    size, at = _size(request, "per_page", LIST_PAGE), max(1, asked_int(request, "page", 1))
    more = at * size < len(rows)
    return {
        name: rows[(at - 1) * size : at * size],
        "next_page": link(request, page=at + 1) if more else None,
        "previous_page": link(request, page=at - 1) if at > 1 else None,
        "count": len(rows),
    }
