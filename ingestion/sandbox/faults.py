"""Answers gone wrong on purpose: every way in which a real API lets a client down, seeded.

What goes wrong hangs on the seed, the URL and how often it was asked, never on timing, so that a
failing test fails again. A URL never fails three times in a row: who asks again gets through.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import orjson
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingestion.sandbox.clock import SKEW

STATUSES = {"429": 429, "500": 500, "502": 502}
KINDS = (*STATUSES, "slow", "short", "cut", "repeat", "shuffle", "skew")
"""`short`: fewer bytes than Content-Length says. `cut`: JSON that stops in the middle. `repeat`:
the previous page's last record comes first again. `skew`: the server's clock is off."""

Spoil = Callable[[bytes], tuple[bytes, int]]
IN_A_ROW = 2
MAX_SLOW_S, MAX_SKEW_S = 0.3, 2.0


@dataclass(frozen=True)
class Faults:
    """How often (0 to 1) an answer goes wrong, and in which of KINDS."""

    seed: int = 0
    rate: float = 0.2
    kinds: Sequence[str] = KINDS

    def __post_init__(self) -> None:
        if unknown := set(self.kinds) - set(KINDS):
            raise ValueError(f"faults: unknown kinds {sorted(unknown)}; there are {list(KINDS)}")


class FaultyAnswers:
    """ASGI: spoils some of the answers of the app behind it."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app, self._faults = app, faults
        self._asked: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._last: dict[tuple[str, frozenset[str]], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/sandbox/"):
            await self._app(scope, receive, send)
            return
        kind, dice = self._draw(scope)
        if kind in STATUSES:
            headers = {"Retry-After": str(dice.randint(0, 1))} if kind == "429" else None
            spoilt = PlainTextResponse("made to fail", STATUSES[kind], headers)
            await spoilt(scope, receive, send)
            return
        if kind == "slow":
            await asyncio.sleep(dice.uniform(0.0, MAX_SLOW_S))
        off = dice.uniform(-MAX_SKEW_S, MAX_SKEW_S) if kind == "skew" else 0.0
        token = SKEW.set(timedelta(seconds=off))
        try:
            await self._app(scope, receive, _Spoiling(send, self._spoil(scope["path"], kind, dice)))
        finally:
            SKEW.reset(token)

    def _draw(self, scope: Scope) -> tuple[str, Random]:
        url = f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')}"
        self._asked[url] += 1
        dice = Random(f"{self._faults.seed} {url} {self._asked[url]}")
        if self._failed[url] >= IN_A_ROW or dice.random() >= self._faults.rate:
            self._failed[url] = 0
            return "", dice
        self._failed[url] += 1
        return dice.choice(list(self._faults.kinds)), dice

    def _spoil(self, path: str, kind: str, dice: Random) -> Spoil:
        def spoil(body: bytes) -> tuple[bytes, int]:
            """The body to send, and the length to claim."""
            if kind in ("short", "cut") and len(body) > 1:
                kept = body[: dice.randrange(1, len(body))]
                return kept, len(body) if kind == "short" else len(kept)
            is_page = body[:1] in (b"{", b"[") and b"\n" not in body  # JSON lines are none
            page = orjson.loads(body) if is_page else None
            records = longest_list(page)
            if records:
                # One path of GraphQL has lists of many kinds.
                place = path, frozenset(records[-1])
                before, self._last[place] = self._last.get(place), records[-1]
                if kind == "repeat" and before is not None:
                    records.insert(0, before)
                if kind == "shuffle":
                    dice.shuffle(records)
                if kind in ("repeat", "shuffle"):
                    body = orjson.dumps(page)
            return body, len(body)

        return spoil


def longest_list(page: Any) -> list[Any]:
    """The longest list of objects in a JSON document, which is its records; empty if none."""
    found: list[Any] = []
    if isinstance(page, list):
        if page and isinstance(page[0], dict):
            return page
    elif isinstance(page, dict):
        for value in page.values():
            inner = longest_list(value)
            if len(inner) > len(found):
                found = inner
    return found


class _Spoiling:
    """Holds an answer back until it is whole, then sends what `spoil` makes of it."""

    def __init__(self, send: Send, spoil: Spoil) -> None:
        self._send, self._spoil = send, spoil
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body, claimed = self._spoil(self._body)
        MutableHeaders(scope=self._start)["Content-Length"] = str(claimed)
        await self._send(self._start)
        cut_off = claimed > len(body)  # the server closes the connection on what never comes
        await self._send({"type": "http.response.body", "body": body, "more_body": cut_off})
