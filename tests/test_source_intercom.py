"""Intercom through its real protocol: what lands, what is asked again, what staging makes of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from ingestion.api import ApiSpec
from ingestion.documents import Document, Documents
from ingestion.intercom import STREAMS, connect, pause_s, search
from ingestion.run import SourceRun
from ingestion.sandbox.faults import Faults
from tests.models import Model
from tests.sandbox_support import Sandbox, on, sandbox
from tests.source_support import (
    A_WEEK,
    ALL_BUT_SLOW,
    SECRETS,
    Desk,
    calls_of,
    fresh_load,
    refused,
    rows,
)

END = on(12, "00:00:00")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Sandbox, Desk]]:
    with sandbox(END) as client:
        yield client, Desk("intercom", f"{client.base}/intercom", tmp_path)


def asked(client: Sandbox) -> list[str]:
    """Method and path of the calls since this was last asked."""
    told = calls_of(client)
    return sorted(call["method"] + call["path"].removeprefix("/intercom") for call in told)


def test_a_sync_calls_for_nothing_that_it_knows(desk: tuple[Sandbox, Desk], tmp_path: Path) -> None:
    client, shop = desk
    lists = ["GET/admins", "GET/conversations/deleted", "GET/teams", "POST/contacts/search",
             "POST/conversations/search"]  # fmt: skip
    assert shop.sync().total > 0
    assert asked(client) == sorted([*lists, *(f"GET/conversations/{n}" for n in (1, 2, 3, 4))])
    assert shop.sync().rows == {}
    assert asked(client) == lists
    shop.sync(later=A_WEEK)  # all ids, and a second look at the last weeks
    again = ["GET/conversations/deleted", "POST/contacts/search", "POST/conversations/search"]
    assert asked(client) == sorted([*lists, *again, "GET/contacts"])
    slow = Desk("intercom", shop.url, tmp_path / "slow")
    slow.sync(documents=1)
    assert slow.documents() == shop.documents()


def test_a_walk_that_is_cut_short_begins_again(desk: tuple[Sandbox, Desk], tmp_path: Path) -> None:
    """Newest first: 1 on the 6th, then 3, 4 and 2 on the 2nd. Only its end moves the bound."""
    _, shop = desk
    api = connect(ApiSpec("desk", "intercom", shop.url, secrets=SECRETS))
    read = search("conversations/search", "conversations", 3)
    state: dict[str, Any] = {}

    def ids(hour: int, pages: int) -> list[list[str]]:
        now = datetime(2026, 11, 20, hour, tzinfo=UTC)
        walk = read(api, state, SourceRun(tmp_path / "none", tmp_path, now))
        return [[row["id"] for row in page.documents] for page in islice(walk, pages)]

    assert ids(1, 1) == [["1", "3", "4"]]
    assert "updated_at" not in state
    assert ids(1, 9) == [["2"]]  # the same sync goes on
    assert state["updated_at"] == int(on(6, "10:00:00").timestamp())
    assert ids(2, 9) == [["1"]]
    assert state["since"] == int(on(4, "10:00:00").timestamp())


def test_a_conversation_that_went_meanwhile_is_left_out(desk: tuple[Sandbox, Desk]) -> None:
    api = connect(ApiSpec("desk", "intercom", desk[1].url, secrets=SECRETS))
    read, _ = STREAMS[0].children["conversation_details"]
    found = [document for page in read(api, [{"id": "5"}, {"id": "3"}]) for document in page]
    assert [document["id"] for document in found] == ["3"]
    assert [each["part_type"] for each in found[0]["conversation_parts"]["conversation_parts"]] == [
        "merged_secondary_conversation", "close"]  # fmt: skip


def test_tickets_hold_what_intercom_says(desk: tuple[Sandbox, Desk], models: list[Model]) -> None:
    desk[1].sync()
    with desk[1].staged(models) as connection:
        found = rows(
            connection,
            """select ticket_id, customer_email, channel, category, order_id, status, priority,
            team, merged_into, is_spam from staging.stg_intercom__tickets order by ticket_id""",
        )
        spent = rows(
            connection, "select ticket_id, seconds from staging.stg_intercom__time_entries"
        )
        people = rows(
            connection,
            "select email, phone, is_test from staging.stg_intercom__customers order by email",
        )
        agents = rows(connection, "select name, kind from staging.stg_intercom__agents order by 1")
    one = "one@mail.example"
    assert found == [
        ("1", one, "email", "wismo", "#7", "resolved", "priority", "care", None, False),
        ("2", "qa@shop.example", "messaging", "other", None, "snoozed", "not_priority", "chat",
         None, False),
        ("3", one, "email", None, None, "resolved", "not_priority", "care", "1", False),
        ("4", "win@mail.example", "email", None, None, "resolved", "not_priority", "care", None,
         True),
    ]  # fmt: skip
    assert spent == [("1", 240)]
    assert people == [(one, "+15551", False), ("qa@shop.example", None, True),
                      ("win@mail.example", None, False)]  # fmt: skip
    assert agents == [("Amara", "human_agent"), ("Operator", "automation"), ("Paige", "ai_agent")]


def test_messages_and_events_are_those_of_the_shop(
    desk: tuple[Sandbox, Desk], models: list[Model]
) -> None:
    """The AI's first outcome on T2 is lost to its handoff; out-of-office has no mark here."""
    desk[1].sync()
    with desk[1].staged(models) as connection:
        messages = rows(
            connection,
            """select ticket_id, strftime(sent_at, '%d %H:%M:%S'), author_kind, is_public,
            char_count from staging.stg_intercom__messages
            order by sent_at, ticket_id, is_public desc""",
        )
        events = rows(
            connection,
            """select ticket_id, strftime(occurred_at, '%d %H:%M:%S'), event_type,
            case when event_type <> 'assigned' then to_value end, actor_kind
            from staging.stg_intercom__ticket_events where event_type <> 'created'
            order by occurred_at, ticket_id, event_type""",
        )
    assert messages == [
        ("1", "02 08:00:00", "customer", True, 12),
        ("3", "02 08:30:00", "customer", True, 4),
        ("2", "02 09:00:00", "customer", True, 5),
        ("2", "02 09:00:30", "ai_agent", True, 12),
        ("1", "02 09:10:00", "human_agent", True, 5),
        ("1", "02 09:10:05", "human_agent", False, 5),
        ("1", "02 09:20:00", "customer", True, 13),
        ("4", "02 10:00:00", "customer", True, 7),
    ]
    assert events == [
        ("1", "02 08:00:02", "category_set", "wismo", "automation"),
        ("1", "02 08:00:03", "assigned", None, "automation"),
        ("1", "02 09:00:00", "assigned", None, "human_agent"),
        ("2", "02 09:01:00", "resolved", None, "ai_agent"),
        ("2", "02 09:30:00", "reopened", None, "automation"),
        ("2", "02 09:30:02", "assigned", None, "ai_agent"),
        ("2", "02 09:30:02", "handoff", "policy", "ai_agent"),
        ("2", "02 09:40:00", "snoozed", None, "human_agent"),
        ("1", "02 10:00:00", "resolved", None, "human_agent"),
        ("4", "02 10:00:15", "resolved", None, "automation"),
        ("4", "02 10:00:15", "tag_added", "spam", None),
        ("1", "02 10:30:00", "survey_sent", None, "automation"),
        ("3", "02 11:00:00", "merged_into", "1", "human_agent"),
        ("3", "02 11:00:00", "resolved", None, "human_agent"),
        ("1", "03 12:00:00", "survey_answered", None, "customer"),
    ]


def test_a_late_rating_and_a_deletion_arrive(tmp_path: Path, models: list[Model]) -> None:
    """Rated 2, then 4 on the 3rd; T5 is deleted on the 4th and is known as what it was."""
    told = "select target, score from staging.stg_intercom__csat_responses"
    gone = """select ticket_id, customer_email, strftime(deleted_at, '%d %H:%M')
        from staging.stg_intercom__tickets where is_deleted"""
    with sandbox(on(2, "13:00:00")) as client:
        shop = Desk("intercom", f"{client.base}/intercom", tmp_path)
        shop.sync()
        with shop.staged(models) as connection:
            assert rows(connection, told) == [("human", "2")]
            assert rows(connection, gone) == []
            teams = "select team from staging.stg_intercom__agents where name = 'Amara'"
            assert rows(connection, teams) == [("care",)]
        client.clock.advance(timedelta(days=3))
        shop.sync()
        with shop.staged(models) as connection:
            assert rows(connection, told) == [("human", "4")]
            assert rows(connection, gone) == [("5", "qa@shop.example", "04 12:00")]
            deletion = """select ticket_id from staging.stg_intercom__ticket_events
                where event_type = 'deleted'"""
            assert rows(connection, deletion) == [("5",)]


def settled(value: Any) -> Any:
    """Lists inside a document without what a fault repeats or shuffles in them."""
    if isinstance(value, dict):
        return {key: settled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(settled(inner), sort_keys=True) for inner in value})
    return value


def test_increments_with_faults_end_where_a_fresh_load_does(tmp_path: Path) -> None:
    steps = [timedelta(minutes=67), timedelta(hours=3), timedelta(hours=40)]
    faults = Faults(seed=5, rate=0.2, kinds=ALL_BUT_SLOW)
    with sandbox(on(2, "08:05:00"), faults=faults) as client:
        shop = Desk("intercom", f"{client.base}/intercom", tmp_path)
        shop.sync(documents=3)
        for step in steps:
            client.clock.advance(step)
            shop.sync()
    fresh = fresh_load("intercom", on(2, "08:05:00") + sum(steps, timedelta()), tmp_path / "fresh")

    def read(one: Desk) -> dict[str, Any]:
        return {
            table: {key: settled(json.loads(text or "")) for key, text in documents.items()}
            for table, documents in one.documents().items()
        }

    assert read(shop) == read(fresh)


def test_a_secret_is_in_no_error(tmp_path: Path) -> None:
    with sandbox(END, secret="other") as client:
        told = refused(Desk("intercom", f"{client.base}/intercom", tmp_path))
    assert "Bearer" not in told and SECRETS["access_token"] not in told


def test_a_spent_window_is_waited_for() -> None:
    until = str(datetime.now(UTC).timestamp() + 7)
    assert pause_s({"x-ratelimit-remaining": "3", "x-ratelimit-reset": until}) is None
    assert 6 < (pause_s({"x-ratelimit-remaining": "0", "x-ratelimit-reset": until}) or 0) <= 7


def landed(desk: Desk, models: list[Model], documents: list[Document], sql: str) -> list[Any]:
    """What staging makes of these conversations, in an account that is otherwise empty."""
    run = SourceRun(desk.warehouse, desk.folder, desk.now)
    landing = Documents("desk", "conversation_details", run)
    landing.add(documents)
    (table,) = landing.batches(is_last=True)
    with duckdb.connect(str(desk.warehouse)) as connection:
        connection.register("added", getattr(table, "data", table))
        connection.execute(
            """insert into raw_desk.conversation_details by name
            select *, '9' as _dlt_load_id from added"""
        )
    with desk.staged(models) as connection:
        return rows(connection, sql)


def test_official_conversations_are_read(
    shared: Path, desk: tuple[Sandbox, Desk], models: list[Model]
) -> None:
    """A conversation of 2024-12-18 15:58:31 with four parts, of which one is a comment."""
    told = yaml.safe_load(
        (shared / "data/payloads_intercom/openapi_2.15.yaml").read_text(encoding="utf-8")
    )
    answer = told["paths"]["/conversations/{conversation_id}"]["get"]["responses"]["200"]
    document = answer["content"]["application/json"]["examples"]["conversation found"]["value"]
    desk[1].sync()
    found = landed(
        desk[1],
        models,
        [document],
        """select tickets.channel, tickets.status, tickets.priority, tickets.tags,
            strftime(tickets.created_at, '%Y-%m-%d %H:%M:%S'), messages.author_kind,
            messages.char_count, messages.is_public
        from staging.stg_intercom__tickets as tickets
        inner join staging.stg_intercom__messages as messages using (ticket_id)
        where ticket_id = '503' order by messages.seq""",
    )
    ticket = ("messaging", "resolved", "not_priority", '["Test tag"]', "2024-12-18 15:58:31")
    assert found == [
        (*ticket, "human_agent", 24, True),
        (*ticket, "automation", 5, True),
    ]


def part(key: int, kind: str, author: str, state: str, **more: Any) -> Document:
    """A part of the minute of its key."""
    who = {"type": author, "id": f"{author}-1", "name": author, **more.pop("who", {})}
    return {"id": str(key), "part_type": kind, "created_at": 1_780_000_000 + 60 * key,
            "author": who, "state": state, **more}  # fmt: skip


def test_the_ai_agent_and_a_woken_snooze_are_told(
    desk: tuple[Sandbox, Desk], models: list[Model]
) -> None:
    """Fin greets, answers and is rated; what the customer writes wakes the snoozed conversation."""
    fin = {"from_ai_agent": True}
    parts = [
        part(1, "comment", "bot", "open", body="<p>Hi</p>", who=fin | {"is_ai_answer": False}),
        part(2, "comment", "bot", "open", body="<p>It&#8217;s #12345</p>",
             who=fin | {"is_ai_answer": True}),
        part(3, "snoozed", "admin", "snoozed"),
        part(4, "comment", "user", "open", body="<p>Thanks</p>"),
        part(5, "channel_and_reply_time_expectation", "bot", "open", body="<p>Soon</p>"),
        part(6, "close", "admin", "closed", body="<p>Bye</p>"),
    ]  # fmt: skip
    document = {
        "id": "900", "created_at": 1_780_000_000, "updated_at": 1_780_000_400, "state": "closed",
        "source": {"type": "whatsapp", "id": "1", "delivered_as": "operator_initiated",
                   "body": "", "author": {"type": "bot", "id": "bot-2", "name": "Operator"}},
        "conversation_parts": {"conversation_parts": parts, "total_count": 6},
        "ai_agent": {"resolution_state": "confirmed_resolution", "last_answer_type": "ai_answer",
                     "rating": 5, "created_at": 1_780_000_130, "updated_at": 1_780_000_140},
        "ai_agent_participated": True, "custom_attributes": {"Contact Reason": "Returns"},
    }  # fmt: skip
    handed_over = document | {
        "id": "901", "ai_agent": {"resolution_state": "escalated"}, "tags": {"tags": []},
        "conversation_parts": {"total_count": 3, "conversation_parts": [
            part(1, "comment", "bot", "open", body="<p>Hm</p>", who=fin),
            part(2, "assignment", "bot", "open", who=fin, assigned_to={"type": "team", "id": "7"}),
            part(3, "comment", "admin", "open", body="<p>Hello</p>")]},
    }  # fmt: skip
    desk[1].sync()
    sql = """select seq, author_kind, is_substantive from staging.stg_intercom__messages
        where ticket_id = '900' order by seq"""
    assert landed(desk[1], models, [document, handed_over], sql) == [
        (2, "ai_agent", False), (3, "ai_agent", True), (5, "customer", True),
        (7, "human_agent", True)]  # fmt: skip
    with desk[1].staged(models) as connection:
        events = rows(
            connection,
            """select epoch(occurred_at)::bigint - 1780000000, event_type, to_value
            from staging.stg_intercom__ticket_events
            where ticket_id = '900' and event_type <> 'created' order by 1, 2""",
        )
        handoffs = rows(
            connection,
            """select epoch(occurred_at)::bigint - 1780000000, actor_id, reason
            from staging.stg_intercom__ticket_events
            where ticket_id = '901' and event_type = 'handoff'""",
        )
        own = rows(
            connection,
            """select category, score, target, order_number
            from staging.stg_intercom__tickets as tickets
            inner join staging.stg_intercom__csat_responses using (ticket_id)
            inner join staging.stg_intercom__order_mentions using (ticket_id)
            where ticket_id = '900'""",
        )
    assert events == [
        (120, "ai_outcome", "confirmed"), (180, "snoozed", None), (240, "status_changed", "open"),
        (360, "resolved", None)]  # fmt: skip
    assert handoffs == [(120, "bot-1", None)]
    assert own == [("Returns", "5", "ai", "12345")]
