"""How Zendesk's answers lead on to the next page: of an export, and of a list.

Both name the address that goes on. Its query is followed, at our own address: whoever answers
cannot send the credentials elsewhere.
"""

from abc import abstractmethod
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response

from ingestion.errors import IngestError


class ZendeskPaginator(BasePaginator):
    """Goes on with the query of the address that an answer names."""

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
