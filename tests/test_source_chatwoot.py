"""Chatwoot through its protocol: what lands, what is asked again, what staging makes of it."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn, cast

import duckdb
import pytest
from starlette.exceptions import HTTPException

from ingestion import chatwoot
from ingestion.api import Api, ApiSpec, Page
from ingestion.errors import IngestError
from ingestion.run import SourceRun, Sync
from ingestion.sandbox import chatwoot as vendor
from ingestion.sandbox import chatwoot_lines, chatwoot_people
from ingestion.sandbox.faults import Faults
from ingestion.sandbox.world import Ticket
from tests.models import Model
from tests.sandbox_support import on, sandbox
from tests.source_support import A_WEEK, SECRETS, Desk

END = on(12, "00:00:00")
EVENTS = """select ticket_id, strftime(occurred_at, '%d %H:%M:%S'), event_type, to_value
from staging.stg_chatwoot__ticket_events where event_type <> 'created'
order by ticket_id, occurred_at, seq, event_type, to_value"""


@pytest.fixture(scope="module")
def staged(
    tmp_path_factory: pytest.TempPathFactory, models: list[Model]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The whole shop: synced before ticket 5 was deleted, and a week after."""
    with sandbox(on(3, "13:00:00")) as client:
        shop = Desk("chatwoot", f"{client.base}/chatwoot", tmp_path_factory.mktemp("staged"))
        shop.sync()
        client.clock.advance(END - on(3, "13:00:00"))
        shop.sync(later=A_WEEK)
    with shop.staged(models) as connection:
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


def test_tickets_people_and_ratings_hold_what_chatwoot_says(
    staged: duckdb.DuckDBPyConnection,
) -> None:
    """It knows no merge, so ticket 3 is resolved; what is gone stays as it was last seen."""
    found = rows(
        staged,
        """select ticket_id, channel, category, subcategory, status, priority, team, order_id,
            tags, is_spam, is_deleted, strftime(first_reply_at, '%d %H:%M')
        from staging.stg_chatwoot__tickets order by ticket_id""",
    )
    assert found == [
        ("1", "email", "wismo", "late", "resolved", "high", "care", "#7", "[]", False, False,
         "02 09:10"),
        ("2", "chat", "other", None, "snoozed", None, "chat", None, "[]", False, False, None),
        ("3", "email", None, None, "resolved", None, "care", None, "[]", False, False, None),
        ("4", "email", None, None, "open", None, "care", None, '["spam"]', True, False, None),
        ("5", "email", None, None, "open", None, "care", None, '["old","vip"]', False, True, None),
    ]  # fmt: skip
    assert rows(
        staged, "select name, kind, team from staging.stg_chatwoot__agents order by name"
    ) == [("Amara", "human_agent", None), ("Paige", "ai_agent", None)]
    assert rows(
        staged,
        "select email, phone, is_test from staging.stg_chatwoot__customers order by email",
    ) == [
        ("one@mail.example", "+15551", False),
        ("qa@shop.example", None, True),
        ("win@mail.example", None, False),
    ]
    assert rows(
        staged,
        """select ticket_id, score, scale, strftime(rated_at, '%d %H:%M'),
            strftime(survey_sent_at, '%d %H:%M') from staging.stg_chatwoot__csat_responses""",
    ) == [("1", "4", "1-5", "02 12:00", "02 10:30")]


def test_messages_are_those_of_the_shop(staged: duckdb.DuckDBPyConnection) -> None:
    """Neither activities nor the survey are among them. Amara has left; her replies stay hers."""
    found = rows(
        staged,
        """select ticket_id, strftime(sent_at, '%d %H:%M:%S'), author_kind, is_public, is_auto
        from staging.stg_chatwoot__messages order by sent_at, ticket_id, is_public desc""",
    )
    assert found == [
        ("1", "02 08:00:00", "customer", True, False),
        ("3", "02 08:30:00", "customer", True, False),
        ("2", "02 09:00:00", "customer", True, False),
        ("2", "02 09:00:30", "ai_agent", True, False),
        ("1", "02 09:10:00", "human_agent", True, False),
        ("1", "02 09:10:05", "human_agent", False, False),
        ("1", "02 09:20:00", "customer", True, True),
        ("4", "02 10:00:00", "customer", True, False),
        ("5", "02 10:00:00", "customer", True, False),
    ]


def test_a_second_sync_adds_nothing_and_asks_little(tmp_path: Path) -> None:
    """Each list to its empty page, within the days that are read again; no message again."""
    with sandbox(END) as client:
        shop = Desk("chatwoot", f"{client.base}/chatwoot", tmp_path)
        assert shop.sync().total > 0
        client.send("DELETE", f"{client.base}/sandbox/calls")
        assert shop.sync().rows == {}
        calls = client.get("/sandbox/calls").body
    assert Counter(call["path"].split("/v1/")[1].split("/")[-1] for call in calls) == {
        "profile": 1,
        **dict.fromkeys(("conversations", "contacts", "csat_survey_responses"), 2),
        **dict.fromkeys(("agents", "agent_bots", "inboxes", "labels"), 1),
        **dict.fromkeys(("teams", "team_members"), 2),
        "custom_attribute_definitions": 1,
    }
    assert "a secret of" not in json.dumps(shop.documents())


def test_small_pages_and_passes_land_what_one_pass_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox(on(3, "13:00:00")) as client:
        shop = Desk("chatwoot", f"{client.base}/chatwoot", tmp_path)
        shop.sync()
        for module in (vendor, chatwoot):
            monkeypatch.setattr(module, "MESSAGES_PAGE", 2)
        monkeypatch.setattr(vendor, "PAGE", 2)
        slow = Desk("chatwoot", shop.url, tmp_path / "slow")
        slow.sync(documents=1)
    assert set(shop.documents()["conversations"]) == {"1", "2", "3", "4", "5"}
    assert slow.documents() == shop.documents()


def test_a_walk_that_was_left_off_goes_on_and_misses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left off behind the page of ticket 1 at 9:15. Until it goes on, 1 and 2 move up and 3, which
    lay ahead, is resolved. Both lie before its page then, and behind the cursor that it leaves.
    """
    monkeypatch.setattr(vendor, "PAGE", 1)
    (stream,) = (each for each in chatwoot.STREAMS if each.table == "conversations")
    state: dict[str, Any] = {}
    with sandbox(on(2, "09:15:00")) as client:
        api = chatwoot.connect(
            ApiSpec("desk", "chatwoot", f"{client.base}/chatwoot", None, SECRETS)
        )
        first = SourceRun(tmp_path / "none", tmp_path, END)
        first.sync.begin_pass()
        seen = [document["id"] for document in next(stream.read(api, state, first)).documents]
        assert (seen, "newest" in state) == ([1], False)
        client.clock.advance(timedelta(hours=5))
        later = SourceRun(tmp_path / "none", tmp_path, END + A_WEEK)
        later.sync.begin_pass()
        pages = list(stream.read(api, state, later))
    assert [page.is_last for page in pages] == [*[False] * (len(pages) - 1), True]
    latest = {each["id"]: each["last_activity_at"] for page in pages for each in page.documents}
    assert latest == {
        number: int(on(2, clock).timestamp())
        for number, clock in (
            (1, "10:30:00"), (2, "09:40:00"), (3, "11:00:00"), (4, "10:00:15"), (5, "10:00:00")
        )
    }  # fmt: skip
    assert state["newest"] == int(on(2, "11:00:00").timestamp())
    assert "walk" not in state


@pytest.mark.parametrize(
    ("table", "oldest"), [("conversations", 35), ("contacts", 35), ("csat_survey_responses", 23)]
)
def test_a_walk_ends_behind_the_days_that_are_read_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, table: str, oldest: int
) -> None:
    """A document a day, two a page. The last walk began on day 40; two older ones end this one."""
    day_s = 86_400

    def pages(feed: chatwoot.Feed, api: Api, first: int = 1) -> Iterator[Page]:
        for day in range(42, 0, -2):
            yield Page([{"id": each, feed.stamp: each * day_s} for each in (day, day - 1)])

    monkeypatch.setattr(chatwoot.Feed, "pages", pages)
    (stream,) = (each for each in chatwoot.STREAMS if each.table == table)
    api = Api(ApiSpec("desk", "chatwoot", "https://desk.example"))
    state = {"newest": 40 * day_s}
    read = list(stream.read(api, state, SourceRun(tmp_path / "none", tmp_path, END)))
    assert read[-1].documents[-1]["id"] == oldest
    assert (read[-1].is_last, state) == (True, {"newest": 42 * day_s})


@pytest.mark.parametrize(("passes", "page"), [(1, 4), (2, 5)])
def test_a_walk_goes_on_one_page_before_in_the_first_pass(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, passes: int, page: int
) -> None:
    """Rows may have been deleted since, and all below them have moved up."""
    asked = []

    def pages(feed: chatwoot.Feed, api: Api, first: int = 1) -> Iterator[Page]:
        asked.append(first)
        yield Page([], is_last=True)

    monkeypatch.setattr(chatwoot.Feed, "pages", pages)
    (stream,) = (each for each in chatwoot.STREAMS if each.table == "conversations")
    api = Api(ApiSpec("desk", "chatwoot", "https://desk.example"))
    run = SourceRun(tmp_path / "none", tmp_path, END, sync=Sync(passes=passes))
    state = {"walk": {"began": "before", "until": 0, "newest": 0, "page": 5}}
    list(stream.read(api, state, run))
    assert asked == [page, 1]


def test_increments_with_faults_see_history_and_end_where_a_fresh_load_does(
    tmp_path: Path, models: list[Model]
) -> None:
    """Syncs at 8:05, 9:10, 12:35 and a day after, when a rating has changed. The log dates
    resolves, openings and the hand-off to the second; Amara's taking over is dated by the last
    activity. That she set 1 to pending in between was seen by no sync.
    """
    steps = [timedelta(minutes=65), timedelta(minutes=205)]
    faults = Faults(seed=3, kinds=("429", "500", "502", "short", "cut", "repeat", "shuffle"))
    told = "select score from staging.stg_chatwoot__csat_responses"
    with sandbox(on(2, "08:05:00"), faults=faults) as client:
        shop = Desk("chatwoot", f"{client.base}/chatwoot", tmp_path)
        shop.sync()
        for step in steps:
            client.clock.advance(step)
            shop.sync()
        with shop.staged(models) as connection:
            assert rows(connection, told) == [("2",)]
        client.clock.advance(timedelta(days=1))
        shop.sync()
    with shop.staged(models) as connection:
        assert rows(connection, told) == [("4",)]
        assert rows(connection, EVENTS) == [
            ("1", "02 09:10:00", "assigned", "8365273905333"),
            ("1", "02 10:00:00", "resolved", None),
            ("1", "02 10:30:00", "survey_sent", None),
            ("2", "02 09:01:00", "ai_outcome", "assumed"),
            ("2", "02 09:01:00", "resolved", None),
            ("2", "02 09:30:00", "reopened", None),
            ("2", "02 09:30:02", "handoff", None),
            ("2", "02 09:40:00", "snoozed", None),
            ("3", "02 11:00:00", "resolved", None),
            ("4", "02 10:00:15", "spam_marked", None),
            ("5", "03 12:00:00", "tag_added", "vip"),
        ]
    with sandbox(on(2, "08:05:00") + sum(steps, timedelta(days=1))) as client:
        fresh = Desk("chatwoot", f"{client.base}/chatwoot", tmp_path / "fresh")
        fresh.sync()
    assert shop.documents() == fresh.documents()


def test_what_moves_up_while_ids_are_read_is_not_taken_for_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """1 lay behind 2 and 3. While the first page is read it moves up, and the others down."""
    walks = iter([[[(3, 30)], [(3, 30)], [(2, 20)], []], [[(1, 40), (3, 30)], [(2, 20), (0, 10)]]])

    def pages(feed: chatwoot.Feed, api: Api, first: int = 1) -> Iterator[Page]:
        for page in next(walks):
            yield Page([{"id": key, feed.stamp: at} for key, at in page])

    monkeypatch.setattr(chatwoot.Feed, "pages", pages)
    (stream,) = (each for each in chatwoot.STREAMS if each.table == "conversations")
    assert stream.ids is not None
    nothing = cast(Any, None)  # the pages are made up
    found = {key for page in stream.ids(nothing, nothing) for key in page}
    assert {"1", "2", "3"} <= found


def test_the_account_is_the_only_one_or_named_and_must_be_an_administrators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = chatwoot_people.profile()

    def seen_by(*accounts: tuple[int, str]) -> None:
        listed = [{"id": number, "role": role} for number, role in accounts]
        monkeypatch.setattr(chatwoot_people, "profile", lambda: told | {"accounts": listed})

    def reached(url: str) -> str:
        return chatwoot.connect(ApiSpec("desk", "chatwoot", url, None, SECRETS)).spec.url

    with sandbox(END) as client:
        base = f"{client.base}/chatwoot"
        assert reached(base) == f"{base}/api/v1/accounts/1"
        seen_by((1, "administrator"), (7, "administrator"), (8, "agent"))
        assert reached(f"{base}/accounts/7") == f"{base}/api/v1/accounts/7"
        assert reached(f"{base}/app/accounts/7") == f"{base}/api/v1/accounts/7"
        with pytest.raises(IngestError, match=r"sees the accounts 1, 7, 8\. End `url`"):
            reached(base)
        for account in (8, 9):
            with pytest.raises(IngestError, match="no administrator's"):
                reached(f"{base}/accounts/{account}")
    with sandbox(END, secret="other") as client:
        shop = Desk("chatwoot", f"{client.base}/chatwoot", tmp_path)
        with pytest.raises(IngestError) as raised:
            shop.sync()
    said = "".join(str(error) for error in (raised.value, raised.value.__cause__))
    assert "refuses the credentials (401)" in said
    assert "key" not in said.replace("SOURCES__DESK__", "")


def test_without_a_log_events_come_from_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: list[Model]
) -> None:
    """A server without Enterprise code. It is asked once a page for what it does not have."""

    def refused(ticket: Ticket, upto: int) -> NoReturn:
        raise HTTPException(404)

    monkeypatch.setattr(chatwoot_lines, "reporting_events", refused)
    with sandbox(on(2, "08:05:00")) as client:
        shop = Desk("chatwoot", f"{client.base}/chatwoot", tmp_path)
        for hours in (1, 24):
            shop.sync()
            client.clock.advance(timedelta(hours=hours))
        client.send("DELETE", f"{client.base}/sandbox/calls")
        shop.sync()
        calls = client.get("/sandbox/calls").body
    assert [call["status"] for call in calls if "reporting" in call["path"]] == [404]
    assert shop.documents()["reporting_events"] == {}
    with shop.staged(models) as connection:
        assert rows(connection, EVENTS) == [
            ("1", "02 09:00:00", "assigned", "8365273905333"),
            ("1", "02 10:30:00", "resolved", None),
            ("1", "02 10:30:00", "survey_sent", None),
            ("2", "02 09:01:00", "resolved", None),
            ("2", "02 09:40:00", "snoozed", None),
            ("3", "02 11:00:00", "resolved", None),
            ("4", "02 10:00:15", "spam_marked", None),
        ]


def test_a_conversation_that_goes_while_it_is_read_is_left_out() -> None:
    (stream,) = (each for each in chatwoot.STREAMS if each.table == "conversations")
    listed = [{"id": 5}, {"id": 3}]
    with sandbox(on(5, "00:00:00")) as client:
        api = chatwoot.connect(
            ApiSpec("desk", "chatwoot", f"{client.base}/chatwoot", None, SECRETS)
        )
        found = {
            table: [document["conversation_id"] for page in read(api, listed) for document in page]
            for table, (read, _) in stream.children.items()
        }
    assert found == {"messages": [3, 3], "reporting_events": [3]}
