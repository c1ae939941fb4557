"""Freshdesk through its protocol: what lands, what is asked again, what staging makes of it."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import pytest
from requests.structures import CaseInsensitiveDict
from starlette.exceptions import HTTPException

from ingestion import freshdesk
from ingestion.api import ApiSpec, Page
from ingestion.pipeline import build, load
from ingestion.run import SourceRun
from ingestion.sandbox import freshdesk_parts
from ingestion.sandbox.faults import Faults
from ingestion.sandbox.world import Ticket
from ingestion.streams import Reader, Stream
from tests.models import Model
from tests.sandbox_support import on, sandbox
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


@pytest.fixture(scope="module")
def staged(
    tmp_path_factory: pytest.TempPathFactory, models: list[Model]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The whole shop, synced once."""
    shop = fresh_load("freshdesk", END, tmp_path_factory.mktemp("staged"))
    with shop.staged(models) as connection:
        yield connection


EVENTS = """select ticket_id, strftime(occurred_at, '%d %H:%M:%S'), event_type, to_value
from staging.stg_freshdesk__ticket_events where event_type <> 'created'
order by ticket_id, occurred_at, seq nulls last, event_type, to_value"""


def test_tickets_hold_what_freshdesk_says(staged: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        staged,
        """select ticket_id, channel, category, subcategory, status, priority, team, merged_into,
            order_id, tags, is_spam, is_deleted, strftime(deleted_at, '%d %H:%M')
        from staging.stg_freshdesk__tickets order by ticket_id""",
    )
    assert found == [
        ("1", "email", "wismo", "late", "closed", "high", "care", None, "#7", "[]",
         False, False, None),
        ("2", "chat", "other", None, "on_hold", "low", "chat", None, None,
         '["ai_handoff_policy"]', False, False, None),
        ("3", "contact_form", None, None, "closed", "low", "care", "1", None, "[]",
         False, False, None),
        ("4", "email", None, None, "open", "low", "care", None, None, "[]", True, False, None),
        ("5", "email", None, None, "open", "low", "care", None, None, '["old","vip"]',
         False, True, "04 12:00"),
    ]  # fmt: skip


def test_messages_are_those_of_the_shop(staged: duckdb.DuckDBPyConnection) -> None:
    """Amara has left and is a contact now; her replies stay an agent's. The merge note is none."""
    assert messages(staged, "freshdesk") == MESSAGES


def test_a_first_version_tells_what_its_stats_do(staged: duckdb.DuckDBPyConnection) -> None:
    """Ticket 2 was resolved once and 1 pending, which Freshdesk has forgotten."""
    assert rows(staged, EVENTS) == [
        ("1", "02 10:00:00", "resolved", None),
        ("1", "06 10:00:00", "closed", None),
        ("2", "02 09:30:00", "reopened", None),
        ("2", "02 09:40:00", "status_changed", "on_hold"),
        ("2", "02 09:40:00", "handoff", "policy"),
        ("3", "02 11:00:00", "resolved", None),
        ("3", "02 11:00:00", "closed", None),
        ("3", "02 11:00:00", "merged_into", "1"),
        ("4", "02 10:00:15", "spam_marked", None),
        ("5", "04 12:00:00", "deleted", None),
    ]


def test_people_and_time(staged: duckdb.DuckDBPyConnection) -> None:
    assert rows(staged, "select name, kind from staging.stg_freshdesk__agents order by name") == [
        ("Amara", "human_agent"),
        ("Paige", "ai_agent"),
    ]
    assert rows(
        staged,
        "select email, phone, is_test from staging.stg_freshdesk__customers order by email",
    ) == [
        ("one@mail.example", "+15551", False),
        ("qa@shop.example", None, True),
        ("win@mail.example", None, False),
    ]
    assert rows(
        staged,
        """select ticket_id, strftime(started_at, '%H:%M'), seconds
        from staging.stg_freshdesk__time_entries order by started_at""",
    ) == [("1", "09:05", 120), ("1", "09:15", 120)]


def test_a_second_sync_adds_nothing_and_asks_little(tmp_path: Path) -> None:
    """Each walk and list once. Of tickets, the last of each walk comes again and is known."""
    with sandbox(END) as client:
        shop = Desk("freshdesk", f"{client.base}/freshdesk", tmp_path)
        assert shop.sync().total > 0
        calls_of(client)
        assert shop.sync().rows == {}
        calls = calls_of(client)
    asked = Counter(call["path"].rsplit("/v2/")[-1] for call in calls)
    assert asked == {
        "tickets": 3,
        "contacts": 1,
        "surveys/satisfaction_ratings": 1,
        "agents": 1,
        "groups": 1,
        "ticket_fields": 1,
    }


def test_small_pages_and_passes_land_what_one_pass_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row a page: tickets 4 and 5 changed in one second, which one page does not hold."""
    with sandbox(on(2, "10:00:00")) as client:
        shop = Desk("freshdesk", f"{client.base}/freshdesk", tmp_path)
        shop.sync()
        monkeypatch.setattr(freshdesk, "PAGE", 1)
        slow = Desk("freshdesk", shop.url, tmp_path / "slow")
        slow.sync(documents=8)
    assert set(shop.documents()["tickets"]) == {"1", "2", "3", "4", "5"}
    assert slow.documents() == shop.documents()


def test_increments_with_faults_see_history_and_end_where_a_fresh_load_does(
    tmp_path: Path, models: list[Model]
) -> None:
    """Syncs at 8:05, 9:10, 9:35, 12:35 and two days after, when a rating has changed and a ticket
    is deleted. The AI's handoff and Amara's taking over are dated by the next change.
    """
    steps = [timedelta(minutes=65), timedelta(minutes=25), timedelta(hours=3)]
    faults = Faults(seed=3, kinds=ALL_BUT_SLOW)
    told = "select score from staging.stg_freshdesk__csat_responses"
    with sandbox(on(2, "08:05:00"), faults=faults) as client:
        shop = Desk("freshdesk", f"{client.base}/freshdesk", tmp_path)
        shop.sync()
        for step in steps:
            client.clock.advance(step)
            shop.sync()
        with shop.staged(models) as connection:
            assert rows(connection, told) == [("2",)]
        client.clock.advance(timedelta(days=2))
        shop.sync()
    with shop.staged(models) as connection:
        assert rows(connection, told) == [("4",)]
        assert rows(connection, EVENTS) == [
            ("1", "02 09:10:00", "assigned", "8365273905333"),
            ("1", "02 09:10:05", "status_changed", "pending"),
            ("1", "02 10:00:00", "resolved", None),
            ("2", "02 09:01:00", "ai_outcome", "assumed"),
            ("2", "02 09:01:00", "resolved", None),
            ("2", "02 09:30:00", "reopened", None),
            ("2", "02 09:30:02", "tag_added", "ai_handoff_policy"),
            ("2", "02 09:30:02", "tag_removed", "ai_outcome_assumed"),
            ("2", "02 09:30:02", "handoff", "policy"),
            ("2", "02 09:40:00", "status_changed", "on_hold"),
            ("3", "02 11:00:00", "resolved", None),
            ("3", "02 11:00:00", "closed", None),
            ("3", "02 11:00:00", "merged_into", "1"),
            ("4", "02 10:00:15", "spam_marked", None),
            ("5", "04 12:00:00", "tag_added", "vip"),
            ("5", "04 12:00:00", "deleted", None),
        ]
    end = on(2, "08:05:00") + sum(steps, timedelta(days=2))
    fresh = fresh_load("freshdesk", end, tmp_path / "fresh")
    assert shop.documents() == fresh.documents()


def test_what_is_gone_or_not_in_the_plan_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time is refused once a page of tickets, not once a ticket."""

    def refused(ticket: Ticket, at: int) -> NoReturn:
        raise HTTPException(403)

    def gone(ticket: Ticket, *rest: Any) -> list[dict[str, Any]]:
        if ticket.number == 3:
            raise HTTPException(404)
        return told(ticket, *rest)

    told = freshdesk_parts.conversations
    monkeypatch.setattr(freshdesk_parts, "time_entries", refused)
    monkeypatch.setattr(freshdesk_parts, "conversations", gone)
    with sandbox(on(3, "00:00:00")) as client:
        shop = Desk("freshdesk", f"{client.base}/freshdesk", tmp_path)
        shop.sync()
        calls = calls_of(client)
    landed = shop.documents()
    assert (len(landed["tickets"]), len(landed["conversations"])) == (5, 4)
    assert landed["time_entries"] == {}
    assert [call["status"] for call in calls if "time_entries" in call["path"]] == [403, 403]


def test_a_secret_is_in_no_error(tmp_path: Path) -> None:
    with sandbox(END, secret="other") as client:
        told = refused(Desk("freshdesk", f"{client.base}/freshdesk", tmp_path))
    assert "key:X" not in told and "a2V5Olg=" not in told


def test_a_spent_budget_is_waited_for() -> None:
    def waits(**headers: str) -> float | None:
        return freshdesk.pause_s(
            CaseInsensitiveDict({name.replace("_", "-"): told for name, told in headers.items()})
        )

    assert waits(X_Ratelimit_Remaining="0", Retry_After="7") == 7
    assert waits(X_RateLimit_Remaining="0") == 60
    assert waits(X_RateLimit_Remaining="1", Retry_After="7") is None
    assert waits() is None


def test_payloads_of_the_client_library_are_typed(
    shared: Path, tmp_path: Path, models: list[Model]
) -> None:
    """A ticket in two versions, and what hangs on it."""
    folder = shared / "data/payloads_freshdesk/python-freshdesk/v2"

    def reading(file: Path) -> Reader:
        found = json.loads(file.read_text()) if file.exists() else []
        documents = found if isinstance(found, list) else [found]
        return lambda api, state, run: iter([Page(documents, is_last=True)])

    def sync(ticket: str) -> None:
        files = {table: table for table in freshdesk.VENDOR.tables} | {"tickets": ticket}
        streams = [Stream(table, reading(folder / f"{name}.json")) for table, name in files.items()]
        run = SourceRun(shop.warehouse, tmp_path / "scratch", shop.now)
        pipeline = build("desk", shop.warehouse, tmp_path / "dlt")
        vendor = replace(freshdesk.VENDOR, streams=streams)
        load(pipeline, lambda: vendor.source(spec, run), run)

    shop = Desk("freshdesk", "https://desk.example", tmp_path)
    spec = ApiSpec("desk", "freshdesk", shop.url, secrets={"api_key": "key"})
    sync("ticket_1")
    sync("ticket_1_updated")
    with shop.staged(models) as connection:
        found = rows(
            connection,
            """select ticket_id, channel, category, status, priority, tags,
                strftime(created_at, '%Y-%m-%d %H:%M:%S') from staging.stg_freshdesk__tickets""",
        )
        assert found == [
            ("1", "contact_form", "Question", "resolved", "high", '["hello","world"]',
             "2016-05-18 04:36:04"),
        ]  # fmt: skip
        assert rows(connection, EVENTS) == [
            ("1", "18 23:42:50", "priority_set", "high"),
            ("1", "18 23:42:50", "tag_added", "hello"),
            ("1", "18 23:42:50", "tag_added", "world"),
            ("1", "18 23:42:50", "tag_removed", "bar"),
            ("1", "18 23:42:50", "tag_removed", "foo"),
            ("1", "18 23:42:50", "resolved", None),
            ("1", "24 15:35:21", "status_changed", "open"),
            ("1", "24 15:35:21", "resolved", None),
        ]
        messages = "select message_id, author_kind, is_public, char_count"
        assert rows(connection, f"{messages} from staging.stg_freshdesk__messages order by 1") == [
            ("1", "human_agent", False, 22),
            ("2", "human_agent", True, 15),
            ("description|1", "customer", True, 48),
        ]
        times = "select ticket_id, agent_id, seconds from staging.stg_freshdesk__time_entries"
        assert rows(connection, f"{times} order by 1") == [
            ("1", "1", 900),
            ("2", "1", 600),
            ("3", "1", 900),
        ]
        agents = "select agent_id, name, kind from staging.stg_freshdesk__agents order by 1"
        assert rows(connection, agents) == [
            ("1", "Support", "human_agent"),
            ("432", "Clark Kent", "human_agent"),
        ]
