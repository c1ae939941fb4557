"""Zendesk Support: incremental exports, audits, users and the small lists, under `/api/v2`.

What the fields carry is told in zendesk_fields.py, zendesk_audits.py and zendesk_users.py. Traps of
the real one are kept: exports are ordered by `generated_timestamp` and withhold the last minute, a
change without an audit moves that stamp but not `updated_at`, time-based pages repeat rows at their
edges, deleted tickets are rows of status `deleted` in the exports and 404 elsewhere, and closed
tickets leave the lists of tickets and audits after 120 days. `satisfaction_ratings?start_time=`
looks at `updated_at`; where the account has surveys instead (zendesk_surveys.py) it is empty, and
where it has not, they are 404. A merge leaves no comment on the surviving ticket.
"""

import base64
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable
from itertools import islice

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.sandbox.clock import Clock, seconds
from ingestion.sandbox.log import Entry
from ingestion.sandbox.vendor import Limit, Vendor, answer
from ingestion.sandbox.world import World
from ingestion.sandbox.zendesk_desk import ZendeskDesk
from ingestion.sandbox.zendesk_fields import iso
from ingestion.sandbox.zendesk_listing import BAD_SORT, ticket_list
from ingestion.sandbox.zendesk_pages import (
    after_place,
    asked_int,
    by_cursor,
    by_time,
    export_start,
    listed,
    onward,
    page_size,
)
from ingestion.sandbox.zendesk_surveys import Responses

MOST_IDS = 100
Endpoint = Callable[[Request], Awaitable[Response]]


def routes(world: World, clock: Clock) -> list[Route]:
    api = _Api(ZendeskDesk(world), clock)
    paths: dict[str, Endpoint] = {
        "incremental/tickets/cursor": api.tickets_by_cursor,
        "incremental/tickets": api.tickets_by_time,
        "incremental/ticket_events": api.ticket_events,
        "incremental/users/cursor": api.users_by_cursor,
        "tickets": api.tickets,
        "tickets/show_many": api.show_many,
        "tickets/{id:int}": api.show_ticket,
        "tickets/{id:int}/audits": api.audits_of_ticket,
        "tickets/{id:int}/comments": api.comments_of_ticket,
        "ticket_audits": api.all_audits,
        "deleted_tickets": api.deleted_tickets,
        "satisfaction_ratings": api.satisfaction_ratings,
        "guide/survey_responses": api.survey_responses,
        "guide/{locale}/survey_responses/{id}": api.survey_response,
        "guide/{locale}/surveys": api.surveys,
        "users": api.users,
        "groups": api.groups,
        "brands": api.brands,
        "ticket_fields": api.ticket_fields,
    }
    return [
        Route(f"/api/v2/{path}{ending}", endpoint)
        for path, endpoint in paths.items()
        for ending in (".json", "")
    ]


def secret_of(headers: Headers) -> str | None:
    """The token of `Basic email/token:token` or `Bearer token`."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return given or None
    if scheme.lower() != "basic":
        return None
    try:
        user, _, token = base64.b64decode(given, validate=True).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return None
    return token if user.endswith("/token") and token else None


def refusal(status: int, detail: str) -> object:
    if status == 401:
        return {"error": "Couldn't authenticate you"}
    if status == 404:
        return {"error": "RecordNotFound", "description": "Not found"}
    if status == 429:
        return {
            "error": "APIRateLimitExceeded",
            "description": "Number of allowed API requests per minute exceeded",
        }
    error = "InvalidPaginationParameter" if detail == BAD_SORT else "InvalidValue"
    return {"error": error, "description": detail}


def rate_headers(limit: Limit, left: int, reset_s: int) -> dict[str, str]:
    """The account's headers, or those of an endpoint with a limit of its own."""
    if limit.paths:
        told = f"total={limit.calls}; remaining={left}; resets={reset_s}"
        return {"Zendesk-RateLimit-Incremental-Exports": told}
    return {
        "RateLimit-Limit": str(limit.calls),
        "RateLimit-Remaining": str(left),
        "RateLimit-Reset": str(reset_s),
        "X-Rate-Limit": str(limit.calls),
        "X-Rate-Limit-Remaining": str(left),
    }


VENDOR = Vendor(
    routes=routes,
    secret_of=secret_of,
    refusal=refusal,
    limits=(Limit("/incremental/", 10, 60), Limit("", 700, 60)),
    rate_headers=rate_headers,
)


class _Api:
    def __init__(self, desk: ZendeskDesk, clock: Clock) -> None:
        self._desk, self._clock = desk, clock

    def _now(self) -> int:
        return seconds(self._clock.now())

    def _tickets(self, request: Request, page: list[Entry]) -> dict[str, object]:
        include = request.query_params.get("include", "").split(",")
        metrics = "metric_sets" in include
        found: dict[str, object] = {
            "tickets": [self._desk.ticket(row.number, row.n, metrics=metrics) for row in page]
        }
        if "users" in include:
            found["users"] = self._desk.users_of([row.number for row in page], self._now())
        return found

    async def tickets_by_cursor(self, request: Request) -> Response:
        page, paging = by_cursor(request, self._desk.log, self._now())
        return answer({**self._tickets(request, page), **paging})

    async def tickets_by_time(self, request: Request) -> Response:
        now, log = self._now(), self._desk.log
        start, first, last = export_start(request, log, now)
        page, paging = by_time(request, log.current(first, last, now), start)
        return answer({**self._tickets(request, page), **paging})

    async def ticket_events(self, request: Request) -> Response:
        log = self._desk.log
        start, first, last = export_start(request, log, self._now())
        entries = (log[place] for place in range(first, last))
        told = (entry for entry in entries if self._desk.has_audit(entry))
        page, paging = by_time(request, told, start)
        comments = "comment_events" in request.query_params.get("include", "").split(",")
        rows = [self._desk.event(entry, with_comments=comments) for entry in page]
        return answer({"ticket_events": rows, **paging})

    async def users_by_cursor(self, request: Request) -> Response:
        users = self._desk.users
        page, paging = by_cursor(request, users.log, self._now())
        return answer({"users": [users.rows[row.number, row.n] for row in page], **paging})

    async def tickets(self, request: Request) -> Response:
        return answer(ticket_list(request, self._desk, self._now()))

    async def show_many(self, request: Request) -> Response:
        given = [part for part in request.query_params.get("ids", "").split(",") if part.strip()]
        if not given or len(given) > MOST_IDS or not all(part.strip().isdigit() for part in given):
            raise HTTPException(400, f"ids must be 1 to {MOST_IDS} numbers with commas between")
        now = self._now()
        found = [number for number in map(int, given) if self._desk.is_shown(number, now)]
        rows = [self._desk.ticket_at(number, now) for number in found]
        ends = {"next_page": None, "previous_page": None, "count": len(rows)}
        return answer({"tickets": rows, **ends})

    def _asked_ticket(self, request: Request) -> tuple[int, int]:
        """Number and now; 404 for a ticket that is not there, or not any more."""
        number, now = int(request.path_params["id"]), self._now()
        if not self._desk.is_shown(number, now):
            raise HTTPException(404)
        return number, now

    async def show_ticket(self, request: Request) -> Response:
        return answer({"ticket": self._desk.ticket_at(*self._asked_ticket(request))})

    async def audits_of_ticket(self, request: Request) -> Response:
        number, now = self._asked_ticket(request)
        return answer(listed(request, "audits", self._desk.audits_at(number, now)))

    async def comments_of_ticket(self, request: Request) -> Response:
        number, now = self._asked_ticket(request)
        return answer(listed(request, "comments", self._desk.comments_at(number, now)))

    async def all_audits(self, request: Request) -> Response:
        now, log, size = self._now(), self._desk.log, page_size(request)
        places = (
            place
            for place in range(after_place(request), log.end(now))
            if self._desk.has_audit(log[place]) and self._desk.is_listed(log[place].number, now)
        )
        found = list(islice(places, size + 1))
        page = found[:size]
        rows = [self._desk.audit(log[place]) for place in page]
        behind = page[-1] + 1 if page else None
        return answer(
            {
                "audits": rows,
                **onward(request, behind, more=len(found) > size, order="created_at,id"),
            }
        )

    async def deleted_tickets(self, request: Request) -> Response:
        return answer(listed(request, "deleted_tickets", self._desk.deleted(self._now())))

    async def satisfaction_ratings(self, request: Request) -> Response:
        since, now = asked_int(request, "start_time", 0), self._now()
        until = min(asked_int(request, "end_time", now), now)
        rows = self._desk.ratings.current(now, since)
        score = request.query_params.get("score")
        scores = {"received": ("good", "bad")}.get(score or "", (score,))
        rows = [
            row
            for row in rows
            if row["updated_at"] <= iso(until) and (score is None or row["score"] in scores)
        ]
        return answer(listed(request, "satisfaction_ratings", rows))

    def _responses(self) -> Responses:
        if self._desk.survey_responses is None:
            raise HTTPException(404)
        return self._desk.survey_responses

    async def survey_responses(self, request: Request) -> Response:
        return answer(self._responses().page(request, self._now()))

    async def survey_response(self, request: Request) -> Response:
        row = self._responses().one(request.path_params["id"], self._now())
        return answer({"survey_response": row})

    async def surveys(self, request: Request) -> Response:
        self._responses()
        ends = {"has_more": False, "after_cursor": None, "before_cursor": None}
        return answer({"surveys": self._desk.surveys, "meta": ends})

    async def users(self, request: Request) -> Response:
        rows = self._desk.users.current(self._now())
        roles = request.query_params.getlist("role") + request.query_params.getlist("role[]")
        rows = [row for row in rows if not roles or row["role"] in roles]
        return answer(listed(request, "users", rows))

    async def groups(self, request: Request) -> Response:
        return answer(listed(request, "groups", self._desk.groups.current(self._now())))

    async def brands(self, request: Request) -> Response:
        return answer(listed(request, "brands", self._desk.brands.current(self._now())))

    async def ticket_fields(self, request: Request) -> Response:
        rows = self._desk.ticket_fields.current(self._now())
        return answer(listed(request, "ticket_fields", rows))
