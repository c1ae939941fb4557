"""Sources of kind `intercom`: conversations of an Intercom workspace, with all their parts.

- `conversations` (search by `updated_at`), a row a conversation as the search lists it. It tells
  which have changed; each of those is then read whole into `conversation_details`, with its parts
  (Intercom gives the newest 500). Read again from two days before.
- `deleted_conversations`, a row a conversation that is gone; read whole, since its order is not
  that of deletion.
- `contacts` (search by `updated_at`, which Intercom compares by whole days), a row a contact. What
  a merge has swallowed vanishes from the search, so all ids are asked for once a week.
- `admins`, `teams`: lists, read whole.

A search gives the last updated first. Its bound moves only when a walk has reached its end, so one
that was cut short begins again: what it knows already costs no call but that of the list.

Workspaces in Europe or Australia have an address of their own: `url`. Limits: 10,000 calls a
minute, dealt out in windows of ten seconds and told by rate headers.

What Intercom cannot say: pending and on hold (both are open), a category without an attribute for
it, brands, automatic replies of customers, thanks, drafts that an AI wrote for a human, when a tag
was taken off, and what its AI agent came to in an earlier episode, since only the last is kept.

Reference: developers.intercom.com, REST API 2.16: Conversations, Contacts, Admins, Teams.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from dlt.sources.helpers.rest_client.paginators import (
    BasePaginator,
    JSONResponseCursorPaginator,
    PageNumberPaginator,
    SinglePagePaginator,
)
from requests.exceptions import HTTPError

from ingestion.api import Api, ApiSpec, Page, RefusedError
from ingestion.documents import Document
from ingestion.errors import IngestError
from ingestion.run import SourceRun
from ingestion.streams import Reader, State, Stream, Vendor, own_id

VERSION = "2.16"
PAGE = 150
FEW = 50
"""Conversations that are listed together: a call each, and lost together if the sync is killed."""
DELETED_PAGE = 60
OVERLAP = timedelta(days=2)
NEXT = "pages.next.starting_after"


def pause_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until the window's end, where the last call has used it up."""
    left, reset = headers.get("x-ratelimit-remaining"), headers.get("x-ratelimit-reset")
    if left is None or int(left) > 0:
        return None
    return max(0.0, float(reset) - time.time()) if reset else 10.0


def connect(spec: ApiSpec) -> Api:
    headers = {"Intercom-Version": VERSION, "Accept": "application/json"}
    return Api(spec, BearerTokenAuth(spec.secrets["access_token"]), headers, pause_s)


def search(path: str, data: str, size: int) -> Reader:
    """A search of what was updated since the last walk ended, less the overlap."""

    def read(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        if state.get("walk") != run.now.isoformat():
            overlap = int(OVERLAP.total_seconds())
            since = max(state.get("updated_at", 0) - overlap, _epoch(api.spec))
            state.update(walk=run.now.isoformat(), since=since, after=None, newest=0)
        pagination: dict[str, Any] = {"per_page": size}
        if state["after"]:
            pagination["starting_after"] = state["after"]
        query = {"field": "updated_at", "operator": ">", "value": state["since"]}
        paginator = JSONResponseCursorPaginator(NEXT, cursor_body_path="pagination.starting_after")
        asked = {"query": query, "pagination": pagination}
        for page in api.pages(path, paginator, data=data, json=asked):
            stamps = [document.get("updated_at") or 0 for document in page.documents]
            state["newest"] = max([state["newest"], *stamps])
            state["after"] = _onward(api, path, page, state["after"])
            if page.is_last:
                state["updated_at"] = max(state["newest"], state.get("updated_at", 0))
            yield page

    return read


def _onward(api: Api, path: str, page: Page, before: str | None) -> str | None:
    """The cursor of the next page; `before` is that of this one. Raises IngestError if they are
    the same, since there would be no end.
    """
    after: str | None = ((page.body("pages") or {}).get("next") or {}).get("starting_after")
    if after and after == before:
        raise IngestError(
            f"source {api.spec.name}: {api.spec.url}/{path} names the page that it has just given"
            " as the next one. Check `url`; if it is Intercom, tell its support."
        )
    return after


def _details(api: Api, conversations: list[Document]) -> Iterator[list[Document]]:
    """Each conversation with its parts; one that was deleted in between is left out."""
    for conversation in conversations:
        try:
            yield [api.get(f"conversations/{conversation['id']}")]
        except RefusedError as refused:
            cause = refused.__cause__
            answer = cause.response if isinstance(cause, HTTPError) else None
            if answer is None or answer.status_code != 404:
                raise


def _deleted(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    paginator = PageNumberPaginator(base_page=1, total_path="pages.total_pages")
    params = {"per_page": DELETED_PAGE, "order": "asc"}
    yield from api.pages("conversations/deleted", paginator, data="conversations", params=params)


def _contact_ids(api: Api, run: SourceRun) -> Iterator[list[str]]:
    paginator = JSONResponseCursorPaginator(NEXT, cursor_param="starting_after")
    after = None
    for page in api.pages("contacts", paginator, data="data", params={"per_page": PAGE}):
        after = _onward(api, "contacts", page, after)
        yield [str(contact["id"]) for contact in page.documents]


def _list(table: str) -> Reader:
    def read(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        paginator: BasePaginator = SinglePagePaginator()
        yield from api.pages(table, paginator, data=table)

    return read


def _epoch(spec: ApiSpec) -> int:
    return int(spec.start_at.timestamp()) if spec.start_at else 0


STREAMS = (
    Stream(
        "conversations",
        search("conversations/search", "conversations", FEW),
        children={"conversation_details": (_details, own_id)},
    ),
    Stream("deleted_conversations", _deleted, is_optional=True, can_pause=False),
    Stream("contacts", search("contacts/search", "data", PAGE), ids=_contact_ids),
    Stream("admins", _list("admins"), is_whole=True),
    Stream("teams", _list("teams"), is_whole=True, is_optional=True),
)
VENDOR = Vendor(STREAMS, connect, address="https://api.intercom.io", secrets=(("access_token",),))
