"""Sources of kind `freshdesk`: tickets by their last change, and what hangs on each of them.

- `tickets` (tickets with stats, requester and description), a row a ticket: three walks, of what is
  neither spam nor deleted, of spam, and of the deleted, each from its own last `updated_at`, with a
  minute read again. A walk asks each time from its last row's second on instead of for the next
  page: nothing slips through when rows move up, and page 300, the last that is given, is far.
- `conversations`, `time_entries`: read for each ticket that is new or changed. The opening message
  is the ticket's description and not among them.
- `satisfaction_ratings`, a row a rating. Creation, read again for 30 days since they change late.
- `contacts`, by their last change; in no order, so read to their end.
- `agents`, `groups`, `ticket_fields`: lists without a cursor, read whole.

There is no log of events: what happened to a ticket is told by its versions, which stay in the raw
table. What happens twice between two syncs is seen once; what `stats` tells is exact.

What Freshdesk cannot say: whether a message is thanks, empty or helped by an AI; when a survey was
sent; whom a survey was about; what is deleted for good from the trash before it was seen there. An
entry of time or a message that is removed stays, as does one changed without its ticket.

Limits: a budget of calls a minute, told by headers. Reference: developers.freshdesk.com/api.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from dlt.sources.helpers.rest_client.auth import HttpBasicAuth
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response
from requests.exceptions import HTTPError

from ingestion.api import Api, ApiSpec, Page
from ingestion.documents import Document
from ingestion.errors import IngestError
from ingestion.run import SourceRun
from ingestion.streams import Children, Reader, State, Stream, Vendor, own_id

PAGE = 100
WALKS = ("", "spam", "deleted")
OVERLAP = timedelta(minutes=1)
EDGE = timedelta(seconds=1)
"""`updated_since` may or may not include its own second."""
LATE_RATINGS = timedelta(days=30)
BUDGET_S = 60.0
BEFORE_FRESHDESK = datetime(2000, 1, 1, tzinfo=UTC)
"""Without a date, only tickets of the last 30 days are listed."""
FORBIDDEN, GONE = 403, (404, 405)


class PagePaginator(BasePaginator):
    """The next page by its number, as long as an answer links to one. The link itself is not
    followed: whoever answers cannot send the key elsewhere.
    """

    def __init__(self) -> None:
        super().__init__()
        self._page = 1

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        self._has_next_page = "next" in response.links
        self._page += 1

    def update_request(self, request: Request) -> None:
        request.params = cast(State, request.params) | {"page": self._page}


class SincePaginator(BasePaginator):
    """Walks along `updated_at`, and writes into `mark` how far it has come.

    `mark` holds `since` and `page`, which are asked for next, and `newest`, the last row's stamp.
    Pages are only turned while one second fills them.
    """

    def __init__(self, mark: State) -> None:
        super().__init__()
        self._mark = mark

    def init_request(self, request: Request) -> None:
        self.update_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        self._has_next_page = "next" in response.links
        if not data:
            return
        last = datetime.fromisoformat(data[-1]["updated_at"])
        newest = self._mark.get("newest")
        if newest is None or last > datetime.fromisoformat(newest):
            self._mark["newest"] = _text(last)
        if last - EDGE > datetime.fromisoformat(self._mark["since"]):
            self._mark |= {"since": _text(last - EDGE), "page": 1}
        else:
            self._mark["page"] += 1

    def update_request(self, request: Request) -> None:
        asked = {"updated_since": self._mark["since"], "page": self._mark["page"]}
        request.params = cast(State, request.params) | asked


def pause_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until the budget is renewed, where the last call has used it up."""
    left = headers.get("x-ratelimit-remaining")
    if left is None or int(left) > 0:
        return None
    return float(headers.get("retry-after") or BUDGET_S)


def connect(spec: ApiSpec) -> Api:
    return Api(spec, HttpBasicAuth(spec.secrets["api_key"], "X"), pause_s=pause_s)


def _tickets(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    """The walks that this sync has not come to the end of yet."""
    marks: dict[str, State] = state.setdefault("marks", {})
    if state.get("sync") != run.now.isoformat():
        state |= {"sync": run.now.isoformat(), "unread": [*WALKS]}
        for walk in WALKS:
            mark = marks.setdefault(walk, {})
            mark |= {"since": _since(api.spec, mark.get("newest"), OVERLAP), "page": 1}
    unread: list[str] = state["unread"]
    while unread:
        walk = unread[0]
        params: dict[str, Any] = {
            "order_by": "updated_at",
            "order_type": "asc",
            "include": "stats,requester,description",
            "per_page": PAGE,
        }
        if walk:
            params["filter"] = walk
        paginator = SincePaginator(marks[walk])
        for page in api.pages("api/v2/tickets", paginator, data="$", params=params):
            if page.is_last:
                unread.pop(0)
            yield Page(page.documents, page.answer, is_last=page.is_last and not unread)


def _of_tickets(part: str, left_out: tuple[int, ...]) -> tuple[Children, Callable[..., Any]]:
    """Documents below tickets, but for answers of the statuses `left_out`: a ticket may be gone
    since it was listed, or shut off in the trash. What the plan lacks is not asked for again with
    the next ticket.
    """

    def read(api: Api, tickets: list[Document]) -> Iterator[list[Document]]:
        for ticket in tickets:
            path, asked = f"api/v2/tickets/{ticket['id']}/{part}", {"per_page": PAGE}
            try:
                for page in api.pages(path, PagePaginator(), data="$", params=asked):
                    yield page.documents
            except IngestError as refusal:
                status = _status(refusal)
                if status not in left_out:
                    raise
                if status == FORBIDDEN:
                    return

    return read, own_id


def _status(refusal: IngestError) -> int | None:
    cause = refusal.__cause__
    answer = cause.response if isinstance(cause, HTTPError) else None
    return None if answer is None else answer.status_code


def _ratings(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    since = _since(api.spec, state.get("created_at"), LATE_RATINGS)
    yield from _unordered(
        api, state, "surveys/satisfaction_ratings", "created_at", {"created_since": since}
    )


def _contacts(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    since = _since(api.spec, state.get("updated_at"), OVERLAP)
    yield from _unordered(api, state, "contacts", "updated_at", {"_updated_since": since})


def _unordered(
    api: Api, state: State, path: str, stamp: str, params: Mapping[str, Any]
) -> Iterator[Page]:
    """A list of rows in any order, of which the state keeps the highest `stamp`."""
    asked = {**params, "per_page": PAGE}
    for page in api.pages(f"api/v2/{path}", PagePaginator(), data="$", params=asked):
        stamps = [datetime.fromisoformat(document[stamp]) for document in page.documents]
        if stamp in state:
            stamps.append(datetime.fromisoformat(state[stamp]))
        if stamps:
            state[stamp] = _text(max(stamps))
        yield page


def _list(table: str) -> Reader:
    def read(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        params = {"per_page": PAGE}
        yield from api.pages(f"api/v2/{table}", PagePaginator(), data="$", params=params)

    return read


def _since(spec: ApiSpec, newest: str | None, overlap: timedelta) -> str:
    """From where on to ask: `overlap` before the newest that is known, never before the start."""
    start = spec.start_at or BEFORE_FRESHDESK
    if newest is None:
        return _text(start)
    return _text(max(start, datetime.fromisoformat(newest) - overlap))


def _text(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


STREAMS = (
    Stream(
        "tickets",
        _tickets,
        children={
            "conversations": _of_tickets("conversations", GONE),
            "time_entries": _of_tickets("time_entries", (*GONE, FORBIDDEN)),
        },
    ),
    Stream("contacts", _contacts, can_pause=False),
    Stream("satisfaction_ratings", _ratings, is_optional=True, can_pause=False),
    Stream("agents", _list("agents"), is_whole=True),
    Stream("groups", _list("groups"), is_whole=True),
    Stream("ticket_fields", _list("ticket_fields"), is_whole=True, is_optional=True),
)
VENDOR = Vendor(
    STREAMS, connect, address="https://{subdomain}.freshdesk.com", secrets=(("api_key",),)
)
