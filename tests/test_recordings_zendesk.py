"""What Zendesk's live API once answered, through the connector and staging.

A test account of September 2023 to February 2024: most of it is tickets that a program made, but
their shapes, cursors, links and headers are Zendesk's own. Numbers here were counted in the
recordings, not by this code.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from requests.structures import CaseInsensitiveDict

from ingestion import zendesk
from ingestion.api import RefusedError
from ingestion.zendesk_newest import EXPORTED_ONLY
from tests.models import Model
from tests.recordings_support import (
    Call,
    Cassettes,
    Find,
    Player,
    Recorded,
    audits_by_ticket,
    bodies,
    playing,
)
from tests.sandbox_support import API, on, sandbox
from tests.source_support import Desk

CASSETTES = "data/payloads_zendesk/zenpy_interactions"
FEBRUARY = (
    "TicketsIncrementalTest.test_get_values",
    "TestUsersPagination.test_values",
    "TestGroupCreateUpdateDelete.test_values",
)
BY_ONE = (
    "TicketsIncrementalTest.test_pagination",
    "UsersIncrementalTest.test_pagination",
    "TestGroupCreateUpdateDelete.test_pagination",
)
TICKETS = "/api/v2/incremental/tickets/cursor.json"
USERS = "/api/v2/incremental/users/cursor.json"
SURVEYS = ("/api/v2/guide/survey_responses", "/api/v2/guide/en-us/surveys")
# The account's only agent, an admin, and the day's only deleted ticket.
ADMIN, DELETED = "6130907993114", "4034"


@pytest.fixture(scope="module")
def whole_pages() -> Iterator[None]:
    """Exports were recorded in pages of Zendesk's own size."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(zendesk, "FEW", zendesk.PAGE)
        yield


@pytest.fixture(scope="module")
def february(
    shared: Path, whole_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Desk, Player, Player]:
    """The account of 2024-02-08 synced twice, and the calls of each sync."""
    found = Cassettes.of(shared / CASSETTES, FEBRUARY)
    listed = Cassettes.of(shared / CASSETTES, ["TestTicketAudits.test_values"])
    (audits,) = (
        answer.body["audits"]
        for (_, query), answer in listed.answers.items()
        if query == (("page[size]", "100"),)
    )
    own = bodies(audits_by_ticket(audits))
    desk = Desk("zendesk", "", tmp_path_factory.mktemp("february"))
    players = []
    for _ in range(2):
        with playing(lambda call: own(call) or found.find_or_end(call)) as player:
            desk.url = player.base
            desk.sync()
        players.append(player)
    return desk, players[0], players[1]


@pytest.fixture(scope="module")
def staged(
    february: tuple[Desk, Player, Player], models: list[Model]
) -> Iterator[duckdb.DuckDBPyConnection]:
    with february[0].staged(models) as connection:
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


def landed(desk: Desk) -> dict[str, int]:
    return {table: len(found) for table, found in desk.documents().items() if found}


def test_what_was_recorded_lands_and_what_was_not_is_refused(
    february: tuple[Desk, Player, Player],
) -> None:
    """No export of events and users was recorded that day, so audits and the list are read; what
    Zendesk keeps of the deleted ticket are no audits.
    """
    desk, first, _ = february
    assert landed(desk) == {"tickets": 87, "ticket_audits": 91, "users": 100, "groups": 8}
    assert first.asked(404) == [
        "/api/v2/incremental/ticket_events.json",
        f"/api/v2/tickets/{DELETED}/audits.json",
        USERS,
        "/api/v2/satisfaction_ratings.json",
        *SURVEYS,
        "/api/v2/ticket_fields.json",
    ]


def test_the_next_sync_goes_on_from_the_recorded_cursor(
    february: tuple[Desk, Player, Player],
) -> None:
    """Zendesk's cursor has signs that an address has to escape."""
    desk, first, second = february
    assert first.asked(200).count(TICKETS) == second.asked(200).count(TICKETS) == 2
    assert not [path for path in second.asked(200) if path.endswith("/audits.json")]
    with duckdb.connect(str(desk.warehouse)) as connection:
        assert rows(connection, "select count(*) from raw_desk.tickets") == [(87,)]


def test_tickets_are_those_of_the_day(staged: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        staged,
        """select status, channel, is_deleted, count(*) from staging.stg_zendesk__tickets
        group by all order by all""",
    )
    assert found == [
        ("deleted", None, True, 1),
        ("new", "contact_form", False, 1),
        ("new", None, False, 76),
        ("open", None, False, 1),
        ("pending", "contact_form", False, 1),
        ("pending", None, False, 7),
    ]
    found = rows(
        staged,
        """select ticket_id, strftime(created_at, '%Y-%m-%d %H:%M:%S'), status, priority, tags,
            assignee_id, customer_id, strftime(deleted_at, '%Y-%m-%d %H:%M:%S')
        from staging.stg_zendesk__tickets where status in ('open', 'deleted') order by status""",
    )
    assert found == [
        (DELETED, "2023-10-23 03:55:22", "deleted", "high", "[]", None, "6291823978522",
         "2023-10-24 04:19:53"),
        ("1", "2023-09-09 23:52:05", "open", "normal", '["sample","support","zendesk"]', ADMIN,
         "6130869168922", None),
    ]  # fmt: skip


def test_changes_are_events(staged: duckdb.DuckDBPyConnection) -> None:
    """A first status is told as a change from nothing; ticket 1 was deleted and restored."""
    counted = """select event_type, count(*) from staging.stg_zendesk__ticket_events
        group by all order by all"""
    assert rows(staged, counted) == [
        ("assigned", 1),
        ("created", 77),
        ("deleted", 1),
        ("priority_set", 6),
        ("restored", 1),
        ("status_changed", 9),
        ("tag_added", 6),
    ]
    found = rows(
        staged,
        """select event_type, to_value, strftime(occurred_at, '%Y-%m-%d %H:%M:%S'), actor_kind
        from staging.stg_zendesk__ticket_events
        where ticket_id = '1' and event_type <> 'tag_added' order by occurred_at, event_type""",
    )
    assert found == [
        ("assigned", ADMIN, "2023-09-09 23:52:05", "human_agent"),
        ("priority_set", "normal", "2023-09-09 23:52:05", "human_agent"),
        ("status_changed", "open", "2023-09-09 23:52:05", "human_agent"),
        ("deleted", None, "2023-09-19 00:19:17", "human_agent"),
        ("restored", "open", "2023-09-19 00:25:38", "human_agent"),
    ]


def test_comments_are_messages(staged: duckdb.DuckDBPyConnection) -> None:
    """824 characters in 88 comments. Who wrote the last one is not among the users recorded."""
    found = rows(
        staged,
        """select author_kind, is_public, count(*), sum(char_count)
        from staging.stg_zendesk__messages group by all order by all""",
    )
    assert found == [
        ("customer", True, 1, 142),
        ("human_agent", False, 1, 38),
        ("human_agent", True, 85, 623),
        ("system", True, 1, 21),
    ]
    agents = "select agent_id, name, kind from staging.stg_zendesk__agents order by all"
    assert rows(staged, agents) == [
        ("6130871991962", "JTEITELBAUM", "human_agent"),
        ("6130871992602", "JOSHUAT", "human_agent"),
        (ADMIN, "09cace", "human_agent"),
    ]
    assert rows(staged, "select count(*) from staging.stg_zendesk__customers") == [(97,)]


def by_one(find: Find) -> Find:
    """Pages of one row, as some lists were recorded, whatever is asked for; no events, so that no
    audits are asked for, which were not recorded so.
    """
    nothing = bodies(
        {"/api/v2/incremental/ticket_events.json": {"ticket_events": [], "end_of_stream": True}}
    )

    def sized(call: Call) -> Recorded | None:
        path, query = call
        size = "per_page" if "/incremental/" in path else "page[size]"
        return nothing(call) or find((path, tuple(sorted({**dict(query), size: "1"}.items()))))

    return sized


def test_a_hundred_pages_of_one_are_walked_once(shared: Path, tmp_path: Path) -> None:
    """The recording breaks off after them: what came before is kept, and the next sync goes on. The
    last page of groups names a next one although no more follow.
    """
    found = Cassettes.of(shared / CASSETTES, BY_ONE)
    desk = Desk("zendesk", "", tmp_path)
    with playing(by_one(found.find)) as player:
        desk.url = player.base
        with pytest.raises(RefusedError, match=r"tickets/cursor.json is not there \(404\)"):
            desk.sync(documents=50)
    assert player.calls == [*[(TICKETS, 200)] * 100, (TICKETS, 404)]
    with playing(by_one(found.find_or_end)) as player:
        desk.url = player.base
        desk.sync()
    asked = Counter(player.asked(200))
    assert (asked[TICKETS], asked[USERS], asked["/api/v2/groups.json"]) == (1, 101, 9)
    with duckdb.connect(str(desk.warehouse)) as connection:
        count = "select count(*), count(distinct _key) from raw_desk."
        for table in ("tickets", "users"):
            assert rows(connection, count + table) == [(100, 100)]


def test_the_sandbox_tells_the_fields_that_the_live_api_tells(shared: Path, tmp_path: Path) -> None:
    """Of every ticket, user and group; some users have one more, which says that they are gone.
    What a ticket has in an export alone does not land.
    """
    found = Cassettes.of(shared / CASSETTES, BY_ONE)
    live = {
        name: set.intersection(*(set(row) for answer in found.answers.values()
                          for row in answer.body.get(name, [])))
        for name in ("tickets", "users", "groups")
    }  # fmt: skip
    with sandbox(on(12, "00:00:00")) as client:
        desk = Desk("zendesk", f"{client.base}/zendesk", tmp_path)
        desk.sync()
    told = {
        name: {frozenset(json.loads(row or "{}")) for row in desk.documents()[name].values()}
        for name in live
    }
    live["tickets"] -= {*EXPORTED_ONLY}
    assert told == {name: {frozenset(fields)} for name, fields in live.items()}


def test_lists_lack_what_the_live_api_tells_in_exports_alone(shared: Path) -> None:
    """What both tell of a ticket in one version is else the same, in the sandbox too."""
    listed: dict[tuple[int, str], Any] = {}
    exported: dict[tuple[int, str], Any] = {}
    for file in sorted((shared / CASSETTES).glob("*.json")):
        for answer in json.loads(file.read_text(encoding="utf-8")):
            is_list = "/api/v2/tickets.json?page" in answer["url"]
            if is_list or "/api/v2/incremental/tickets" in answer["url"]:
                for row in answer["json"]["tickets"]:
                    found = listed if is_list else exported
                    found[row["id"], row["updated_at"]] = row
    both = listed.keys() & exported.keys()
    assert len(both) > 80
    for key in both:
        assert listed[key].keys().isdisjoint(EXPORTED_ONLY)
        rest = {name: told for name, told in exported[key].items() if name not in EXPORTED_ONLY}
        assert rest == listed[key]
    with sandbox(on(12, "00:00:00")) as client:
        (page,) = client.walk(f"{API}/incremental/tickets/cursor.json", "tickets", start_time=0)
        rows = client.get(f"{API}/tickets.json", **{"page[size]": 100}).body["tickets"]
    whole = {row["id"]: row for row in page}
    assert rows == [
        {name: told for name, told in whole[row["id"]].items() if name not in EXPORTED_ONLY}
        for row in rows
    ]
    assert {*whole[rows[0]["id"]]} > {*EXPORTED_ONLY}


def test_a_budget_that_a_recorded_answer_calls_spent_is_waited_for(shared: Path) -> None:
    """As recorded it never was: 507 calls were left at the least."""
    told = [
        {name: ", ".join(values) for name, values in each["headers"].items()}
        for file in sorted((shared / CASSETTES).glob("*.json"))
        for each in json.loads(file.read_text(encoding="utf-8"))
    ]
    headers = [CaseInsensitiveDict(each) for each in told]
    assert {zendesk.pause_s(each) for each in headers} == {None}
    spent = [CaseInsensitiveDict({**each, "X-Rate-Limit-Remaining": "0"}) for each in headers]
    assert [zendesk.pause_s(each) for each in spent] == [
        float(each.get("rate-limit-reset", 60)) for each in headers
    ]


def test_whatever_was_recorded_of_a_ticket_is_read(
    shared: Path, whole_pages: None, models: list[Model], tmp_path: Path
) -> None:
    """Each ticket, user, group and audit of any recording, in its newest version."""
    newest: dict[str, dict[int, Any]] = {}
    answers = [
        answer
        for file in (shared / CASSETTES).glob("*.json")
        for answer in json.loads(file.read_text(encoding="utf-8"))
    ]
    for answer in sorted(answers, key=lambda each: each["recorded_at"]):
        body = answer["json"]
        for name in ("tickets", "users", "groups", "audits"):
            found = newest.setdefault(name, {})
            one = body.get(name.removesuffix("s"))
            for row in [*body.get(name, []), *([one] if one else [])]:
                found[row["id"]] = row
    listed = {name: [*found.values()] for name, found in newest.items()}
    end = {"end_of_stream": True, "after_cursor": None}
    pages = {
        TICKETS: {"tickets": listed["tickets"], **end},
        USERS: {"users": listed["users"], **end},
        "/api/v2/groups.json": {"groups": listed["groups"], "next_page": None},
        **audits_by_ticket(listed["audits"]),
    }
    with playing(bodies(pages)) as player:
        desk = Desk("zendesk", player.base, tmp_path)
        desk.sync()
    assert landed(desk) == {"tickets": 1512, "ticket_audits": 121, "users": 1763, "groups": 14}
    statuses = "select status, count(*) from staging.stg_zendesk__tickets group by all order by all"
    messages = "select count(*), count(distinct ticket_id) from staging.stg_zendesk__messages"
    with desk.staged(models) as connection:
        assert rows(connection, statuses) == [
            ("deleted", 517), ("new", 986), ("open", 1), ("pending", 8)]  # fmt: skip
        assert rows(connection, messages) == [(118, 116)]
