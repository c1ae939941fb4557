"""Sources of kind `zendesk`: the incremental exports of Zendesk Support.

- `tickets` (incremental/tickets/cursor), a row a ticket. The export's own cursor, which follows
  `generated_timestamp`: `updated_at` misses what the system changes.
- `ticket_events` (incremental/ticket_events with comments), a row an audit. `end_time`, read again
  from a minute before.
- `users` (incremental/users/cursor, else the list), a row a user.
- `satisfaction_ratings`, a row a rating. Creation, read again for 30 days since they change late.
- `survey_responses` and `surveys` (guide/...), where the account has Zendesk's current surveys and
  the token an admin's rights: what is open for edits, in each version that is seen.
- `groups`, `ticket_fields`: lists without a cursor, read whole.

Where an account does not offer the export of events, each changed ticket's audits are read instead
(table `ticket_audits`). Limits: ten calls of an export a minute, told by rate headers. Deletions
come with the export, as tickets of status `deleted`; rows of the last minute are withheld by
Zendesk and come with the next sync.

Reference: developer.zendesk.com, Incremental Exports; Ticket Audits; Satisfaction Ratings; CSAT
Survey Responses.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from dlt.sources.helpers.rest_client.auth import BearerTokenAuth, HttpBasicAuth
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response
from requests.auth import AuthBase
from requests.exceptions import HTTPError

from ingestion import zendesk_surveys
from ingestion.api import Api, ApiSpec, Page, RefusedError
from ingestion.documents import Document
from ingestion.errors import IngestError
from ingestion.run import SourceRun
from ingestion.streams import Reader, State, Stream, Vendor

PAGE = 1_000
LIST_PAGE = 100
FEW = 50
"""Tickets whose audits are read together: a call each, and lost together if the sync is killed."""
EVENT_OVERLAP = timedelta(minutes=1)
LATE_RATINGS = timedelta(days=30)
"""How long after it was asked for a rating may still change."""


class ZendeskPaginator(BasePaginator):
    """Goes on with the query of the address that an answer names, at our own address: whoever
    answers cannot send the credentials elsewhere.
    """

    def __init__(self) -> None:
        super().__init__()
        self._query: dict[str, str] = {}

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        follow = self.next_address(response.json())
        before, self._query = self._query, dict(parse_qsl(urlsplit(follow or "").query))
        self._has_next_page = bool(follow)
        if follow and self._query == before:
            raise IngestError(
                f"zendesk: {response.url.partition('?')[0]} names the page that it has just given"
                " as the next one. Check `url`; if it is Zendesk, tell its support."
            )

    def update_request(self, request: Request) -> None:
        request.params = self._query

    @abstractmethod
    def next_address(self, body: dict[str, Any]) -> str | None: ...


class ExportPaginator(ZendeskPaginator):
    """Follows an incremental export until it says that its stream ends."""

    def next_address(self, body: dict[str, Any]) -> str | None:
        follow = body.get("after_url") or body.get("next_page")
        return None if body.get("end_of_stream", not follow) else follow


class ListPaginator(ZendeskPaginator):
    """Follows a list by cursor, or by page where the endpoint knows no cursor."""

    def next_address(self, body: dict[str, Any]) -> str | None:
        if "meta" in body:
            has_more = body["meta"].get("has_more")
            return (body.get("links") or {}).get("next") if has_more else None
        return body.get("next_page")


def pause_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until the budget is renewed, where the last call has used it up."""
    left = headers.get("ratelimit-remaining") or headers.get("x-rate-limit-remaining")
    if left is None or int(left) > 0:
        return None
    return float(headers.get("ratelimit-reset") or headers.get("rate-limit-reset") or 60)


def connect(spec: ApiSpec) -> Api:
    if "oauth_token" in spec.secrets:
        auth: AuthBase = BearerTokenAuth(spec.secrets["oauth_token"])
    else:
        auth = HttpBasicAuth(f"{spec.secrets['email']}/token", spec.secrets["api_token"])
    return Api(spec, auth, pause_s=pause_s)


def _export(table: str, size: int = PAGE) -> Reader:
    """An export with a cursor of its own."""

    def read(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        params: dict[str, Any] = {"per_page": size}
        if "cursor" in state:
            params["cursor"] = state["cursor"]
        else:
            params["start_time"] = _epoch(api.spec)
        path = f"api/v2/incremental/{table}/cursor.json"
        for page in api.pages(path, ExportPaginator(), data=table, params=params):
            state["cursor"] = page.body("after_cursor") or state.get("cursor")
            yield page

    return read


def _events(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    """Each audit with the changes and the comment that it made."""
    overlap = int(EVENT_OVERLAP.total_seconds()) if run.sync.passes == 1 else 0
    start = max(state.get("end_time", 0) - overlap, _epoch(api.spec))
    params = {"start_time": start, "include": "comment_events"}
    path = "api/v2/incremental/ticket_events.json"
    for page in api.pages(path, ExportPaginator(), data="ticket_events", params=params):
        state["end_time"] = page.body("end_time") or state.get("end_time", 0)
        yield page


def _audits(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    """Audits of each changed ticket; only where the account does not export them. Those of a
    deleted ticket are gone with it.
    """
    if "ticket_events" not in run.sync.refused:
        return
    for tickets in _export("tickets", FEW)(api, state, run):
        audits: list[Document] = []
        for ticket in tickets.documents:
            path = f"api/v2/tickets/{ticket['id']}/audits.json"
            params = {"page[size]": LIST_PAGE}
            try:
                for page in api.pages(path, ListPaginator(), data="audits", params=params):
                    audits += page.documents
            except RefusedError as refused:
                if not _is_gone(refused):
                    raise
        yield Page(audits, is_last=tickets.is_last)


def _is_gone(refused: RefusedError) -> bool:
    cause = refused.__cause__
    answer = cause.response if isinstance(cause, HTTPError) else None
    return answer is not None and answer.status_code == 404


def _ratings(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    newest = state.get("created_at")
    start = _epoch(api.spec)
    if newest:
        late = datetime.fromisoformat(newest) - LATE_RATINGS
        start = max(start, int(late.timestamp()))
    params = {"start_time": start, "page[size]": LIST_PAGE}
    path = "api/v2/satisfaction_ratings.json"
    for page in api.pages(path, ListPaginator(), data="satisfaction_ratings", params=params):
        made = [document["created_at"] for document in page.documents]
        state["created_at"] = max([*made, state.get("created_at") or ""]) or None
        yield page


def _list(table: str) -> Reader:
    def read(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        params = {"page[size]": LIST_PAGE}
        yield from api.pages(f"api/v2/{table}.json", ListPaginator(), data=table, params=params)

    return read


def _users(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    """Without them nobody could tell who is an agent: an account that shows none is an error."""
    try:
        yield from _export("users")(api, state, run)
    except RefusedError:
        yield from _list("users")(api, state, run)


def _epoch(spec: ApiSpec) -> int:
    return int(spec.start_at.timestamp()) if spec.start_at else 0


STREAMS = (
    Stream("tickets", _export("tickets")),
    Stream("ticket_events", _events, is_optional=True),
    Stream("ticket_audits", _audits),
    Stream("users", _users),
    Stream("satisfaction_ratings", _ratings, is_optional=True, can_pause=False),
    Stream("survey_responses", zendesk_surveys.responses, is_optional=True, can_pause=False),
    Stream(
        "surveys",
        zendesk_surveys.surveys,
        zendesk_surveys.version_key,
        is_whole=True,
        is_optional=True,
    ),
    Stream("groups", _list("groups"), is_whole=True, is_optional=True),
    Stream("ticket_fields", _list("ticket_fields"), is_whole=True, is_optional=True),
)
VENDOR = Vendor(
    STREAMS,
    connect,
    address="https://{subdomain}.zendesk.com",
    secrets=(("oauth_token",), ("email", "api_token")),
)
