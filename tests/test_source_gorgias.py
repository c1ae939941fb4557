"""Gorgias through its real protocol: what lands, what is asked again, what staging makes of it."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from ingestion import gorgias
from ingestion.api import ApiSpec
from ingestion.run import SourceRun
from ingestion.sandbox.faults import Faults
from ingestion.sandbox.gorgias_fields import user_number
from ingestion.sandbox.vendor import Limit
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
        yield client, Desk("gorgias", f"{client.base}/gorgias", tmp_path)


@pytest.fixture(scope="module")
def staged(
    tmp_path_factory: pytest.TempPathFactory, models: list[Model]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Read before T3 is merged into T1 and a week after."""
    with sandbox(on(2, "10:40:00")) as client:
        shop = Desk("gorgias", f"{client.base}/gorgias", tmp_path_factory.mktemp("merge"))
        shop.sync()
        client.clock.advance(END - on(2, "10:40:00"))
        shop.sync(later=A_WEEK)
    with shop.staged(models) as connection:
        yield connection


def test_a_second_sync_adds_nothing_and_asks_once(desk: tuple[Sandbox, Desk]) -> None:
    """Tickets are listed twice: for themselves, and to see whose messages to read again."""
    client, shop = desk
    assert shop.sync().total > 0
    calls_of(client)
    assert shop.sync().rows == {}
    asked = Counter(call["path"].split("/api/")[1] for call in calls_of(client))
    once = ("messages", "events", "satisfaction-surveys", "customers", "users", "teams", "tags",
            "custom-fields")  # fmt: skip
    assert asked == {"tickets": 2, **dict.fromkeys(once, 1)}


def test_small_passes_land_what_one_pass_does(
    desk: tuple[Sandbox, Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, shop = desk
    shop.sync()
    monkeypatch.setattr(gorgias, "PAGE", 14)
    slow = Desk("gorgias", shop.url, tmp_path / "slow")
    slow.sync(documents=1)
    assert slow.documents() == shop.documents()


def test_a_walk_that_was_left_off_goes_on_and_misses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events come while the walk rests: they lie before its first page, and behind the cursor that
    it was to leave.
    """
    monkeypatch.setattr(gorgias, "PAGE", 3)
    (stream,) = (stream for stream in gorgias.STREAMS if stream.table == "events")
    state: dict[str, object] = {}
    found: list[dict[str, object]] = []
    with sandbox(on(2, "09:40:00")) as client:
        api = gorgias.connect(ApiSpec("desk", "gorgias", f"{client.base}/gorgias", None, SECRETS))
        first = SourceRun(tmp_path / "none", tmp_path, END)
        found += next(stream.read(api, state, first)).documents
        assert "newest" not in state
        client.clock.advance(timedelta(hours=1))
        pages = list(stream.read(api, state, SourceRun(tmp_path / "none", tmp_path, END + A_WEEK)))
        found += [document for page in pages for document in page.documents]
        assert [page.is_last for page in pages] == [*[False] * (len(pages) - 1), True]
        listed = client.get("/gorgias/api/events", limit=100).body
    assert listed["meta"]["next_cursor"] is None
    assert {each["id"] for each in found} == {each["id"] for each in listed["data"]}
    assert state["newest"] == "2026-03-02T10:30:00+00:00"


def test_tickets_hold_what_gorgias_says(staged: duckdb.DuckDBPyConnection) -> None:
    """T3 is no longer listed; what was last seen of it stays. Pending is not a word of Gorgias."""
    found = rows(
        staged,
        """select ticket_id, channel, category, subcategory, status, team, merged_into, is_spam,
            is_deleted, strftime(deleted_at, '%d %H:%M')
        from staging.stg_gorgias__tickets order by ticket_id""",
    )
    assert found == [
        ("1", "email", "wismo", "late", "resolved", "care", None, False, False, None),
        ("2", "chat", "other", None, "snoozed", "chat", None, False, False, None),
        ("3", "contact_form", None, None, "open", "care", "1", False, True, None),
        ("4", "email", None, None, "open", "care", None, True, False, None),
        ("5", "email", None, None, "open", "care", None, False, True, "04 12:00"),
    ]


def test_messages_are_those_of_the_shop(staged: duckdb.DuckDBPyConnection) -> None:
    """What we send is sent ten seconds after it was written; T3's message is now T1's."""
    found = rows(
        staged,
        """select ticket_id, strftime(sent_at, '%d %H:%M:%S'), author_kind, is_public, is_auto
        from staging.stg_gorgias__messages order by sent_at, ticket_id""",
    )
    assert found == [
        ("1", "02 08:00:00", "customer", True, False),
        ("1", "02 08:30:00", "customer", True, False),
        ("2", "02 09:00:00", "customer", True, False),
        ("2", "02 09:00:40", "ai_agent", True, False),
        ("1", "02 09:10:05", "human_agent", False, False),
        ("1", "02 09:10:10", "human_agent", True, False),
        ("1", "02 09:20:00", "customer", True, True),
        ("4", "02 10:00:00", "customer", True, False),
        ("5", "02 10:00:00", "customer", True, False),
    ]


def test_events_are_in_our_words(staged: duckdb.DuckDBPyConnection) -> None:
    amara = str(user_number("agent-1"))
    found = rows(
        staged,
        """select ticket_id, strftime(occurred_at, '%d %H:%M:%S'), event_type, to_value, actor_kind
        from staging.stg_gorgias__ticket_events
        where event_type <> 'created' and (event_type <> 'assigned' or ticket_id = '1')
        order by occurred_at, ticket_id, event_type""",
    )
    assert found == [
        ("1", "02 08:00:03", "assigned", "care", "automation"),
        ("1", "02 09:00:00", "assigned", amara, "human_agent"),
        ("2", "02 09:00:30", "tag_added", "ai_answered", "ai_agent"),
        ("2", "02 09:01:00", "ai_outcome", "assumed", "ai_agent"),
        ("2", "02 09:01:00", "resolved", None, "ai_agent"),
        ("2", "02 09:01:00", "tag_added", "ai_close", "ai_agent"),
        ("2", "02 09:30:00", "reopened", None, "automation"),
        ("2", "02 09:30:00", "tag_removed", "ai_close", "automation"),
        ("2", "02 09:30:02", "handoff", None, "ai_agent"),
        ("2", "02 09:30:02", "tag_added", "ai_handover", "ai_agent"),
        ("2", "02 09:40:00", "snoozed", None, "human_agent"),
        ("1", "02 10:00:00", "resolved", None, "human_agent"),
        ("4", "02 10:00:15", "spam_marked", None, "automation"),
        ("1", "02 10:30:00", "survey_sent", None, "automation"),
        ("3", "02 11:00:00", "merged_into", "1", "human_agent"),
        ("1", "02 12:00:00", "survey_answered", None, "customer"),
        ("1", "03 12:00:00", "survey_answered", None, "customer"),
        ("5", "03 12:00:00", "tag_added", "vip", "human_agent"),
        ("5", "04 12:00:00", "trashed", None, "human_agent"),
    ]
    told = "select name, kind, team, active_to::date::text from staging.stg_gorgias__agents"
    assert rows(staged, f"{told} order by name") == [
        ("AI Agent", "ai_agent", None, None),
        ("Amara", "human_agent", "care", "2026-03-05"),
    ]
    told = "select email, phone from staging.stg_gorgias__customers"
    assert rows(staged, f"{told} where phone is not null") == [("one@mail.example", "+15551")]


def test_what_changes_later_is_read_again(tmp_path: Path, models: list[Model]) -> None:
    """A reply that was on its way at 09:10:05, and a score of the 2nd that is another on the 3rd.
    Both lists are cursored on what does not change.
    """
    scores = (
        "select score, strftime(survey_sent_at, '%H:%M') from staging.stg_gorgias__csat_responses"
    )
    sent = """select strftime(sent_at, '%H:%M:%S') from staging.stg_gorgias__messages
        where author_kind = 'human_agent' and is_public"""
    with sandbox(on(2, "09:10:05")) as client:
        shop = Desk("gorgias", f"{client.base}/gorgias", tmp_path)
        shop.sync()
        with shop.staged(models) as connection:
            assert rows(connection, sent) == [("09:10:00",)]
        client.clock.advance(timedelta(hours=3))
        shop.sync()
        with shop.staged(models) as connection:
            assert rows(connection, sent) == [("09:10:10",)]
            assert rows(connection, scores) == [("2", "10:30")]
        client.clock.advance(timedelta(days=2))
        shop.sync()
        with shop.staged(models) as connection:
            assert rows(connection, scores) == [("4", "10:30")]


def test_messages_of_changed_tickets_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an overlap, M7 becomes T1's only because T1 has changed."""
    monkeypatch.setattr(gorgias, "PAGE", 2)
    monkeypatch.setattr(gorgias, "LATE_MESSAGES", timedelta(0))
    with sandbox(on(2, "10:40:00")) as client:
        shop = Desk("gorgias", f"{client.base}/gorgias", tmp_path)
        shop.sync()
        client.clock.advance(timedelta(hours=1))
        shop.sync()
    tickets = Counter(json.loads(each or "")["ticket_id"]
                      for each in shop.documents()["messages"].values())  # fmt: skip
    assert tickets == {1: 5, 2: 2, 4: 1, 5: 1}


def test_increments_with_faults_end_where_a_fresh_load_does(tmp_path: Path) -> None:
    """Over a merge, which only the weekly sweep of ids tells of the ticket's list."""
    steps = [timedelta(minutes=65), timedelta(hours=3), timedelta(days=2)]
    with sandbox(on(2, "08:05:00"), faults=Faults(seed=3, rate=0.2, kinds=ALL_BUT_SLOW)) as client:
        shop = Desk("gorgias", f"{client.base}/gorgias", tmp_path)
        shop.sync()
        for step in steps:
            client.clock.advance(step)
            shop.sync(later=A_WEEK if step == steps[-1] else timedelta(hours=1))
    fresh = fresh_load("gorgias", on(2, "08:05:00") + sum(steps, timedelta()), tmp_path / "fresh")
    assert sorted(fresh.documents()["tickets"]) == ["1", "2", "4", "5"]
    assert shop.documents() == fresh.documents()


def test_the_budget_is_never_overdrawn(tmp_path: Path) -> None:
    limits = {"gorgias": (Limit("", 4, 1.0),)}
    with sandbox(END, limits=limits) as client:
        Desk("gorgias", f"{client.base}/gorgias", tmp_path).sync()
        statuses = {call["status"] for call in calls_of(client)}
    assert statuses == {200}


def test_a_secret_is_in_no_row_and_no_error(tmp_path: Path) -> None:
    with sandbox(END, secret="other") as client:
        told = refused(Desk("gorgias", f"{client.base}/gorgias", tmp_path))
    assert "me@shop.example" not in told and "me@shop.example:key" not in told


def test_a_recorded_ticket_goes_through_staging(
    tmp_path: Path, shared: Path, models: list[Model]
) -> None:
    recorded = shared / "data/payloads_gorgias/gorgias_ticket_pipedream.json"
    ticket = json.loads(recorded.read_text())
    shop = fresh_load("gorgias", on(1, "00:00:00"), tmp_path)
    shop.land("tickets", {str(ticket["id"]): ticket})
    shop.land("messages", {str(each["id"]): each for each in ticket["messages"]})
    with shop.staged(models) as connection:
        found = rows(
            connection,
            """select ticket_id, created_at::text, channel, status, priority, customer_id,
                customer_email, assignee_id, tags, is_spam, is_deleted
            from staging.stg_gorgias__tickets""",
        )
        assert found == [
            ("86538410", "2024-02-14 21:31:12.36723+00", "email", "open", "normal", "387705374",
             "test@sample.com", "387654483", "[]", False, False)]  # fmt: skip
        found = rows(
            connection,
            """select ticket_id, sent_at::text, author_kind, author_id, is_public, is_auto,
                char_count from staging.stg_gorgias__messages""",
        )
        assert found == [
            ("86538410", "2024-02-14 21:31:12.924335+00", "human_agent", "387654483", True, False,
             5)]  # fmt: skip
