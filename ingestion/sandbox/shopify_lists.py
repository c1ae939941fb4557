"""What queries read of a Shopify store: its lists, a page at a time or whole, as of an instant."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from graphql import GraphQLError

from ingestion.sandbox.log import Log
from ingestion.sandbox.shopify_pages import (
    FIRST_PLACE,
    JsonRow,
    Place,
    connection,
    place_of,
    search,
    size_of,
)
from ingestion.sandbox.shopify_store import ShopifyStore, gid


class Listed(NamedTuple):
    """A list: its changes, the numbers of all its rows, whether one is there, and the row."""

    log: Log
    numbers: list[int]
    is_shown: Callable[[int, int], bool]
    row: Callable[[int, int], JsonRow]


class Lists:
    """The lists of a store; they stand still at `now`, in seconds."""

    def __init__(self, store: ShopifyStore, now: int) -> None:
        self._store, self._now = store, now
        self._lists = {
            "orders": Listed(store.log, store.order_numbers, store.is_shown, store.order),
            "customers": Listed(
                store.customer_log, store.customer_numbers, store.customer_is_shown, store.customer
            ),
        }

    def every(self, name: str, query: str | None = None, **paging: object) -> Iterator[JsonRow]:
        """All rows that a search finds. GraphQLError for a list that there is not."""
        if name not in self._lists:
            raise GraphQLError(f"the sandbox lists no {name} in bulk")
        listed = self._lists[name]
        found = self._found(listed, FIRST_PLACE, query, "UPDATED_AT")
        return (listed.row(key, self._now) for _, key in found)

    def order(self, id: str) -> JsonRow | None:
        key = int(id.removeprefix(gid("Order", 0)[:-1]))
        is_shown = self._store.is_shown(key, self._now)
        return self._store.order(key, self._now) if is_shown else None

    def disputes(self, first: int | None = None, after: str | None = None) -> JsonRow:
        size = size_of(first)
        place = place_of(after, size)
        rows = [
            row for row in self._store.disputes if row.at <= self._now and row.number > place.number
        ]
        return connection(
            rows[: size + 1],
            size,
            place.depth,
            lambda row: (row.number, row.number),
            lambda row: self._store.dispute(row, self._now),
        )

    def page(
        self,
        name: str,
        first: int | None = None,
        after: str | None = None,
        query: str | None = None,
        sortKey: str = "ID",
    ) -> JsonRow:
        listed, size = self._lists[name], size_of(first)
        place = place_of(after, size)
        rows = list(islice(self._found(listed, place, query, sortKey), size + 1))
        return connection(
            rows, size, place.depth, lambda row: row, lambda row: listed.row(row[1], self._now)
        )

    def _found(
        self, listed: Listed, place: Place, query: str | None, sort_key: str
    ) -> Iterator[tuple[int, int]]:
        """Sort keys and numbers of what lies behind a place; other orders are not asked for."""
        wanted, now, log = search(query), self._now, listed.log
        found: Iterable[tuple[int, int]]
        if sort_key == "UPDATED_AT":
            begin = log.start(wanted.since)
            if place != FIRST_PLACE:
                begin = max(begin, log.behind(place.key, place.number))
            found = ((entry.at, entry.number) for entry in log.current(begin, log.end(now), now))
        elif sort_key == "ID":
            begin = bisect_right(listed.numbers, max(wanted.above, place.number))
            found = ((key, key) for key in islice(listed.numbers, begin, None))
        else:
            raise GraphQLError(f"the sandbox does not sort by {sort_key}")
        return (row for row in found if listed.is_shown(row[1], now))
