"""Zendesk's last minute, which its exports withhold: what a sync lands of it, and what comes then.

In the tiny shop T2 is written at 09:00:00, T1 answered at 09:10:00, and T5 written when T1 is
resolved, at 10:00:00.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from ingestion import zendesk_newest
from ingestion.api import Page, RefusedError
from ingestion.sandbox.app import create_app
from ingestion.sandbox.clock import FrozenClock
from ingestion.sandbox.rows import number
from ingestion.sandbox.serve import running
from ingestion.sandbox.world import World
from tests.sandbox_support import API, Sandbox, on, sandbox, shop
from tests.source_support import Desk, calls_of, fresh_load, rows

A_MINUTE = timedelta(minutes=1)
LIST, AUDITS = "tickets.json", "tickets/{id}/audits.json"
EXPORTS = [
    f"incremental/{name}.json" for name in ("tickets/cursor", "ticket_events", "users/cursor")
]


@contextmanager
def loaded(at: datetime, folder: Path) -> Iterator[tuple[Sandbox, Desk]]:
    """An account whose first load was at `at`."""
    with sandbox(at) as client:
        desk = Desk("zendesk", f"{client.base}/zendesk", folder)
        desk.sync()
        calls_of(client)
        yield client, desk


def asked(client: Sandbox) -> Counter[str]:
    """How often each address was called since this was last asked."""
    paths = (call["path"].rpartition("/v2/")[2] for call in calls_of(client))
    return Counter(re.sub("/[0-9]+/", "/{id}/", path) for path in paths)


def landed(desk: Desk, table: str) -> list[tuple[str, dict[str, Any]]]:
    """Key and payload of every row, in the order of its landing."""
    with duckdb.connect(str(desk.warehouse)) as connection:
        sql = f"select _key, payload from raw_desk.{table} order by _dlt_load_id, _order"
        return [(key, json.loads(payload)) for key, payload in rows(connection, sql)]


def updates(desk: Desk) -> list[tuple[str, str]]:
    """Ticket and update of every row of `tickets`, the first load's not counted."""
    return [(key, row["updated_at"][11:19]) for key, row in landed(desk, "tickets")][-3:]


def audits(desk: Desk, table: str) -> dict[str, str]:
    return {key: row["created_at"][11:19] for key, row in landed(desk, table)}


def test_what_the_exports_withhold_is_landed_and_nothing_of_it_twice(tmp_path: Path) -> None:
    with loaded(on(2, "08:40:00"), tmp_path) as (client, desk):
        client.clock.advance(timedelta(minutes=30, seconds=10))  # T1: 09:10:00 and 09:10:05
        assert desk.sync().rows["ticket_audits"] == 2
        assert ("1", "09:10:05") in updates(desk)
        assert json.loads(desk.documents()["tickets"]["1"] or "{}")["status"] == "pending"
        ahead = audits(desk, "ticket_audits")
        # T1 was last exported as it was at 08:00:03, but its events up to 09:07:00.
        assert [*ahead.values()] == ["09:10:00", "09:10:05"]
        assert max(audits(desk, "ticket_events").values()) == "09:07:00"
        assert desk.sync().rows == {}
        before = Counter(key for key, _ in landed(desk, "tickets"))
        client.clock.advance(A_MINUTE)
        assert desk.sync().rows == {"ticket_events": 2}
        assert Counter(key for key, _ in landed(desk, "tickets")) == before
        told = audits(desk, "ticket_events")
        assert {key: told[key] for key in ahead} == ahead
    fresh = fresh_load("zendesk", on(2, "09:11:10"), tmp_path / "fresh").documents()
    for table in ("tickets", "ticket_events", "users"):
        assert desk.documents()[table] == fresh[table]


def test_an_audit_that_both_tell_is_the_same(tmp_path: Path) -> None:
    """By its id, and those of its changes; all that the export tells of it, the ticket tells."""
    with loaded(on(2, "08:40:00"), tmp_path) as (client, desk):
        client.clock.advance(timedelta(minutes=30, seconds=10))
        desk.sync()
        client.clock.advance(A_MINUTE)
        desk.sync()
        listed, told = dict(landed(desk, "ticket_audits")), dict(landed(desk, "ticket_events"))
    for key, audit in listed.items():
        same = ("id", "ticket_id", "created_at")
        assert {name: audit[name] for name in same} == {name: told[key][name] for name in same}
        assert audit["author_id"] == told[key]["updater_id"]
        changes = [event["id"] for event in audit["events"]]
        assert [child["id"] for child in told[key]["child_events"]] == changes


def test_an_idle_sync_asks_once_and_a_version_s_audits_are_asked_for_once(tmp_path: Path) -> None:
    with loaded(on(2, "08:40:00"), tmp_path) as (client, desk):
        desk.sync()
        idle = asked(client)
        assert (idle[LIST], idle[AUDITS]) == (1, 0)
        client.clock.advance(timedelta(minutes=30, seconds=10))
        desk.sync()
        news = asked(client)
        assert (news[LIST], news[AUDITS]) == (1, 1)
        desk.sync()
        assert asked(client) == idle
        assert [idle[export] for export in EXPORTS] == [1, 1, 1]


def test_the_newest_are_not_asked_for_before_the_first_load_is_whole(tmp_path: Path) -> None:
    with sandbox(on(2, "09:10:10")) as client:
        desk = Desk("zendesk", f"{client.base}/zendesk", tmp_path)
        assert desk.sync(seconds=0).is_behind
        desk.sync()
        assert asked(client)[LIST] == 0
        desk.sync()
        assert asked(client)[LIST] == 1


def test_a_time_that_is_read_again_has_no_newest(tmp_path: Path) -> None:
    with sandbox(on(2, "09:30:00")) as client:
        desk = Desk("zendesk", f"{client.base}/zendesk", tmp_path, now=on(2, "09:30:00"))
        desk.sync()
        calls_of(client)
        desk.sync(later=timedelta(days=2))
        calls = asked(client)
        assert (calls[EXPORTS[0]], calls[LIST]) == (2, 1)


def test_a_stamp_within_the_minute_does_not_count_as_told() -> None:
    """A ticket that changes again while it is exported may show it."""
    answer = requests.Response()
    answer.headers["Date"] = "Mon, 02 Mar 2026 09:00:00 GMT"
    state: dict[str, Any] = {}
    told_by = {"08:58:00": "08:58:00", "08:59:55": "08:59:00", "08:57:00": "08:59:00"}
    for stamp, told in told_by.items():
        row = {"id": 1, "generated_timestamp": int(on(2, stamp).timestamp())}
        page = zendesk_newest.noted(Page([row], answer), state)
        assert page.documents == [{"id": 1}]
        assert state["told"] == int(on(2, told).timestamp())


def test_who_is_new_comes_with_the_ticket(tmp_path: Path) -> None:
    key = str(number("customer", "C2"))
    with loaded(on(2, "08:40:00"), tmp_path) as (client, desk):
        client.clock.advance(timedelta(minutes=20, seconds=5))
        assert desk.sync().rows["users"] == 1
        assert key in desk.documents()["users"]
        client.clock.advance(A_MINUTE)
        assert "users" not in desk.sync().rows


@pytest.mark.parametrize(
    ("pages", "calls", "found"), [(4, 3, {"1", "5"}), (2, 2, {"1", "5"}), (1, 1, {"5"})]
)
def test_pages_are_read_down_to_what_is_known_and_no_more_than_so_many(
    pages: int, calls: int, found: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T4 is spam by then, so T5 and T1 are left; what is beyond the last page, the export tells."""
    monkeypatch.setattr(zendesk_newest, "PAGE", 1)
    monkeypatch.setattr(zendesk_newest, "PAGES", pages)
    with loaded(on(2, "09:55:00"), tmp_path) as (client, desk):
        client.clock.advance(timedelta(minutes=5, seconds=20))
        before = len(landed(desk, "tickets"))
        desk.sync()
        assert asked(client)[LIST] == calls
        assert {key for key, _ in landed(desk, "tickets")[before:]} == found
        client.clock.advance(A_MINUTE)
        desk.sync()
    fresh = fresh_load("zendesk", on(2, "10:01:20"), tmp_path / "fresh")
    for table in ("tickets", "ticket_events", "users"):
        assert desk.documents()[table] == fresh.documents()[table]


@contextmanager
def between(
    clock: FrozenClock, shut: str = "(?!)", after: Callable[[str], None] = lambda path: None
) -> Iterator[str]:
    """The address of a sandbox that refuses what `shut` is found in; `after` is told each query."""
    world = create_app(World.of(shop()), clock, limits=False)

    async def way(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and re.search(shut, scope["path"]):
            await Response(status_code=403)(scope, receive, send)
            return
        await world(scope, receive, send)
        if scope["type"] == "http":
            after(f"{scope['path']}?{scope['query_string'].decode()}")

    with running(Starlette(routes=[Mount("/", way)])) as base:
        yield f"{base}/zendesk"


def test_a_ticket_that_is_updated_between_two_pages_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T1, updated at 09:00:00, is behind T2 and at 09:07:00 before it."""
    monkeypatch.setattr(zendesk_newest, "PAGE", 1)
    clock = FrozenClock(on(2, "08:40:00"))

    def after(path: str) -> None:
        if "tickets.json?" in path and "after" not in path and clock.now() < on(2, "09:02:00"):
            clock.advance(timedelta(minutes=6))

    with between(clock) as address:
        desk = Desk("zendesk", address, tmp_path)
        desk.sync()
    clock.advance(timedelta(minutes=21, seconds=2))
    with between(clock, after=after) as desk.url:
        desk.sync()
        assert clock.now() == on(2, "09:07:02")
        assert updates(desk)[-1] == ("2", "09:01:00")
        desk.sync()
        assert updates(desk)[-1] == ("1", "09:07:00")
        assert "09:07:00" in audits(desk, "ticket_audits").values()


def test_a_fault_in_the_middle_lands_nothing_and_loses_nothing(tmp_path: Path) -> None:
    clock = FrozenClock(on(2, "08:40:00"))
    with between(clock) as address:
        desk = Desk("zendesk", address, tmp_path)
        desk.sync()
    before = desk.documents()
    clock.advance(timedelta(minutes=30, seconds=10))
    with between(clock, shut="audits") as desk.url, pytest.raises(RefusedError, match="audits"):
        desk.sync()
    assert desk.documents() == before
    with between(clock) as desk.url:
        desk.sync()
    assert updates(desk)[-1] == ("1", "09:10:05")
    assert [*audits(desk, "ticket_audits").values()] == ["09:10:00", "09:10:05"]


def test_an_account_without_the_list_goes_by_its_exports(tmp_path: Path) -> None:
    clock = FrozenClock(on(2, "08:40:00"))
    with between(clock, shut=r"v2/tickets\.json") as address:
        desk = Desk("zendesk", address, tmp_path)
        desk.sync()
        clock.advance(timedelta(minutes=30, seconds=10))
        assert desk.sync().refused == (zendesk_newest.NEWEST,)
        clock.advance(A_MINUTE)
        desk.sync()
    assert updates(desk)[-1] == ("1", "09:10:05")
    assert audits(desk, "ticket_audits") == {}


def test_an_account_without_the_export_of_events_has_all_audits_of_the_newest(
    tmp_path: Path,
) -> None:
    clock = FrozenClock(on(2, "08:40:00"))
    with between(clock, shut="ticket_events") as address:
        desk = Desk("zendesk", address, tmp_path)
        desk.sync()
        clock.advance(timedelta(minutes=30, seconds=10))
        desk.sync()
    with sandbox(on(2, "09:10:10")) as client:
        whole = client.get(f"{API}/tickets/1/audits.json").body["audits"]
    found = dict(landed(desk, "ticket_audits"))
    assert [audit for audit in whole if found.get(str(audit["id"])) != audit] == []
