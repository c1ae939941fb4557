"""Sources of kind `woocommerce`: the REST API (v3) of one shop.

- `orders`, a row an order with its lines: two walks, of what is not in the trash and of the trash.
  Each asks for what changed since the one before it began, by the shop's clock, with ten minutes
  read again.
- `refunds`: read for each order that is new or changed and has any; an order has only their sums.
- `customers`, the registered ones. There is no filter for changes: new ones by id, and all of them
  whenever some time is to be read again.
- `products`, by their last change: a line tells no category.

Lists are in the order of ids, by which rows do not move up when they change. Rows may leave a list
while it is read, and all behind them move up: each page begins with the row that the last one ended
with, or half a page before is read again. What was deleted for good leaves no trace: all ids are
compared once a week.

WooCommerce cannot say when an order was cancelled (its first version that is, is taken), that it
replaces another one (a map of its meta keys does) or is a test, that a payment was charged back or
paid in part, that an order expired, or whom a customer was merged into. Who orders as a guest is
only an address. A refund that is taken back is seen when its order changes next.

There are no rate headers; Retry-After is honoured. Reference: WooCommerce REST API v3, Orders,
Order refunds, Customers, Products.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from dlt.sources.helpers.rest_client.auth import HttpBasicAuth
from dlt.sources.helpers.rest_client.paginators import SinglePagePaginator
from requests.exceptions import HTTPError

from ingestion.api import Api, ApiSpec, Page, RefusedError
from ingestion.documents import Document
from ingestion.errors import IngestError
from ingestion.run import SourceRun
from ingestion.streams import Ids, Reader, State, Stream, Vendor, own_id

PATH = "wp-json/wc/v3"
PAGE = 100
OVERLAP = timedelta(minutes=10)
EDGE = timedelta(seconds=1)
"""`modified_after` leaves out its own second."""
ORDER_WALKS = ("any", "trash")
"""`any` is any but the trash."""
ALL_ROLES: Mapping[str, str] = {"role": "all"}
GONE = 404
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def connect(spec: ApiSpec) -> Api:
    """IngestError for an address to which the secrets would go in the clear."""
    where = urlsplit(spec.url)
    if where.scheme != "https" and where.hostname not in LOOPBACK:
        raise IngestError(
            f"source {spec.name}: {spec.url} would be told the secrets in the clear. Give a `url`"
            " that begins with https."
        )
    return Api(spec, HttpBasicAuth(spec.secrets["consumer_key"], spec.secrets["consumer_secret"]))


def _walk(api: Api, path: str, asked: Mapping[str, Any], mark: State) -> Iterator[Page]:
    """A list by id, from `mark` on, which is kept up to date.

    `mark` has the `offset` of the next page and, once a page was read, `last`, the highest id so
    far, and `began`, when the walk did by the shop's clock. A walk that has ended goes on from its
    last row.
    """
    while True:
        params = {**asked, "orderby": "id", "order": "asc", "per_page": PAGE}
        call = api.pages(
            f"{PATH}/{path}",
            SinglePagePaginator(),
            data="$",
            params={**params, "offset": mark["offset"]},
        )
        page = next(iter(call))
        total, now = _told(api, path, page)
        rows = page.documents
        if mark["offset"] and not (rows and rows[0]["id"] <= mark["last"]):
            mark["offset"] = max(0, mark["offset"] - PAGE // 2)
            continue
        is_last = mark["offset"] + PAGE >= total
        mark["offset"] = max(0, total - 1) if is_last else mark["offset"] + PAGE - 1
        mark["last"] = max([row["id"] for row in rows] + [mark.get("last", 0)])
        mark.setdefault("began", now)
        yield Page(rows, page.answer, is_last=is_last)
        if is_last:
            return


def _told(api: Api, path: str, page: Page) -> tuple[int, str]:
    """How many rows the list has, and what time it is there."""
    headers = page.answer.headers if page.answer is not None else {}
    try:
        now = parsedate_to_datetime(headers["Date"])
        return int(headers["X-WP-Total"]), now.astimezone(UTC).isoformat()
    except (KeyError, ValueError) as error:
        raise IngestError(
            f"source {api.spec.name}: {api.spec.url}/{PATH}/{path} does not answer as WooCommerce"
            f" does ({error!r} of its headers). Check `url`, and that the shop has pretty"
            " permalinks."
        ) from error


def _changed(path: str, walks: tuple[str, ...]) -> Reader:
    """Rows by their last change, a walk for each of these statuses."""

    def read(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        marks = state.setdefault("marks", {})
        unread: list[str] = state.setdefault("unread", [])
        unread += [] if unread else walks
        while unread:
            status = unread[0]
            mark: State = marks.setdefault(status, {})
            if "walk" not in mark:
                start = api.spec.start_at if path == "orders" else None
                mark["walk"] = {"since": _since(start, mark.get("began")), "offset": 0}
            walk = mark["walk"]
            asked = {"status": status}
            if walk["since"]:
                asked |= {"modified_after": walk["since"], "dates_are_gmt": "true"}
            for page in _walk(api, path, asked, walk):
                if page.is_last:
                    mark["began"] = mark.pop("walk")["began"]
                    unread.pop(0)
                yield Page(page.documents, page.answer, is_last=page.is_last and not unread)

    return read


def _since(start: datetime | None, began: str | None) -> str | None:
    """From where on to ask, in UTC without saying so; None for all there is."""
    bounds = [datetime.fromisoformat(began) - OVERLAP] if began else []
    bounds += [start.astimezone(UTC)] if start else []
    return f"{max(bounds) - EDGE:%Y-%m-%dT%H:%M:%S}" if bounds else None


def _customers(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    yield from _walk(api, "customers", ALL_ROLES, state.setdefault("walk", {"offset": 0}))


def _refunds(api: Api, orders: list[Document]) -> Iterator[list[Document]]:
    """Those of a page of orders together. An order may be gone since it was listed."""
    found: list[Document] = []
    for order in orders:
        if not order.get("refunds"):
            continue
        try:
            for page in _walk(api, f"orders/{order['id']}/refunds", {}, {"offset": 0}):
                found += page.documents
        except RefusedError as refusal:
            cause = refusal.__cause__
            answer = cause.response if isinstance(cause, HTTPError) else None
            if answer is None or answer.status_code != GONE:
                raise
    yield found


def _ids(path: str, *lists: Mapping[str, str]) -> Ids:
    """All ids of these lists."""

    def read(api: Api, run: SourceRun) -> Iterator[list[str]]:
        for asked in lists:
            for page in _walk(api, path, {**asked, "_fields": "id"}, {"offset": 0}):
                yield [str(row["id"]) for row in page.documents]

    return read


STREAMS = (
    Stream(
        "orders",
        _changed("orders", ORDER_WALKS),
        children={"refunds": (_refunds, own_id)},
        ids=_ids("orders", *({"status": status} for status in ORDER_WALKS)),
    ),
    Stream("customers", _customers, ids=_ids("customers", ALL_ROLES)),
    Stream("products", _changed("products", ("any",)), is_optional=True),
)
VENDOR = Vendor(STREAMS, connect, address="", secrets=(("consumer_key", "consumer_secret"),))
