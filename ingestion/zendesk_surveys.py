"""Zendesk's current satisfaction surveys: responses, and the surveys that say what they rate on.

A response is made when its survey is offered, and stays editable until it expires, 28 days later;
the list knows when it was made, not when it was changed. So it is asked for all that may still have
been edited when the newest answer known was given: what is open for edits, however long the account
has been rated. The export of events names no response, so it is of no help here.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response

from ingestion.api import Api, Page
from ingestion.documents import Document
from ingestion.errors import IngestError
from ingestion.run import SourceRun
from ingestion.streams import State

PAGE = 50
"""More than this is refused."""
EDITABLE = timedelta(days=30)
MILLISECOND = timedelta(milliseconds=1)
BEFORE_ALL = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
LOCALE = "en-us"
"""Of the texts of a survey, which no model reads."""


class AfterPaginator(BasePaginator):
    """Goes on behind the cursor of the last page; these lists give no links."""

    def __init__(self) -> None:
        super().__init__()
        self._after: str | None = None

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        meta = response.json().get("meta") or {}
        before, self._after = self._after, meta.get("after_cursor")
        self._has_next_page = bool(meta.get("has_more") and self._after)
        if self._has_next_page and self._after == before:
            raise IngestError(
                f"zendesk: {response.url.partition('?')[0]} names the page that it has just given"
                " as the next one. Check `url`; if it is Zendesk, tell its support."
            )

    def update_request(self, request: Request) -> None:
        request.params = cast(State, request.params) | {"page[after]": self._after}


def responses(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    """Answered or not, first offered first; for admins only."""
    params: dict[str, Any] = {"page[size]": PAGE, "sort": "id"}
    if "answered_at" in state:
        since = datetime.fromisoformat(state["answered_at"]) - EDITABLE
        start = max(since, api.spec.start_at or since)
    else:
        start = api.spec.start_at or BEFORE_ALL
    if start > BEFORE_ALL:
        params["filter[created_at_start]"] = (start - BEFORE_ALL) // MILLISECOND
    path = "api/v2/guide/survey_responses"
    for page in api.pages(path, AfterPaginator(), data="survey_responses", params=params):
        given = [answer["updated_at"] for row in page.documents for answer in row["answers"]]
        newest = max([*given, state.get("answered_at", "")], default="")
        if newest:
            state["answered_at"] = newest
        yield page


def surveys(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    params = {"page[size]": PAGE}
    path = f"api/v2/guide/{LOCALE}/surveys"
    yield from api.pages(path, AfterPaginator(), data="surveys", params=params)


def version_key(survey: Document) -> str | None:
    """A response names the version that it answers, and the list has the newest alone."""
    return f"{survey['id']}|{survey.get('version')}" if "id" in survey else None
