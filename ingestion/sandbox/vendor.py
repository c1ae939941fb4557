"""What a vendor's module hands to the app, and the gate every request of that vendor passes.

The gate does what vendors do in front of their own endpoints: it asks for credentials and counts
the calls of a window. Endpoints raise `HTTPException`, and what the client gets is worded in the
vendor's way, so a module only tells what differs.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from math import ceil
from typing import Any

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingestion.sandbox.clock import Clock
from ingestion.sandbox.world import World


@dataclass(frozen=True)
class Limit:
    """At most `calls` in a window of `per_s` seconds on the paths that `paths` is found in."""

    paths: str
    calls: int
    per_s: float


@dataclass(frozen=True)
class Vendor:
    """One vendor's API.

    `secret_of` takes a request's headers and returns the secret in them, None if credentials are
    missing or in the wrong form. `refusal` words the body of an answer that is an error: status and
    detail. `rate_headers` takes a limit, the calls left and the seconds until its window ends.
    Every one of `limits` that fits a path counts. Where `open_paths` is found in a path, neither
    credentials are asked for nor calls counted: signed addresses of files.
    """

    routes: Callable[[World, Clock], list[Route]]
    secret_of: Callable[[Headers], str | None]
    refusal: Callable[[int, str], object]
    limits: Sequence[Limit]
    rate_headers: Callable[[Limit, int, int], dict[str, str]]
    open_paths: str = "(?!)"


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; `orjson.Fragment`s in it are sent as they are."""
    return Response(orjson.dumps(body), status, headers, "application/json; charset=utf-8")


def refuse(vendor: Vendor, error: HTTPException) -> Response:
    """The error as the vendor words it."""
    return answer(vendor.refusal(error.status_code, error.detail), error.status_code, error.headers)


class Gate:
    """ASGI: credentials, limits, rate headers and the Date header of one vendor."""

    def __init__(
        self,
        app: ASGIApp,
        vendor: Vendor,
        clock: Clock,
        limits: Sequence[Limit],
        secret: str | None,
    ) -> None:
        self._app, self._vendor, self._clock = app, vendor, clock
        self._limits = [(limit, re.compile(limit.paths)) for limit in limits]
        self._secret, self._open_paths = secret, re.compile(vendor.open_paths)
        self._windows: dict[Limit, tuple[float, int]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[str, str] = {}

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                found.update({"Date": format_datetime(self._clock.now(), usegmt=True), **headers})
            await send(message)

        refused = None
        if not self._open_paths.search(scope["path"]):
            refused = self._unknown(Headers(scope=scope)) or self._counted(scope["path"], headers)
        if refused is None:
            await self._app(scope, receive, send_on)
        else:
            await refuse(self._vendor, refused)(scope, receive, send_on)

    def _unknown(self, headers: Headers) -> HTTPException | None:
        given = self._vendor.secret_of(headers)
        if given and (self._secret is None or given == self._secret):
            return None
        return HTTPException(401)

    def _counted(self, path: str, headers: dict[str, str]) -> HTTPException | None:
        """Count the call, fill in the rate headers; the refusal if a window is spent."""
        now = time.monotonic()
        refused = None
        for limit in (limit for limit, paths in self._limits if paths.search(path)):
            began, calls = self._windows.get(limit, (now, 0))
            if now - began >= limit.per_s:
                began, calls = now, 0
            left, reset_s = limit.calls - calls, ceil(began + limit.per_s - now)
            self._windows[limit] = (began, calls + 1 if left else calls)
            headers.update(self._vendor.rate_headers(limit, max(0, left - 1), reset_s))
            if not left:
                refused = HTTPException(429, headers={"Retry-After": str(reset_s)})
        return refused
