"""Shopify's way of paging and of searching: opaque cursors along a sort key, terms in one text."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from graphql import GraphQLError

MOST_ROWS = 250
DEEPEST = 25_000
"""Rows behind which no cursor leads on."""

JsonRow = dict[str, Any]


class Place(NamedTuple):
    """Where a page ends: the sort key and number of its last row, and the rows before."""

    key: int
    number: int
    depth: int


FIRST_PLACE = Place(-1, -1, 0)


class Search(NamedTuple):
    """What a search text asks for; `since` in seconds, both included."""

    since: int = 0
    above: int = 0


_TERM = re.compile(r"(\w+):(>=|>)?'?([^'\s]+)'?")


def search(text: str | None) -> Search:
    """Terms that Shopify does not know are left out there with a warning; here they are refused."""
    found = Search()
    for name, operator, value in _TERM.findall(text or ""):
        if (name, operator) == ("updated_at", ">="):
            found = found._replace(since=int(_instant(value).timestamp()))
        elif (name, operator) == ("id", ">"):
            found = found._replace(above=int(value))
        elif (name, value) != ("status", "any"):
            raise GraphQLError(f"search: {name}:{operator}{value} is not understood")
    return found


def _instant(text: str) -> datetime:
    given = datetime.fromisoformat(text)
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def size_of(first: int | None) -> int:
    if first is None or not 0 < first <= MOST_ROWS:
        raise GraphQLError(f"you must provide first between 1 and {MOST_ROWS}")
    return first


def place_of(after: str | None, size: int) -> Place:
    """GraphQLError for a cursor that is none of ours, or leads too deep."""
    if after is None:
        return FIRST_PLACE
    try:
        place = Place(**orjson.loads(base64.b64decode(after, validate=True)))
    except (binascii.Error, ValueError, TypeError) as error:
        raise GraphQLError("Invalid cursor for current pagination sort.") from error
    if place.depth + size > DEEPEST:
        raise GraphQLError(f"cannot paginate beyond {DEEPEST} objects; narrow the search")
    return place


def cursor(place: Place) -> str:
    return base64.b64encode(orjson.dumps(place._asdict())).decode()


def connection(
    rows: Sequence[Any],
    size: int,
    depth: int,
    place: Callable[[Any], tuple[int, int]],
    shown: Callable[[Any], JsonRow],
) -> JsonRow:
    """`rows` may hold one more than the page; `place` gives a row's sort key and number."""
    page = rows[:size]
    end = cursor(Place(*place(page[-1]), depth + len(page))) if page else None
    nodes = [shown(row) for row in page]
    return {
        "nodes": nodes,
        "edges": lambda: [
            {"cursor": cursor(Place(*place(row), depth + count)), "node": node}
            for count, (row, node) in enumerate(zip(page, nodes, strict=True), start=1)
        ],
        "pageInfo": {"hasNextPage": len(rows) > size, "endCursor": end},
    }
