"""What every API source shares: its settings, how it is called, and how long a sync may last.

Calls go through dlt's REST client, which retries with back-off and honours Retry-After. What is
added here is what a vendor's rate headers ask for, and answers that were cut short on their way.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from dlt.sources.helpers.requests import Client
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Response
from requests.auth import AuthBase
from requests.exceptions import HTTPError, RequestException

from ingestion.errors import IngestError, UnavailableError

CHUNK = 1 << 18
PARTIAL = 206
# Answers of a server that has too much to do, or is not well.
PASSING = (408, 425, 429, *range(500, 600))
# An answer that says: not for you, or not here. What is optional is then left out, audibly.
REFUSED = (401, 403, 404, 410)

# Seconds to wait before the next call, by an answer's headers; None where they say nothing.
RateReader = Callable[[Mapping[str, str]], float | None]


@dataclass(frozen=True)
class Patience:
    """How long a call waits for its answer, how often it is made, and the longest pause between."""

    timeout_s: float = 60
    attempts: int = 6
    pause_s: float = 300


@dataclass(frozen=True)
class ApiSpec:
    """One API source: `url` without a slash at its end; nothing before `start_at` is asked for."""

    name: str
    kind: str
    url: str
    start_at: datetime | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    patience: Patience = Patience()


class Api:
    """A vendor's API: pages of JSON documents, one call after the other."""

    def __init__(
        self,
        spec: ApiSpec,
        auth: AuthBase | None = None,
        headers: Mapping[str, str] | None = None,
        pause_s: RateReader = lambda headers: None,
    ) -> None:
        self.spec = spec
        session = Client(
            request_timeout=spec.patience.timeout_s,
            raise_for_status=False,
            request_max_attempts=spec.patience.attempts,
            # Pauses double from here on; clients that were shut out together come back apart.
            request_backoff_factor=random.uniform(0.75, 1.25),
            request_max_retry_delay=spec.patience.pause_s,
            retry_condition=_is_cut_short,
        ).session

        self._pause_s = pause_s
        self._client = RESTClient(spec.url, headers=dict(headers or {}), auth=auth, session=session)

    def beginning(self, start: datetime) -> "Api":
        """The same connection, for what changed from `start` on."""
        later = copy(self)
        first = self.spec.start_at
        later.spec = replace(self.spec, start_at=max(start, first) if first else start)
        return later

    def pages(
        self,
        path: str,
        paginator: BasePaginator,
        *,
        data: str,
        params: Mapping[str, Any] | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> Iterator["Page"]:
        """Every page from here on; `data` is the JSON path of its documents.

        Raises IngestError where the vendor cannot be reached or refuses the call.
        """
        try:
            for page in self._client.paginate(
                path,
                method="POST" if json is not None else "GET",
                params=dict(params or {}),
                json=dict(json) if json is not None else None,
                paginator=paginator,
                data_selector=data,
            ):
                self._slow_down(page.response)
                yield Page(list(page), page.response, is_last=not paginator.has_next_page)
        except RequestException as error:
            raise self._explained(error, path) from error

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """One answer's JSON. Raises IngestError as `pages` does."""
        try:
            answer = self._client.get(path, params=dict(params or {}))
            answer.raise_for_status()
            self._slow_down(answer)
            return orjson.loads(answer.content)
        except RequestException as error:
            raise self._explained(error, path) from error

    def post(self, path: str, json: Mapping[str, Any]) -> Any:
        """The JSON that a question in JSON is answered with; it may be asked more than once.

        Raises IngestError as `pages` does.
        """
        try:
            answer = self._client.post(path, json=dict(json))
            answer.raise_for_status()
            self._slow_down(answer)
            return orjson.loads(answer.content)
        except RequestException as error:
            raise self._explained(error, path) from error

    def lines(self, url: str, at: int, size: int) -> Iterator[tuple[bytes, int]]:
        """Lines of a file at an address of its own, from byte `at` on to its `size`, each with the
        byte behind it. What breaks off goes on from there; no credentials are sent.

        Raises IngestError where it cannot be read to its end.
        """
        patience = self.spec.patience
        files = Client(
            request_timeout=patience.timeout_s,
            raise_for_status=False,
            request_max_attempts=patience.attempts,
        ).session
        told = ""
        for _ in range(patience.attempts):
            asking = {"Range": f"bytes={at}-", "Accept-Encoding": "identity"}
            try:
                with files.get(url, headers=asking, stream=True) as answer:
                    answer.raise_for_status()
                    ahead = 0 if answer.status_code == PARTIAL else at
                    rest = b""
                    for chunk in answer.iter_content(CHUNK):
                        skipped = min(ahead, len(chunk))
                        ahead -= skipped
                        *whole, rest = (rest + chunk[skipped:]).split(b"\n")
                        for line in whole:
                            at += len(line) + 1
                            yield line, at
                told = "it breaks off"
                if at + len(rest) >= size:
                    if rest:
                        yield rest, size
                    return
            except RequestException as error:
                status = error.response.status_code if error.response is not None else None
                told = str(status or type(error).__name__)
        address = url.partition("?")[0]
        raise UnavailableError(f"source {self.spec.name}: {address} cannot be read ({told}).")

    def _slow_down(self, answer: Response) -> None:
        """Not a hook of the session: those of a call, which raise for a status, replace it."""
        time.sleep(min(self._pause_s(answer.headers) or 0, self.spec.patience.pause_s))

    def _explained(self, error: RequestException, path: str) -> IngestError:
        answer = error.response if isinstance(error, HTTPError) else None
        where = f"source {self.spec.name}: {self.spec.url}/{path.lstrip('/')}"
        if answer is None:
            return UnavailableError(
                f"{where} cannot be reached ({type(error).__name__}). Check `url` and the network;"
                " what was loaded before stays."
            )
        if answer.status_code in (401, 403):
            return RefusedError(
                f"{where} refuses the credentials ({answer.status_code}). Check"
                f" SOURCES__{self.spec.name.upper()}__… and what they may read."
            )
        if answer.status_code in REFUSED:
            return RefusedError(f"{where} is not there ({answer.status_code}). Check `url`.")
        kind = UnavailableError if answer.status_code in PASSING else IngestError
        return kind(
            f"{where} answers {answer.status_code} after {self.spec.patience.attempts} tries."
            " The next sync goes on from where this one was."
        )


class RefusedError(IngestError):
    """A call that the vendor answers with: not for you, or not here."""


@dataclass(frozen=True)
class Page:
    """Documents of one answer, and the answer; whether no other page follows."""

    documents: list[dict[str, Any]]
    answer: Response | None = None
    is_last: bool = False

    def body(self, key: str) -> Any:
        """A field beside the documents; None where it is not there."""
        return orjson.loads(self.answer.content).get(key) if self.answer is not None else None


def _is_cut_short(answer: Response | None, error: BaseException | None) -> bool:
    """A JSON answer that ends in the middle although its status says that all is well."""
    if answer is None or not answer.ok:
        return False
    if "json" not in answer.headers.get("Content-Type", ""):
        return False
    try:
        orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return True
    return False
