"""Chatwoot by its database: each change of a row is seen, once, and for few queries."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dlt.extract.exceptions import ResourceExtractionError

from ingestion import chatwoot, chatwoot_database, chatwoot_queries
from ingestion.chatwoot_database import Chatwoot
from ingestion.errors import IngestError
from ingestion.sandbox.world import World
from tests.chatwoot_tables import change, fill, insert, made
from tests.models import Model
from tests.postgres_support import Server
from tests.quick_desk import CrashError, QuickDesk, versions
from tests.sandbox_support import on, shop
from tests.source_support import A_WEEK, Desk

END = on(3, "13:00:00")
ASK = Chatwoot._without_absent
INTERNAL = "(select id from conversations where display_id = {})"


@pytest.fixture
def url(postgres: Server) -> str:
    """The shop on the day before ticket 5 is deleted."""
    filled = made(postgres)
    fill(filled, World.of(shop()), END)
    return filled


def settings(url: str, folder: Path) -> dict[str, Any]:
    return {
        "kind": "chatwoot",
        "url": "https://app.chatwoot.com",
        "folder": folder,
        "secrets": {"database_url": url},
    }


def documents(desk: Desk, table: str) -> dict[str, dict[str, Any]]:
    return {key: json.loads(str(payload)) for key, payload in desk.documents()[table].items()}


def break_at(patch: pytest.MonkeyPatch, number: int | None = None) -> list[str]:
    """The queries from here on, of which one is the last thing that the process does."""
    asked: list[str] = []

    def ask(database: Chatwoot, sql: str) -> str:
        if len(asked) + 1 == number:
            raise CrashError
        asked.append(sql)
        return ASK(database, sql)

    patch.setattr(Chatwoot, "_without_absent", ask)
    return asked


def test_both_ways_fill_the_same_tables() -> None:
    assert set(chatwoot_database.VENDOR.tables) == set(chatwoot.VENDOR.tables)
    assert chatwoot_database.VENDOR.tables[0] == chatwoot.VENDOR.tables[0]


def test_a_second_sync_adds_nothing_and_asks_little(
    url: str, postgres: Server, tmp_path: Path
) -> None:
    """Which accounts there are, and each table once; no session is left."""
    desk = Desk(**settings(url, tmp_path))
    assert desk.sync().total > 0
    postgres.forget()
    assert desk.sync().rows == {}
    asked = postgres.asked("bookbag")
    assert len(asked) == 1 + len(chatwoot_database.STREAMS)
    assert {statement.split()[0] for statement in asked} == {"select", "with"}
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select count(*) from pg_stat_activity where application_name = 'bookbag'"
        ).fetchall()
    assert found == [(0,)]


def test_each_change_of_a_row_is_seen(url: str, tmp_path: Path) -> None:
    """A custom attribute ten days after the last activity, an edited message and a new one, which
    touch their conversation; a new rating, a changed one, an event of the log that is written late.
    """
    desk = Desk(**settings(url, tmp_path))
    desk.sync()
    touched = "updated_at = '2026-03-13 10:00:00.25'"
    change(
        url,
        f'update conversations set custom_attributes = \'{{"category": "size"}}\', {touched}'
        " where display_id = 2",
        "update messages set content = 'Sooner.' where content = 'Soon.'",
        """insert into messages (id, account_id, conversation_id, message_type, content_type,
            created_at, updated_at)
        select 7, 1, id, 0, 0, '2026-03-13 10:00:00', '2026-03-13 10:00:00' from conversations
        where display_id = 1""",
        f"update conversations set {touched} where display_id = 1",
        f"update csat_survey_responses set rating = 1, {touched}",
        f"""insert into csat_survey_responses
        values (8, 1, {INTERNAL.format(4)}, 9, 3, 'Fine', 5, null, '2026-03-13', '2026-03-13')""",
        f"""insert into reporting_events (id, account_id, conversation_id, name, event_end_time,
            created_at, updated_at)
        values (9, 1, {INTERNAL.format(3)}, 'conversation_opened', '2026-03-13', '2026-03-13',
            '2026-03-13')""",
    )
    assert desk.sync().rows == {
        "conversations": 2,
        "messages": 2,
        "csat_survey_responses": 2,
        "reporting_events": 1,
    }
    conversations = documents(desk, "conversations")
    assert conversations["2"]["custom_attributes"] == {"category": "size"}
    assert conversations["2"]["updated_at"] == 1773396000.25
    messages = documents(desk, "messages").values()
    contents = {each["content"] for each in messages if each["conversation_id"] == 1}
    assert {"Sooner.", None} <= contents and "Soon." not in contents
    ratings = documents(desk, "csat_survey_responses").values()
    assert {(each["conversation_id"], each["rating"]) for each in ratings} == {(1, 1), (4, 3)}
    log = documents(desk, "reporting_events")["3"]["events"]
    assert log[0]["name"] == "conversation_opened"
    assert log[0]["event_end_time"] == "2026-03-13T00:00:00+00:00"
    assert len(log) == 2


def test_deleted_rows_are_found_by_their_ids_within_a_week(url: str, tmp_path: Path) -> None:
    desk = Desk(**settings(url, tmp_path))
    desk.sync()
    change(
        url,
        f"delete from messages where conversation_id = {INTERNAL.format(5)}",
        "delete from conversations where display_id = 5",
        "delete from contacts where email = 'win@mail.example'",
        "delete from csat_survey_responses",
    )
    assert desk.sync().rows == {}
    assert desk.sync(later=A_WEEK).rows == {
        "conversations": 1,
        "contacts": 1,
        "csat_survey_responses": 1,
    }
    assert set(desk.documents()["conversations"]) == {"1", "2", "3", "4"}
    assert desk.sync().rows == {}


def test_rows_that_become_visible_late_are_seen(url: str, tmp_path: Path) -> None:
    """A transaction dates them half an hour before the newest row, and ends after the sync."""
    desk = Desk(**settings(url, tmp_path))
    late = (
        ("conversations", "updated_at", "display_id = 77"),
        ("reporting_events", "created_at", f"conversation_id = {INTERNAL.format(4)}"),
    )
    with psycopg.connect(url) as writer:
        for table, clock, other in late:
            writer.execute(
                f"create temp table row as select * from {table} order by {clock} desc limit 1"
            )
            writer.execute(
                f"update row set id = 5, {clock} = {clock} - interval '30 minutes', {other}"
            )
            writer.execute(f"insert into {table} select * from row")
            writer.execute("drop table row")
        desk.sync()
        assert "77" not in desk.documents()["conversations"]
        writer.commit()
    assert desk.sync().rows == {"conversations": 1, "reporting_events": 1}
    assert "77" in desk.documents()["conversations"]


def test_pages_go_on_behind_the_row_that_was_last(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five conversations of which four have one instant, two a page and two documents a pass."""
    change(url, "update conversations set updated_at = '2026-03-03' where display_id > 1")
    whole, slow = (QuickDesk(**settings(url, tmp_path / name)) for name in ("whole", "slow"))
    with whole.open():
        whole.sync()
    monkeypatch.setattr(chatwoot_database, "PAGE", 2)
    asked = break_at(monkeypatch)
    with slow.open():
        slow.sync(documents=2)
    assert slow.passes > 5
    assert versions(slow) == versions(whole)
    assert asked.count(chatwoot_queries.CONVERSATIONS) == 3


def test_nothing_before_the_start_is_read(url: str, tmp_path: Path) -> None:
    change(url, "update conversations set updated_at = '2026-03-05' where display_id = 3")
    desk = QuickDesk(**settings(url, tmp_path / "later"), start_at=on(5, "00:00:00"))
    with desk.open():
        desk.sync()
        assert set(desk.documents()["conversations"]) == {"3"}


def test_a_crash_at_any_query_loses_and_doubles_nothing(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of two rows, some three documents a pass: most crashes come between passes."""
    monkeypatch.setattr(chatwoot_database, "PAGE", 2)
    whole = QuickDesk(**settings(url, tmp_path / "whole"))
    asked = break_at(monkeypatch)
    with whole.open():
        whole.sync(documents=3)
        wanted = versions(whole)
    assert whole.passes > 5
    for number in range(1, len(asked) + 1, 3):
        desk = QuickDesk(**settings(url, tmp_path / str(number)))
        with desk.open():
            break_at(monkeypatch, number)
            with pytest.raises(ResourceExtractionError) as raised:
                desk.sync(documents=3)
            assert isinstance(raised.value.__cause__, CrashError)
            break_at(monkeypatch)
            desk.sync()
            assert versions(desk) == wanted, f"query {number} of {len(asked)}"


def test_a_pass_of_the_pipeline_that_breaks_off_is_gone_on_from(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It breaks among the messages of the second page; what the first pass read has landed."""
    monkeypatch.setattr(chatwoot_database, "PAGE", 2)
    whole, broken = (Desk(**settings(url, tmp_path / name)) for name in ("whole", "broken"))
    whole.sync()
    break_at(monkeypatch, 4)
    with pytest.raises(IngestError):
        broken.sync(documents=3)
    break_at(monkeypatch)
    assert len(broken.documents()["conversations"]) == 2
    broken.sync()
    assert versions(broken) == versions(whole)


def test_what_other_databases_hold_is_typed(url: str, tmp_path: Path, models: list[Model]) -> None:
    """A bot that is assigned and wrote, attributes that are plain JSON, Twilio's WhatsApp, a user
    with a name to show, a message that is longer than a page of them.
    """
    at = {"created_at": "2026-03-04 08:00:00", "updated_at": "2026-03-04 08:00:00"}
    own = {"account_id": 1, **at}
    conversation = {
        **own, "id": 12, "display_id": 12, "inbox_id": 99, "status": 9, "priority": 3,
        "assignee_agent_bot_id": 4, "last_activity_at": "2026-03-04 08:00:00.9",
        "custom_attributes": {}, "additional_attributes": {"mail_subject": "On #12345"},
    }  # fmt: skip
    message = {**own, "conversation_id": 12, "message_type": 1, "content_type": 0, "private": False}
    with psycopg.connect(url) as connection:
        for table, row in (
            ("agent_bots", {"id": 4, "account_id": 1, "name": "Robo", "bot_type": 0}),
            ("agent_bots", {"id": 5, "name": "Everybody's", "bot_type": 0}),
            ("agent_bots", {"id": 6, "account_id": 2, "name": "Another's", "bot_type": 0}),
            ("users", {"id": 3, "name": "Kimberly", "display_name": "Kim"}),
            ("inboxes", {"id": 99, "account_id": 1, "name": "W", "channel_id": 1,
                         "channel_type": "Channel::TwilioSms"}),
            ("channel_twilio_sms", {"id": 1, "medium": 1, "auth_token": "a secret"}),
            ("conversations", conversation),
            ("messages", {**message, "id": 1, "sender_type": "AgentBot", "sender_id": 4}),
            ("messages", {**message, "id": 2, "content_attributes": {"automation_rule_id": 9}}),
            ("messages", {**message, "id": 3, "sender_type": "User", "sender_id": 3}),
        ):  # fmt: skip
            insert(connection, table, [row])
    desk = Desk(**settings(url, tmp_path))
    desk.sync()
    assert set(desk.documents()["agent_bots"]) == {"4", "5"}
    assert "secret" not in json.dumps(desk.documents())
    with desk.staged(models) as connection:
        assert connection.execute(
            """select channel, status, priority, assignee_id, strftime(updated_at, '%H:%M:%S')
            from staging.stg_chatwoot__tickets where ticket_id = '12'"""
        ).fetchall() == [("whatsapp", "unmapped", "urgent", "agentbot|4", "08:00:00")]
        assert connection.execute(
            """select message_id, author_kind, author_id from staging.stg_chatwoot__messages
            where ticket_id = '12' order by 1"""
        ).fetchall() == [
            ("1", "ai_agent", "agentbot|4"),
            ("2", "automation", None),
            ("3", "human_agent", "3"),
        ]
        assert connection.execute(
            "select name, kind from staging.stg_chatwoot__agents where agent_id = '3'"
        ).fetchall() == [("Kim", "human_agent")]
