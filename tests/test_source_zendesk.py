"""Zendesk through its real protocol: what lands, what is asked again, what staging makes of it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from ingestion.sandbox.app import create_app
from ingestion.sandbox.clock import FrozenClock
from ingestion.sandbox.faults import Faults
from ingestion.sandbox.serve import running
from ingestion.sandbox.world import World
from tests.models import Model
from tests.sandbox_support import Sandbox, on, sandbox
from tests.sandbox_support import shop as tiny_shop
from tests.source_support import (
    ALL_BUT_SLOW,
    MESSAGES,
    Desk,
    calls_of,
    fresh_load,
    messages,
    refused,
    rows,
)

END = on(12, "00:00:00")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Sandbox, Desk]]:
    with sandbox(END) as client:
        yield client, Desk("zendesk", f"{client.base}/zendesk", tmp_path)


@pytest.fixture
def staged(desk: tuple[Sandbox, Desk], models: list[Model]) -> Iterator[duckdb.DuckDBPyConnection]:
    desk[1].sync()
    with desk[1].staged(models) as connection:
        yield connection


def test_a_second_sync_adds_nothing(desk: tuple[Sandbox, Desk]) -> None:
    _, shop = desk
    assert shop.sync().total > 0
    assert shop.sync().rows == {}


def test_the_books_say_what_each_table_holds_and_only_after_a_change(
    desk: tuple[Sandbox, Desk],
) -> None:
    _, shop = desk
    told = "select entity, rows_good from raw_desk.file_loads order by entity, loaded_at"
    for _ in range(2):
        shop.sync(documents=1)
        with duckdb.connect(str(shop.warehouse)) as connection:
            books = dict(rows(connection, told))
            assert len(books) == len(rows(connection, told))
    assert books["tickets"] == 5
    assert books["survey_responses"] == 1
    assert books == {table: len(found) for table, found in shop.documents().items() if found}


def test_small_passes_land_what_one_pass_does(desk: tuple[Sandbox, Desk], tmp_path: Path) -> None:
    _, shop = desk
    shop.sync()
    slow = Desk("zendesk", shop.url, tmp_path / "slow")
    slow.sync(documents=1)
    assert slow.documents() == shop.documents()


def test_tickets_hold_what_zendesk_says(staged: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        staged,
        """select ticket_id, channel, category, status, team, merged_into, is_spam, is_deleted
        from staging.stg_zendesk__tickets order by ticket_id""",
    )
    assert found == [
        ("1", "email", "wismo", "closed", "care", None, False, False),
        ("2", "chat", "other", "on_hold", "chat", None, False, False),
        ("3", "contact_form", None, "closed", "care", "1", False, False),
        ("4", "email", None, "deleted", "care", None, True, False),
        ("5", "email", None, "deleted", "care", None, False, True),
    ]


def test_messages_are_those_of_the_shop(staged: duckdb.DuckDBPyConnection) -> None:
    """Amara has left, and Zendesk calls her an end user now; her replies stay an agent's."""
    assert messages(staged, "zendesk") == MESSAGES


def test_states_handoffs_and_merges_are_events(staged: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        staged,
        """select ticket_id, strftime(occurred_at, '%d %H:%M:%S'), event_type, to_value
        from staging.stg_zendesk__ticket_events
        where event_type in ('resolved', 'closed', 'status_changed', 'handoff', 'ai_outcome',
            'merged_into', 'deleted', 'spam_marked', 'survey_sent')
        order by occurred_at, ticket_id, event_type""",
    )
    assert found == [
        ("1", "02 09:00:00", "status_changed", "open"),
        ("2", "02 09:01:00", "ai_outcome", "assumed"),
        ("2", "02 09:01:00", "resolved", None),
        ("1", "02 09:10:05", "status_changed", "pending"),
        ("2", "02 09:30:00", "status_changed", "open"),
        ("2", "02 09:30:02", "handoff", "policy"),
        ("2", "02 09:40:00", "status_changed", "on_hold"),
        ("1", "02 10:00:00", "resolved", None),
        ("4", "02 10:00:15", "spam_marked", None),
        ("1", "02 10:30:00", "survey_sent", None),
        ("3", "02 11:00:00", "closed", None),
        ("3", "02 11:00:00", "merged_into", "1"),
        ("5", "04 12:00:00", "deleted", None),
        ("1", "06 10:00:00", "closed", None),
    ]


def test_time_is_the_steps_of_its_total(staged: duckdb.DuckDBPyConnection) -> None:
    assert rows(staged, "select ticket_id, seconds from staging.stg_zendesk__time_entries") == [
        ("1", 120),
        ("1", 120),
    ]


def test_addresses_and_testers_are_customers(staged: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        staged, "select email, phone, is_test from staging.stg_zendesk__customers order by email"
    )
    assert ("one@mail.example", "+15551", False) in found
    assert ("qa@shop.example", None, True) in found


def test_increments_with_faults_end_where_a_fresh_load_does(tmp_path: Path) -> None:
    steps = [timedelta(minutes=7), timedelta(hours=1), timedelta(hours=3), timedelta(days=2)]
    faults = Faults(seed=3, rate=0.2, kinds=ALL_BUT_SLOW)
    with sandbox(on(2, "08:05:00"), faults=faults) as client:
        shop = Desk("zendesk", f"{client.base}/zendesk", tmp_path)
        shop.sync(documents=3)
        for step in steps:
            client.clock.advance(step)
            shop.sync()
    fresh = fresh_load("zendesk", on(2, "08:05:00") + sum(steps, timedelta()), tmp_path / "fresh")
    found, whole = shop.documents(), fresh.documents()
    # What the newest tickets' audits were read for is told by the export since.
    assert set(found.pop("ticket_audits")) <= set(whole["ticket_events"])
    assert whole.pop("ticket_audits") == {}
    assert found == whole


def test_no_call_is_repeated_beyond_the_overlap(desk: tuple[Sandbox, Desk]) -> None:
    """A second sync asks each export once, from where the first one ended, and what is newer."""
    client, shop = desk
    shop.sync()
    calls_of(client)
    shop.sync()
    calls = calls_of(client)
    asked = [call["path"].rsplit("/v2/")[-1] for call in calls if "/v2/" in call["path"]]
    assert sorted(asked) == sorted(
        ["incremental/tickets/cursor.json", "tickets.json", "incremental/ticket_events.json",
         "incremental/users/cursor.json", "satisfaction_ratings.json",
         "guide/survey_responses", "guide/en-us/surveys", "groups.json", "ticket_fields.json"]
    )  # fmt: skip


def test_a_secret_is_in_no_row_and_no_error(tmp_path: Path) -> None:
    with sandbox(END, secret="other") as client:
        told = refused(Desk("zendesk", f"{client.base}/zendesk", tmp_path))
    assert "me@shop.example" not in told and "token:key" not in told


def test_a_token_that_may_not_see_everything(
    desk: tuple[Sandbox, Desk], models: list[Model], tmp_path: Path
) -> None:
    """Not the export of users but their list, no groups, and not the log of events but audits."""
    _, shop = desk
    shop.sync()
    shut = re.compile(r"incremental/(users|ticket_events)|api/v2/groups\.json")
    world = create_app(World.of(tiny_shop()), FrozenClock(END), limits=False)

    async def narrow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and shut.search(scope["path"]):
            await Response(status_code=404)(scope, receive, send)
        else:
            await world(scope, receive, send)

    with running(Starlette(routes=[Mount("/", narrow)])) as base:
        closed = Desk("zendesk", f"{base}/zendesk", tmp_path / "narrow")
        assert closed.sync().refused == ("groups", "ticket_events")
        assert closed.sync().rows == {}
    assert closed.documents()["users"] == shop.documents()["users"]
    # T4 and T5 are deleted there, and their audits are gone with them.
    told = (
        "select ticket_id, author_kind, sent_at from staging.stg_zendesk__messages"
        " where ticket_id not in ('4', '5') order by all"
    )
    with closed.staged(models) as narrowly, shop.staged(models) as widely:
        assert rows(narrowly, told) == rows(widely, told) != []
