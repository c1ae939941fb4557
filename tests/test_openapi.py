"""What the sandbox answers is what the vendors' OpenAPI documents describe.

Every answer of a whole sync is checked, and no field that a document names may be missing. The
documents are not without faults and the sandbox's shop knows less than a vendor does: what differs
is listed in `EXCEPTED`, and nothing may be listed that does not occur. Chatwoot's answers are
checked with its other payloads.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse
from openapi_core.validation.response.exceptions import InvalidData
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingestion.sandbox.app import create_app
from ingestion.sandbox.clock import FrozenClock
from ingestion.sandbox.serve import running
from ingestion.sandbox.world import World
from tests.openapi_support import SERVER, VENDORS
from tests.sandbox_support import on, shop
from tests.source_support import Desk

# By vendor: a pattern of faults, and why they are none of the sandbox's.
EXCEPTED: Mapping[str, Mapping[str, str]] = {
    "zendesk": {
        r"tickets/\*/status: 'deleted' is not one of": "exports hold what was deleted",
        r"tickets/\*/satisfaction_rating: 'comment' is": "a rating may be without a comment",
        r"users/\*: 'chat_only' is": "the live API does not tell it",
        r"tickets.json : '(next_page|previous_page|count)' is": "a list by cursor has links",
        r"tickets.json tickets/\*: 'fields' is": "nor has it the second copy of custom fields",
        r"satisfaction_ratings/\*: 'reason(_id)?' is": "for accounts that ask for reasons",
    },
    "gorgias": {
        r" meta: 'previous_cursor' is": "it is called prev_cursor",
        r"tickets data/\*/customer: '": "a ticket tells its customer in short",
        r"customers data/\*: '(language|timezone)' is": "nothing is known of them",
        r"tickets data/\*: '(messages_count|snippet)' is": "the recorded ticket has neither",
        r"messages data/\*/receiver: None": "a note has no receiver",
        r"messages data/\*/sent_datetime: None": "what came in, or is on its way, was not sent",
    },
    "freshdesk": {
        r"tickets \*/status: 7 is not one of": "accounts have statuses of their own, from 6 on",
        r"conversations \*/bcc_emails: None": "where there are none; payloads of others have it so",
        r"satisfaction_ratings \*: 'rating' is": "it is ratings, by question",
        r"agents \*/contact: '": "an agent tells its contact in short",
        r"agents \*: '(role_ids|signature)' is": "nothing is known of them",
        r"contacts \*: 'other_emails' is": "nobody has a second one",
        r"groups \*: '(agent_ids|auto_ticket_assign)' is": "a list of groups does not tell them",
        r"ticket_fields \*: '(choices|description|required_for_\w+)' is": "nor does one of fields",
    },
    "intercom": {
        r"contacts/search data/\*: '(android_|ios_|browser|os|last_|location)\w*' is": "nothing is"
        " known of devices and visits",
        r"contacts/search data/\*: '(avatar|companies|email_domain|language_override|notes|owner_id"
        r"|social_profiles|tags)' is": "nothing is known of them",
        r" pages: 'next' is": "the last page has none",
        r"author: '(from_ai_agent|is_ai_answer)' is": "of a contact it is not told",
        r": 'company' is": "nobody writes for a company",
        r"conversation_rating/contact: 'external_id' is": "a reference may be without it",
        r"conversation_rating/remark: None": "a rating may be without words",
        r"custom_attributes/Merged: True": "an attribute may be yes or no",
        r"event_details: '\w+' is": "each kind of event has one of them",
        r"metadata: 'quick_reply_\w+' is": "nobody was offered quick replies",
        r"statistics(: '|/\w+: None)": "what has not happened is null, or not told",
        r"teams teams/\*: '(admin_priority_level|assignment_limit|distribution_method)' is": ""
        "nothing is known of how a team shares its work",
    },
}


@dataclass(frozen=True)
class Answered:
    """A call and what came back; `path` without the vendor's name."""

    method: str
    path: str
    query: str
    status: int
    body: bytes


class Tap:
    """ASGI: notes whole answers."""

    def __init__(self, app: ASGIApp, answers: list[Answered]) -> None:
        self._app, self._answers = app, answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, body = 0, b""

        async def send_on(message: Message) -> None:
            nonlocal status, body
            status = message.get("status", status)
            body += message.get("body", b"")
            await send(message)

        await self._app(scope, receive, send_on)
        path = "/" + scope["path"].lstrip("/").partition("/")[2]
        query = scope["query_string"].decode()
        self._answers.append(Answered(scope["method"], path, query, status, body))


@pytest.fixture(scope="module", params=VENDORS)
def synced(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, list[Answered]]:
    """A vendor, and its answers to the calls of a whole sync, and of the next, of two shops: one
    has customers rate from 1 to 5, the other good or bad, which Zendesk tells in another list.
    """
    kind, answers = str(request.param), list[Answered]()
    simple = shop()["csat_responses"].slice(1)
    simple = simple.set_column(2, "score", [["good"]]).set_column(3, "scale", [["good_bad"]])
    for tables in (shop(), shop() | {"csat_responses": simple}):
        app = create_app(World.of(tables), FrozenClock(on(12, "00:00:00")), limits=False)
        app.add_middleware(Tap, answers=answers)
        with running(app) as base:
            desk = Desk(kind, f"{base}/{kind}", tmp_path_factory.mktemp(kind))
            for _ in range(2):
                desk.sync()
    return kind, [answer for answer in answers if answer.status == 200]


@pytest.fixture(scope="module")
def document(synced: tuple[str, list[Answered]], shared: Path) -> OpenAPI:
    return described(synced[0], shared)


def described(kind: str, shared: Path) -> OpenAPI:
    """`nullable` in a document of 3.1 would not pass its own check."""
    config = Config(spec_validator_cls=None, response_properties_default_policy="required")
    return OpenAPI.from_dict(VENDORS[kind].spec(shared), config=config)


def faults(document: OpenAPI, answer: Answered) -> list[str]:
    """Each as: call, place in the body, what is wrong there. Places in a list are one."""
    request = MockRequest(
        SERVER, answer.method.lower(), answer.path, args=dict(parse_qsl(answer.query))
    )
    response = MockResponse(answer.body, answer.status, content_type="application/json")
    call = f"{answer.method} {re.sub('/[0-9]+', '/{id}', answer.path)}"
    try:
        document.validate_response(request, response)
    except InvalidData as wrong:
        found = getattr(wrong.__cause__, "schema_errors", [])
        assert found, wrong.__cause__
        return [f"{call} {place(leaf)}: {leaf.message}" for each in found for leaf in leaves(each)]
    except OpenAPIError as wrong:
        return [f"{call}: {wrong}"]
    return []


def leaves(error: Any) -> Iterator[Any]:
    """What is wrong in each of a schema's alternatives, but that it is not null."""
    if error.validator_value == "null":
        return
    if not error.context:
        yield error
    for each in error.context or ():
        yield from leaves(each)


def place(error: Any) -> str:
    return "/".join("*" if isinstance(step, int) else str(step) for step in error.absolute_path)


def wrong(answer: Answered) -> Iterator[Answered]:
    """With a first row that has no id, and with one whose id is none."""
    for change in ({}, {"id": [None]}):
        body = json.loads(answer.body)
        lists = [body] if isinstance(body, list) else [*body.values(), [body]]
        rows = next(each for each in lists if isinstance(each, list))
        if rows:
            rows[0].pop("id", None)
            rows[0].update(change)
            yield replace(answer, body=json.dumps(body).encode())


def test_answers_are_as_described(synced: tuple[str, list[Answered]], document: OpenAPI) -> None:
    kind, answers = synced
    found = {fault for answer in answers for fault in faults(document, answer)}
    matched = {
        pattern: {fault for fault in found if re.search(pattern, fault)}
        for pattern in EXCEPTED[kind]
    }
    assert sorted(found - {fault for group in matched.values() for fault in group}) == []
    assert [pattern for pattern, group in matched.items() if not group] == []


def test_wrong_answers_are_found(synced: tuple[str, list[Answered]], document: OpenAPI) -> None:
    """Wherever a document describes the rows of an answer."""
    kind, answers = synced
    missed = set()
    for answer in answers:
        known = set(faults(document, answer))
        missed |= {answer.path for each in wrong(answer) if set(faults(document, each)) <= known}
    assert missed == {*VENDORS[kind].undescribed, *VENDORS[kind].shapeless}
