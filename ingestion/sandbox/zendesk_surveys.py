"""Zendesk's current satisfaction surveys: the shop's ratings, unless all of them are good or bad.

A response is there, without answers, from when its survey is offered, and changes in place for 28
days. Each scale of the shop has a survey of its own, with as many options. The list gives a cursor
but no links and no date of change, and 50 rows at the most. Audits tell of a survey that is offered
and of a response, and name the latter alone; the export of events leaves both out and shows only
the good or bad that the ticket keeps beside.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request

from ingestion.sandbox.replay import EVENT, RATING, Row
from ingestion.sandbox.rows import number
from ingestion.sandbox.world import Ticket, World
from ingestion.sandbox.zendesk_fields import agent_number, group_number
from ingestion.sandbox.zendesk_pages import Json, asked_int

EDITABLE_S = 28 * 86_400
MOST = 50
GOOD_BAD, DEFAULT = "good_bad", "1-5"
GOOD_FROM, NEUTRAL = 4.0, 3.0
SURVEYS_A_TICKET, AUDITS_A_TICKET, CHILDREN_AN_AUDIT = 1000, 1000, 100
FIRST_CHILD = 80
"""Behind the changes of an audit."""
BASE_32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Survey(NamedTuple):
    """What tells a ticket's surveys apart: when it was offered, whom it asks about, its episode."""

    at: int
    target: str
    episode: int


def has_surveys(world: World) -> bool:
    """Whether the account has these surveys, and not the older ratings, which are good or bad."""
    scales = {_scale(row) for ticket in world.tickets.values() for _, row in _ratings(ticket)}
    return scales != {GOOD_BAD}


def surveys_of(ticket: Ticket) -> dict[Survey, list[tuple[int, Row]]]:
    """The ticket's surveys, first offered first, each with its ratings and their instants."""
    found: dict[Survey, list[tuple[int, Row]]] = defaultdict(list)
    for at, row in _ratings(ticket):
        found[_survey(at, row)].append((at, row))
    for at in offered(ticket) - {survey.at for survey in found}:
        found[Survey(at, "ticket", 0)] = []
    return dict(sorted(found.items()))


def offered(ticket: Ticket) -> set[int]:
    """When surveys were sent."""
    return {
        moment.at
        for moment in ticket.moments
        for done in moment.happenings
        if done.kind == EVENT and done.row["event_type"] == "survey_sent"
    }


def _ratings(ticket: Ticket) -> Iterator[tuple[int, Row]]:
    for moment in ticket.moments:
        yield from ((moment.at, done.row) for done in moment.happenings if done.kind == RATING)


def _survey(at: int, rating: Row) -> Survey:
    asked = rating.get("survey_sent_at")
    target, episode = rating.get("target") or "ticket", rating.get("episode_seq") or 0
    return Survey(at if asked is None else asked, target, episode)


@dataclass(frozen=True)
class Response:
    """One response and its versions; `at` is when each of them came."""

    id: str
    at: list[int]
    rows: list[Json]


class Responses:
    """All responses, first offered first."""

    def __init__(self, responses: Iterable[Response]) -> None:
        self._all = sorted(responses, key=lambda response: response.id)
        self._offered = [response.at[0] for response in self._all]
        self._ids = [response.id for response in self._all]

    @classmethod
    def of(cls, world: World) -> "Responses":
        return cls(response for ticket in world.tickets.values() for response in _told(ticket))

    def page(self, request: Request, now: int) -> Json:
        """The list from `filter[created_at_start]` (milliseconds) on, behind `page[after]`."""
        size = asked_int(request, "page[size]", MOST)
        if not 1 <= size <= MOST:
            raise HTTPException(400, f"page[size] must be from 1 to {MOST}")
        since = -(-asked_int(request, "filter[created_at_start]", 0) // 1000)
        after = request.query_params.get("page[after]", "")
        first = max(bisect_left(self._offered, since), bisect_right(self._ids, after))
        last = bisect_right(self._offered, now)
        page = self._all[first : min(first + size, last)]
        return {
            "survey_responses": [_as_of(response, now) for response in page],
            "meta": {
                "has_more": first + size < last,
                "after_cursor": page[-1].id if page else None,
                "before_cursor": page[0].id if page else None,
            },
        }

    def one(self, response_id: str, now: int) -> Json:
        """404 for one that is not there yet."""
        place = bisect_left(self._ids, response_id)
        if self._ids[place : place + 1] != [response_id] or self._offered[place] > now:
            raise HTTPException(404)
        return _as_of(self._all[place], now)


def _as_of(response: Response, now: int) -> Json:
    return response.rows[bisect_right(response.at, now) - 1]


def _told(ticket: Ticket) -> Iterator[Response]:
    for place, (survey, ratings) in enumerate(surveys_of(ticket).items()):
        scale = _scale(ratings[0][1]) if ratings else DEFAULT
        row = {
            "id": _response_id(ticket, survey, place),
            "expires_at": _iso(survey.at + EDITABLE_S),
            "responder_id": str(ticket.requester.number),
            "subject_zrns": [f"zen:ticket:{ticket.number}"],
            "subjects": [
                {"id": str(ticket.number), "type": "ticket", "zrn": f"zen:ticket:{ticket.number}"}
            ],
            "survey": {"id": _survey_id(scale), "version": 1, "state": "enabled"},
            "answers": [],
        }
        answered = [(at, row | {"answers": [_answer(ratings[0][0], at, r)]}) for at, r in ratings]
        versions = [(survey.at, row), *answered]
        yield Response(str(row["id"]), [at for at, _ in versions], [row for _, row in versions])


def _answer(first_at: int, at: int, rating: Row) -> Json:
    """A rating that is changed keeps the date of the first."""
    value = int(float(rating["score"])) if _scale(rating) != GOOD_BAD else 1
    if rating["score"] == "good":
        value = 2
    good = "good" if rating["score_5"] >= GOOD_FROM else "bad"
    return {
        "type": "rating_scale",
        "rating": value,
        "rating_category": "neutral" if rating["score_5"] == NEUTRAL else good,
        "question": {
            "id": _id(0, number("zendesk question", _scale(rating))),
            "type": "rating_scale_numeric",
            "sub_type": "customer_satisfaction",
        },
        "created_at": _iso(first_at),
        "updated_at": _iso(at),
    }


def surveys(world: World) -> list[Json]:
    """The account's surveys: one a scale."""
    scales = {_scale(row) for ticket in world.tickets.values() for _, row in _ratings(ticket)}
    return [
        {
            "id": _survey_id(scale),
            "state": "enabled",
            "version": 1,
            "created_at": _iso(0),
            "updated_at": _iso(0),
            "questions": [
                {
                    "id": _id(0, number("zendesk question", scale)),
                    "type": "rating_scale_numeric",
                    "sub_type": "customer_satisfaction",
                    "headline": {"type": "static", "value": "How did we do?"},
                    "options": [
                        {"rating": rating, "label": {"type": "static", "value": ""}}
                        for rating in range(1, _options(scale) + 1)
                    ],
                }
            ],
        }
        for scale in sorted({DEFAULT, *scales})
    ]


def audit_events(ticket: Ticket, n: int) -> list[Json]:
    """What the audit of the ticket's moment `n` says of surveys."""
    places = {survey: place for place, survey in enumerate(surveys_of(ticket))}
    moment, state = ticket.moments[n], ticket.states[n]
    found: list[Json] = []
    for done in moment.happenings:
        if done.kind == RATING:
            survey = _survey(moment.at, done.row)
            told = {"survey_response_id": _response_id(ticket, survey, places[survey])}
            kind = "SurveyResponseSubmitted"
        elif done.kind == EVENT and done.row["event_type"] == "survey_sent":
            told, kind = {"survey_id": _survey_id(DEFAULT)}, "SurveyOffered"
        else:
            continue
        key = (ticket.number * AUDITS_A_TICKET + n) * CHILDREN_AN_AUDIT + FIRST_CHILD + len(found)
        assigned: Json = {
            "assigned_user_id": agent_number(state.assignee_id, ticket.agents),
            "assigned_group_id": group_number(state.team),
        }
        found.append({"id": key, "type": kind, **told, **assigned})
    return found


def _scale(rating: Row) -> str:
    return rating.get("scale") or DEFAULT


def _options(scale: str) -> int:
    return 2 if scale == GOOD_BAD else int(scale.split("-")[1])


def _survey_id(scale: str) -> str:
    return _id(0, number("zendesk survey", scale))


def _response_id(ticket: Ticket, survey: Survey, place: int) -> str:
    return _id(survey.at, ticket.number * SURVEYS_A_TICKET + place)


def _id(at: int, key: int) -> str:
    """26 signs that sort by the instant."""
    value, signs = (at * 1000 << 80) + key, ""
    for _ in range(26):
        value, sign = divmod(value, 32)
        signs = BASE_32[sign] + signs
    return signs


def _iso(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.000Z"
