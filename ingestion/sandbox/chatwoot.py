"""Chatwoot: one account's conversations with their messages and logs, ratings, contacts and lists.

Traps of the real one are kept: only open conversations are listed unless asked otherwise; the list
is sorted by the last activity, so that its pages shift; a page is 25 conversations, ratings, or 15
contacts, and behind the last comes an empty one; messages come 20 at a time, the newest first asked
for; who deletes a conversation deletes it, messages and ratings too. A conversation is known by the
number that people see, in the log of its reports by another.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.sandbox import chatwoot_desk as desk
from ingestion.sandbox import chatwoot_lines as lines
from ingestion.sandbox import chatwoot_people as people
from ingestion.sandbox.clock import Clock, seconds
from ingestion.sandbox.log import NEVER, Log
from ingestion.sandbox.replay import MESSAGE
from ingestion.sandbox.vendor import Limit, Vendor, answer
from ingestion.sandbox.world import Ticket, World

PAGE, CONTACTS_PAGE, MESSAGES_PAGE = 25, 15, 20
JsonRow = dict[str, Any]
T = TypeVar("T")
Endpoint = Callable[[Request], Awaitable[Response]]


def routes(world: World, clock: Clock) -> list[Route]:
    api = _Api(world, clock)
    paths: dict[str, Endpoint] = {
        "conversations": api.conversations,
        "conversations/{id:int}": api.conversation,
        "conversations/{id:int}/messages": api.messages,
        "conversations/{id:int}/reporting_events": api.reporting_events,
        "contacts": api.contacts,
        "csat_survey_responses": api.ratings,
        "agents": api.agents,
        "agent_bots": api.agent_bots,
        "teams": api.teams,
        "teams/{id:int}/team_members": api.team_members,
        "inboxes": api.inboxes,
        "labels": api.labels,
        "custom_attribute_definitions": api.attribute_definitions,
    }
    account = f"/api/v1/accounts/{people.ACCOUNT}"
    return [
        Route("/api/v1/profile", api.profile),
        *(Route(f"{account}/{path}", endpoint) for path, endpoint in paths.items()),
    ]


def secret_of(headers: Headers) -> str | None:
    return headers.get("api_access_token")


def refusal(status: int, detail: str) -> object:
    if status == 401:
        return {"error": "Invalid Access Token"}
    return {"error": "Resource could not be found" if status == 404 else detail}


def rate_headers(limit: Limit, left: int, reset_s: int) -> dict[str, str]:
    """An answer does not tell what is left."""
    return {}


VENDOR = Vendor(
    routes=routes,
    secret_of=secret_of,
    refusal=refusal,
    limits=(Limit("", 3000, 60),),
    rate_headers=rate_headers,
)


class _Api:
    def __init__(self, world: World, clock: Clock) -> None:
        self._world, self._clock = world, clock
        self._began = int(world.ticket_log.at[0]) if len(world.ticket_log) else 0

    @cached_property
    def _activity(self) -> Log:
        """When each conversation moved to the top of the list."""
        return Log.of(
            (moment.at, ticket.number, n)
            for ticket in self._world.tickets.values()
            for n, moment in enumerate(ticket.moments)
            if lines.is_active(ticket, n)
        )

    @cached_property
    def _writing(self) -> Log:
        """When each contact wrote; its first ticket counts."""
        written = {
            (moment.at, ticket.requester.number)
            for ticket in self._world.tickets.values()
            for n, moment in enumerate(ticket.moments)
            if n == 0 or _is_by_customer(ticket, n)
        }
        return Log.of((at, key, n) for n, (at, key) in enumerate(sorted(written)))

    @cached_property
    def _answered(self) -> Log:
        """When each survey was answered first."""
        return Log.of(
            (rating["created_at"], ticket.number, rating["id"])
            for ticket in self._world.tickets.values()
            for rating in desk.ratings(ticket, NEVER)
        )

    @cached_property
    def _ever_deleted(self) -> set[int]:
        tickets = self._world.tickets.values()
        return {each.number for each in tickets if any(state.is_deleted for state in each.states)}

    def _is_there(self, key: int, now: int) -> bool:
        ticket = self._world.tickets[key]
        if key not in self._ever_deleted:
            return ticket.created_at <= now
        return bool(ticket.seen(now)) and not ticket.as_of(now).is_deleted

    def _now(self) -> int:
        return seconds(self._clock.now())

    def _find(self, request: Request) -> Ticket:
        key = request.path_params["id"]
        if key not in self._world.tickets or not self._is_there(key, self._now()):
            raise HTTPException(404)
        return self._world.tickets[key]

    async def profile(self, request: Request) -> Response:
        return answer(people.profile())

    async def conversations(self, request: Request) -> Response:
        now, wanted = self._now(), request.query_params.get("status", "open")
        found = (
            (self._world.tickets[entry.number], entry.at)
            for entry in self._activity.newest_first(now)
            if self._is_there(entry.number, now)
        )
        listed = (
            (ticket, active_at)
            for ticket, active_at in found
            if wanted == "all" or lines.status(ticket.as_of(now)) == wanted
        )
        rows = [desk.conversation(*each, now) for each in _page(request, listed, PAGE)]
        return answer({"data": {"meta": {"all_count": len(rows)}, "payload": rows}})

    async def conversation(self, request: Request) -> Response:
        ticket, now = self._find(request), self._now()
        active = [n for n in range(ticket.seen(now)) if lines.is_active(ticket, n)]
        return answer(desk.conversation(ticket, ticket.moments[active[-1]].at, now))

    async def messages(self, request: Request) -> Response:
        ticket, given = self._find(request), request.query_params.get("before")
        found = lines.messages(ticket, self._now())
        if given:
            found = [message for message in found if message["id"] < int(given)]
        meta = {
            "labels": lines.labels(ticket, ticket.as_of(self._now())),
            "additional_attributes": {},
            "contact": {"payload": [people.contact(ticket.requester)]},
        }
        return answer({"meta": meta, "payload": found[-MESSAGES_PAGE:]})

    async def reporting_events(self, request: Request) -> Response:
        return answer(lines.reporting_events(self._find(request), self._now()))

    async def contacts(self, request: Request) -> Response:
        if request.query_params.get("sort") != "-last_activity_at":
            raise HTTPException(422, "the sandbox sorts contacts by -last_activity_at alone")
        now, known = self._now(), self._world.people.by_number
        listed = (
            (known[entry.number], entry.at)
            for entry in self._writing.newest_first(now)
            if people.is_resolved(known[entry.number])
        )
        rows = [
            {**people.contact(person), "last_activity_at": at, "contact_inboxes": []}
            for person, at in _page(request, listed, CONTACTS_PAGE)
        ]
        page = request.query_params.get("page", "1")
        return answer({"meta": {"count": len(known), "current_page": page}, "payload": rows})

    async def ratings(self, request: Request) -> Response:
        if request.query_params.get("sort") != "-created_at":
            raise HTTPException(422, "the sandbox sorts ratings by -created_at alone")
        now, log = self._now(), self._answered
        listed = (
            entry
            for entry in (log[place] for place in range(log.end(now) - 1, -1, -1))
            if self._is_there(entry.number, now)
        )
        rows = [
            rating
            for entry in _page(request, listed, PAGE)
            for rating in desk.ratings(self._world.tickets[entry.number], now)
            if rating["id"] == entry.n
        ]
        return answer(rows)

    async def agents(self, request: Request) -> Response:
        return answer(people.agents(self._world, self._now()))

    async def agent_bots(self, request: Request) -> Response:
        return answer([])

    async def teams(self, request: Request) -> Response:
        return answer([people.team(name) for name in self._world.teams])

    async def team_members(self, request: Request) -> Response:
        return answer(people.team_members(self._world, request.path_params["id"], self._now()))

    async def inboxes(self, request: Request) -> Response:
        return answer({"payload": people.inboxes()})

    async def labels(self, request: Request) -> Response:
        now = self._now()
        used = {
            label
            for ticket in self._world.tickets.values()
            if self._is_there(ticket.number, now)
            for label in lines.labels(ticket, ticket.as_of(now))
        }
        return answer({"payload": people.labels(used)})

    async def attribute_definitions(self, request: Request) -> Response:
        return answer(people.attribute_definitions(self._began))


def _is_by_customer(ticket: Ticket, n: int) -> bool:
    moment = ticket.moments[n]
    is_message = any(done.kind == MESSAGE for done in moment.happenings)
    return moment.actor_kind == "customer" and is_message


def _page(request: Request, found: Iterable[T], size: int) -> Iterator[T]:
    given = request.query_params.get("page", "1")
    first = (max(int(given), 1) - 1) * size if given.isdigit() else 0
    return islice(found, first, first + size)
