"""Real lifecycles in Zendesk's shape, served page by page as Zendesk serves them."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ingestion.sandbox.serve import running

PAGE = 1_000


@contextmanager
def replay(folder: Path, *, has_events: bool = True, tickets: int | None = None) -> Iterator[str]:
    """The address of `folder`'s files: the first `tickets`, or all; without the export of events
    where an account has none.
    """
    listed = sorted(
        _lines(folder, "tickets"), key=lambda row: (row["generated_timestamp"], row["id"])
    )
    listed = listed[:tickets]
    kept = {row["id"] for row in listed}
    audits = [row for row in _lines(folder, "ticket_audits") if row["ticket_id"] in kept]
    audits.sort(key=_second)
    of_ticket = defaultdict(list)
    for audit in audits:
        of_ticket[audit["ticket_id"]].append(audit)
    origin = ""

    def export(request: Request) -> JSONResponse:
        first = int(request.query_params.get("cursor", 0))
        size = int(request.query_params.get("per_page", PAGE))
        after = min(first + size, len(listed))
        address = f"{origin}/api/v2/incremental/tickets/cursor.json?per_page={size}&cursor={after}"
        return JSONResponse(
            {
                "tickets": listed[first:after],
                "after_cursor": str(after),
                "after_url": address,
                "end_of_stream": after == len(listed),
            }
        )

    def events(request: Request) -> JSONResponse:
        start = int(request.query_params["start_time"])
        page = [audit for audit in audits if _second(audit) >= start][:PAGE]
        end = _second(page[-1]) if page else start
        return JSONResponse(
            {
                "ticket_events": [_as_event(audit) for audit in page],
                "count": len(page),
                "end_time": end,
                "next_page": f"{origin}/api/v2/incremental/ticket_events.json?start_time={end}",
                "end_of_stream": len(page) < PAGE,
            }
        )

    def of_one(request: Request) -> JSONResponse:
        found = of_ticket[int(request.path_params["ticket_id"])]
        return JSONResponse({"audits": found, "count": len(found), "next_page": None})

    def whole(name: str) -> Route:
        rows = _lines(folder, name)
        return Route(
            f"/api/v2/{name}.json", lambda _: JSONResponse({name: rows, "next_page": None})
        )

    routes = [
        Route("/api/v2/incremental/tickets/cursor.json", export),
        Route("/api/v2/tickets/{ticket_id}/audits.json", of_one),
        whole("users"),
        whole("groups"),
    ]
    if has_events:
        routes.append(Route("/api/v2/incremental/ticket_events.json", events))
    with running(Starlette(routes=routes)) as base:
        origin = base
        yield base


def _lines(folder: Path, name: str) -> list[dict[str, Any]]:
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _second(audit: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(audit["created_at"]).timestamp())


def _as_event(audit: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": audit["id"],
        "ticket_id": audit["ticket_id"],
        "timestamp": _second(audit),
        "created_at": audit["created_at"],
        "updater_id": audit["author_id"],
        "via": audit["via"],
        "event_type": "Audit",
        "child_events": [
            {
                "id": event["id"],
                "via": audit["via"],
                "event_type": event["type"],
                event["field_name"]: event["value"],
                **{key: event[key] for key in ("previous_value",) if key in event},
            }
            for event in audit["events"]
        ],
    }
