"""Sources of kind `gorgias`: the lists of the Gorgias REST API, newest first.

- `tickets`, a row a ticket, by `updated_datetime`. Trashed ones and spam are among them.
- `messages`, a row a message, by `created_datetime`, read again for 48 hours; and all messages of
  tickets that changed, since texts, `sent_datetime` and, by a merge, `ticket_id` change later.
- `events`, a row an event of the account's log, by `created_datetime`, 5 minutes again.
- `satisfaction_surveys`, by `created_datetime`, 30 days again: scores arrive days later.
- `customers`, by `updated_datetime`.
- `users`, `teams`, `tags`, `custom_fields`: read whole. Events name tags by id alone.

A list that begins with the newest is known to its end only when the walk along it has come back to
where the last one began. The state therefore holds how far an unfinished walk is (`walk`), and its
cursor (`newest`) moves when that is done. Limits: 40 calls in 20 seconds, told by rate headers.
Merged tickets and those deleted for good are no longer listed; a weekly sweep of ids finds them.

Gorgias cannot say: pending and on hold (a ticket is open, closed or snoozed), why the AI handed
over, when a category or priority changed, time spent, and which customers are staff or tests.

Reference: developers.gorgias.com, Tickets; Messages; Events; Satisfaction surveys; Rate limits.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator
from requests.auth import HTTPBasicAuth

from ingestion.api import Api, ApiSpec, Page
from ingestion.documents import Document
from ingestion.errors import IngestError
from ingestion.run import SourceRun
from ingestion.streams import Reader, State, Stream, Vendor

PAGE = 100
WINDOW_S = 20.0
"""How long to wait with a spent budget where the answer does not say."""
NONE = timedelta(0)
LATE_MESSAGES = timedelta(hours=48)
LATE_EVENTS = timedelta(minutes=5)
LATE_SCORES = timedelta(days=30)
OLDER_ENDS = 2
"""Documents from before the cursor that end a walk: a single one may be a page's echo."""


def connect(spec: ApiSpec) -> Api:
    return Api(spec, HTTPBasicAuth(spec.secrets["email"], spec.secrets["api_key"]), pause_s=pause_s)


def pause_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until there is room for a call, where the last one has used up the budget."""
    used, _, limit = headers.get("X-Gorgias-Account-Api-Call-Limit", "").partition("/")
    if not used.isdigit() or not limit.isdigit() or int(used) < int(limit):
        return None
    return float(headers.get("Retry-After") or WINDOW_S)


def _pages(
    api: Api, path: str, params: Mapping[str, Any], cursor: str | None = None
) -> Iterator[Page]:
    paginator = JSONResponseCursorPaginator(cursor_path="meta.next_cursor", cursor_param="cursor")
    asked = {"limit": PAGE, **params, **({"cursor": cursor} if cursor else {})}
    for page in api.pages(f"api/{path}", paginator, data="data", params=asked):
        before, cursor = cursor, _onward(page)
        if cursor and cursor == before:
            raise IngestError(
                f"source {api.spec.name}: {api.spec.url}/api/{path} names the page that it has"
                " just given as the next one. Check `url`; if it is Gorgias, tell its support."
            )
        yield page


def _onward(page: Page) -> str | None:
    """The cursor of the next page."""
    onward: str | None = (page.body("meta") or {}).get("next_cursor")
    return onward


def _walk(
    api: Api,
    state: State,
    run: SourceRun,
    path: str,
    stamp: str,
    again: timedelta = NONE,
    is_filtered: bool = False,
) -> Iterator[Page]:
    """A list from its newest document down to what earlier walks have read, `again` included.

    `is_filtered`: the list takes the oldest `stamp` to give as a filter.
    """
    goes_on = True
    while goes_on:
        walk = state.get("walk") or _begun(api, state, run, again)
        goes_on = walk["began"] != run.now.isoformat()  # what came since has not been seen
        until = _instant(walk["until"])
        params = {"order_by": f"{stamp}:desc"}
        if is_filtered and walk["until"]:
            params[f"{stamp}[gte]"] = walk["until"]
        for page in _pages(api, path, params, walk["cursor"]):
            stamps = [at for each in page.documents if (at := _instant(each.get(stamp)))]
            newest = max((at for at in (*stamps, _instant(walk["newest"])) if at), default=None)
            older = sum(at < until for at in stamps) if until else 0
            walk = {**walk, "cursor": _onward(page), "newest": newest and newest.isoformat()}
            if page.is_last or older >= OLDER_ENDS:
                state.pop("walk", None)
                state["newest"] = walk["newest"]
                yield Page(page.documents, page.answer, is_last=not goes_on)
                break
            state["walk"] = walk
            yield page


def _begun(api: Api, state: State, run: SourceRun, again: timedelta) -> State:
    newest = _instant(state.get("newest"))
    bounds = [newest - again] if newest else []
    if api.spec.start_at:
        bounds.append(api.spec.start_at)
    until = max(bounds).isoformat() if bounds else None
    return {
        "began": run.now.isoformat(),
        "until": until,
        "newest": state.get("newest"),
        "cursor": None,
    }


def _list(path: str, stamp: str, again: timedelta = NONE, is_filtered: bool = False) -> Reader:
    def read(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        yield from _walk(api, state, run, path, stamp, again, is_filtered)

    return read


def _messages(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    """New messages, then those of each ticket that changed and is older than what was just read."""
    lists, tickets = state.setdefault("list", {}), state.setdefault("tickets", {})
    if "newest" not in tickets:
        # The first walk reads every message; tickets that change from here on are read again.
        newest = next(_pages(api, "tickets", {"order_by": "updated_datetime:desc", "limit": 1}))
        stamps = [each["updated_datetime"] for each in newest.documents]
        tickets["newest"] = max(stamps, default=None)
    if lists.get("done") != run.now.isoformat():
        since = _instant(lists.get("newest"))
        lists["since"] = (since - LATE_MESSAGES).isoformat() if since else None
        tickets["since"] = tickets["newest"]
        for page in _walk(api, lists, run, "messages", "created_datetime", LATE_MESSAGES):
            if page.is_last:
                lists["done"] = run.now.isoformat()
            yield Page(page.documents, page.answer)
    if lists["since"] is None:
        yield Page([], is_last=True)
        return
    for page in _walk(api, tickets, run, "tickets", "updated_datetime"):
        found: list[Document] = []
        for ticket in page.documents:
            if _is_since(ticket["updated_datetime"], tickets["since"]) and not _is_since(
                ticket["created_datetime"], lists["since"]
            ):
                for part in _pages(api, "messages", {"ticket_id": ticket["id"]}):
                    found += part.documents
        yield Page(found, is_last=page.is_last)


def _is_since(stamp: str, bound: str | None) -> bool:
    at, since = _instant(stamp), _instant(bound)
    return at is None or since is None or at >= since


def _whole(path: str, **params: str) -> Reader:
    def read(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        yield from _pages(api, path, params)

    return read


def _ticket_ids(api: Api, run: SourceRun) -> Iterator[Iterable[str]]:
    """Oldest first, so that a ticket that changes meanwhile keeps its place."""
    for page in _pages(api, "tickets", {"order_by": "created_datetime:asc"}):
        yield [str(ticket["id"]) for ticket in page.documents]


def _instant(text: str | None) -> datetime | None:
    """Instants without an offset are UTC."""
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


STREAMS = (
    Stream("tickets", _list("tickets", "updated_datetime"), ids=_ticket_ids),
    Stream("messages", _messages),
    Stream("events", _list("events", "created_datetime", LATE_EVENTS, is_filtered=True)),
    Stream(
        "satisfaction_surveys",
        _list("satisfaction-surveys", "created_datetime", LATE_SCORES),
        is_optional=True,
    ),
    Stream("customers", _list("customers", "updated_datetime")),
    Stream("users", _whole("users"), is_whole=True),
    Stream("teams", _whole("teams"), is_whole=True, is_optional=True),
    Stream("tags", _whole("tags"), is_whole=True),
    Stream(
        "custom_fields",
        _whole("custom-fields", object_type="Ticket"),
        is_whole=True,
        is_optional=True,
    ),
)
VENDOR = Vendor(
    STREAMS, connect, address="https://{subdomain}.gorgias.com", secrets=(("email", "api_key"),)
)
