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

Exports withhold the last minute: the tickets that were updated in it come from their list, and
their audits into a table of their own, `ticket_audits` (zendesk_newest.py). Where an account does
not offer the export of events, each changed ticket's audits are read into it instead. Limits: ten
calls of an export a minute, told by rate headers. Deletions come with the export, as tickets of
status `deleted`.

Reference: developer.zendesk.com, Incremental Exports; Tickets; Ticket Audits; Satisfaction Ratings;
CSAT Survey Responses.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from dlt.sources.helpers.rest_client.auth import BearerTokenAuth, HttpBasicAuth
from requests.auth import AuthBase

from ingestion import zendesk_newest, zendesk_surveys
from ingestion.api import Api, ApiSpec, Page, RefusedError
from ingestion.run import SourceRun
from ingestion.streams import Reader, State, Stream, Vendor
from ingestion.zendesk_pages import ExportPaginator, ListPaginator

PAGE = 1_000
LIST_PAGE = 100
FEW = 50
"""Tickets whose audits are read together: a call each, and lost together if the sync is killed."""
EVENT_OVERLAP = timedelta(minutes=1)
LATE_RATINGS = timedelta(days=30)
"""How long after it was asked for a rating may still change."""


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
        run.sync.handed["exported_to"] = state["end_time"]
        yield page


def _tickets(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    for page in _export("tickets")(api, state, run):
        yield zendesk_newest.noted(page, state)
    yield from zendesk_newest.tickets(api, state, run)


def _audits(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    """Audits of each changed ticket where the account does not export them, else of the newest
    alone. Those of a deleted ticket are gone with it.
    """
    if "ticket_events" in run.sync.refused:
        for tickets in _export("tickets", FEW)(api, state, run):
            by_ticket = (zendesk_newest.audits_of(api, row["id"]) for row in tickets.documents)
            yield Page([*chain.from_iterable(by_ticket)], is_last=tickets.is_last)
    yield from zendesk_newest.audits(api, state, run, run.sync.handed.get("exported_to", 0))


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
    yield from zendesk_newest.users(run)


def _epoch(spec: ApiSpec) -> int:
    return int(spec.start_at.timestamp()) if spec.start_at else 0


STREAMS = (
    Stream("tickets", _tickets),
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
