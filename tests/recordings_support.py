"""Recorded answers of a vendor's API, served again at an address of this machine.

What was not recorded is not there (404), so a test sees every call that a recording does not cover.
Where one breaks off in the middle of a list, the page that its last answer names can be an empty
one that ends the list.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.sandbox.serve import running

JSON = {"content-type": "application/json; charset=utf-8"}
NOT_FOUND = '{"error":"RecordNotFound","description":"Not found"}'
# Sizes that a page has anyway, so that a recording without them answers calls with them.
OWN_SIZES = {("per_page", "1000")}

# A path and its query, sorted and without its own sizes.
Call = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Recorded:
    """One answer; `body` is JSON."""

    body: Any
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)


# None for what was not recorded.
Find = Callable[[Call], Recorded | None]


@dataclass
class Player:
    """`find` gives the answer of a call, None for what was not recorded. `calls` are the paths that
    were asked for, each with the status that it got. `base` is the address.
    """

    find: Find
    base: str = ""
    calls: list[tuple[str, int]] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        found = self.find(_call(str(request.url)))
        self.calls.append((request.url.path, 200 if found else 404))
        if found is None:
            return Response(NOT_FOUND, 404, JSON)
        return Response(json.dumps(found.body), 200, dict(found.headers))

    def asked(self, status: int) -> list[str]:
        return [path for path, given in self.calls if given == status]


@contextmanager
def playing(find: Find) -> Iterator[Player]:
    player = Player(find)
    route = Route("/{path:path}", player.answer, methods=["GET", "POST"])
    with running(Starlette(routes=[route])) as player.base:
        yield player


@dataclass(frozen=True)
class Cassettes:
    """Zendesk's answers of one day, by call, first recorded first; links name our own paths."""

    answers: Mapping[Call, Recorded]

    @classmethod
    def of(cls, folder: Path, names: Sequence[str]) -> "Cassettes":
        answers: dict[Call, Recorded] = {}
        for name in names:
            for each in json.loads((folder / f"{name}.json").read_text(encoding="utf-8")):
                told = {key: ", ".join(values) for key, values in each["headers"].items()}
                answers.setdefault(_call(each["url"]), Recorded(each["json"], told))
        return cls(answers)

    def find(self, call: Call) -> Recorded | None:
        return self.answers.get(call)

    def find_or_end(self, call: Call) -> Recorded | None:
        """Also an empty last page, for an address that a recorded answer names as its next."""
        return self.answers.get(call) or self._ends().get(call)

    def _ends(self) -> dict[Call, Recorded]:
        found: dict[Call, Recorded] = {}
        for (path, _), answer in self.answers.items():
            body = answer.body
            onward = body.get("after_url") or (body.get("links") or {}).get("next")
            if onward:
                rows = next(key for key, value in body.items() if isinstance(value, list))
                last = {rows: [], "end_of_stream": True, "after_cursor": body.get("after_cursor")}
                if "meta" in body:
                    last = {rows: [], "meta": {"has_more": False}, "links": {"next": None}}
                found[path, _call(onward)[1]] = Recorded(last, answer.headers)
        return found


def bodies(answers: Mapping[str, Any]) -> Find:
    """A body of JSON for each path, whatever its query."""
    return lambda call: Recorded(answers[call[0]]) if call[0] in answers else None


def audits_by_ticket(audits: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The list of an account's audits, told as each ticket's own list."""
    found: dict[str, Any] = {}
    for audit in audits:
        path = f"/api/v2/tickets/{audit['ticket_id']}/audits.json"
        found.setdefault(path, {"audits": [], "next_page": None})["audits"].append(audit)
    return found


def _call(url: str) -> Call:
    parts = urlsplit(url)
    query = {pair for pair in parse_qsl(parts.query) if pair not in OWN_SIZES}
    return parts.path, tuple(sorted(query))
