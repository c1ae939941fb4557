"""The sandbox's world, paging, clocks, limits and faults, on a shop worked out by hand."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.sandbox.app import create_app
from ingestion.sandbox.clock import FrozenClock, LiveClock, seconds, shifted, weeks_to
from ingestion.sandbox.faults import KINDS, Faults
from ingestion.sandbox.log import Log
from ingestion.sandbox.rows import number
from ingestion.sandbox.serve import running
from ingestion.sandbox.vendor import Limit
from ingestion.sandbox.world import World, live_world, score_5
from tests.sandbox_support import API, Sandbox, on, sandbox, shop


def ticket(world: World, number: int, at: datetime) -> Any:
    return world.tickets[number].as_of(seconds(at))


def test_a_ticket_is_replayed_to_any_instant() -> None:
    world = World.of(shop())
    with pytest.raises(ValueError, match="T1 is not created yet"):
        ticket(world, 1, on(2, "07:59:59"))
    born = ticket(world, 1, on(2, "08:00:01"))
    assert (born.status, born.category, born.subcategory, born.team, born.assignee_id) == (
        "new", None, None, None, None)  # fmt: skip
    assert born.priority == "high"  # no event tells it, so it is as it ended
    sorted_in = ticket(world, 1, on(2, "08:00:03"))
    assert (sorted_in.category, sorted_in.subcategory, sorted_in.team) == ("wismo", "late", "care")
    assert ticket(world, 1, on(2, "09:00:00")).assignee_id == "agent-1"
    assert ticket(world, 1, on(2, "09:59:59")).status == "pending"
    assert ticket(world, 1, on(2, "10:00:00")).status == "solved"
    assert ticket(world, 1, on(2, "11:00:00")).survey == "offered"
    assert ticket(world, 1, on(2, "12:00:00")).survey == 2.0
    assert ticket(world, 1, on(9, "00:00:00")).survey == 4.0
    assert [ticket(world, 1, on(2, clock)).spent_s for clock in ("09:06:59", "09:07:00",
            "09:17:00")] == [0, 120, 240]  # fmt: skip
    assert ticket(world, 2, on(2, "09:29:59")).ai_outcome == "assumed"
    reopened = ticket(world, 2, on(2, "09:30:02"))
    assert (reopened.status, reopened.ai_outcome, reopened.handoff) == ("open", None, "policy")
    assert ticket(world, 3, on(2, "10:59:59")).merged_into is None
    assert ticket(world, 3, on(2, "11:00:00")).merged_into == "T1"
    assert [ticket(world, 4, on(2, clock)).is_spam for clock in ("10:00:14", "10:00:15")] == [
        False, True]  # fmt: skip
    assert [ticket(world, 5, on(day, "12:00:00")).tags for day in (2, 3)] == [
        ("old",), ("old", "vip")]  # fmt: skip
    assert [ticket(world, 5, on(day, "12:00:00")).is_deleted for day in (3, 4)] == [False, True]


def test_an_order_is_undone_to_any_instant() -> None:
    world = World.of(shop())
    order = world.orders[7]
    stages = [order.as_of(seconds(on(day, clock))) for day, clock in (
        (1, "08:00:00"), (1, "08:05:00"), (3, "08:00:00"), (5, "08:00:00"))]  # fmt: skip
    assert [stage.payment_status for stage in stages] == [
        "pending", "paid", "partially_refunded", "refunded"]  # fmt: skip
    assert [[refund["refund_id"] for refund in stage.refunds] for stage in stages] == [
        [], [], ["R1"], ["R1", "R2"]]  # fmt: skip
    assert [line["sku"] for line in order.lines] == ["LIG-1"]
    with pytest.raises(ValueError, match="#7 is not placed yet"):
        order.as_of(seconds(on(1, "07:59:59")))
    assert world.orders[8].as_of(seconds(on(2, "08:30:00"))).cancelled_at is None
    assert world.orders[8].as_of(seconds(on(2, "09:00:00"))).payment_status == "voided"
    buyer = world.people.of_order("C1-B", None)
    assert buyer is not None and buyer.external_id == "C1"
    assert world.people.of_order(None, "nobody@mail.example") is None


def test_ids_are_the_digits_people_know_or_hashes_apart_from_them() -> None:
    assert (number("ticket", "T100001"), number("order", "#10001")) == (100_001, 10_001)
    assert number("agent", "agent-1") == number("agent", "agent-1") > 10**12
    assert number("agent", "agent-1") != number("customer", "agent-1")


def test_scores_of_every_scale_become_1_to_5() -> None:
    told = (("5", "1-5"), ("2", "1-3"), ("10", "1-10"), ("good", "good_bad"), ("bad", "good_bad"))
    assert [score_5(*one) for one in told] == [5.0, 3.0, 5.0, 5.0, 1.0]


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)), max_size=40),
    st.integers(0, 20),
    st.integers(0, 20),
    st.integers(0, 6),
)
def test_a_log_shows_each_thing_where_it_stands(
    pairs: list[tuple[int, int]], as_of: int, at: int, thing: int
) -> None:
    count: dict[int, int] = {}
    entries = []
    for when, what in sorted(pairs):
        entries.append((when, what, count.get(what, 0)))
        count[what] = count.get(what, 0) + 1
    log = Log.of(entries)
    latest = {what: (when, what, n) for when, what, n in entries if when <= as_of}
    expected = sorted(latest.values())
    assert list(log.current(0, log.end(as_of), as_of)) == expected
    behind = [entry for entry in expected if entry[:2] > (at, thing)]
    assert list(log.current(log.behind(at, thing), log.end(as_of), as_of)) == behind
    assert list(log.newest_first(as_of)) == expected[::-1]
    before = [entry for entry in expected if entry[:2] < (at, thing)]
    assert list(log.newest_first(as_of, (at, thing))) == before[::-1]
    assert log.count(as_of) == len(expected)
    assert log.count(as_of, since=at) == len([entry for entry in expected if entry[0] >= at])


def test_a_cursor_walk_visits_each_changed_ticket_once_and_none_of_the_last_minute() -> None:
    with sandbox(on(2, "10:01:00")) as box:
        pages = box.walk(
            f"{API}/incremental/tickets/cursor.json", "tickets", start_time=0, per_page=1
        )
        # T1 was solved at 10:00:00, just long enough ago; so was T5 opened, but T4 marked later.
        assert [[row["id"] for row in page] for page in pages] == [[3], [2], [1], [5]]
        stamps = [row["generated_timestamp"] for page in pages for row in page]
        assert stamps == [seconds(on(2, clock)) for clock in (
            "08:30:00", "09:50:00", "10:00:00", "10:00:00")]  # fmt: skip
        assert pages[2][0]["status"] == "solved"
        box.clock.advance(timedelta(seconds=15))
        (rows,) = box.walk(f"{API}/incremental/tickets/cursor.json", "tickets", start_time=0)
        assert [(row["id"], row["status"]) for row in rows][-1] == (4, "deleted")


def test_an_edit_after_the_fact_comes_again_under_the_old_id() -> None:
    with sandbox(on(2, "12:30:00")) as box:
        path = f"{API}/incremental/tickets/cursor.json"
        first = box.get(path, start_time=0).body
        assert first["end_of_stream"]
        assert [row["id"] for row in first["tickets"]] == [2, 5, 4, 3, 1]
        cursor = first["after_cursor"]
        assert base64.b64decode(cursor) == f"{seconds(on(2, '12:00:00'))}.0||1|".encode()
        idle = box.get(path, cursor=cursor).body
        assert (idle["tickets"], idle["after_cursor"]) == ([], cursor)
        box.clock.advance(timedelta(days=5))
        again = box.get(path, cursor=cursor).body["tickets"]
        assert [(row["id"], row["status"]) for row in again] == [(5, "deleted"), (1, "closed")]
        assert again[1]["satisfaction_rating"] == {"score": "good"}


def test_time_based_pages_repeat_rows_at_their_edges() -> None:
    with sandbox(on(2, "12:30:00")) as box:
        path = f"{API}/incremental/tickets.json"
        pages = box.walk(path, "tickets", start_time=0, per_page=2)
        assert [[row["id"] for row in page] for page in pages] == [[2, 5], [5, 4], [4, 3], [3, 1]]
        everything = box.get(path, start_time=0).body
        assert everything["end_time"] == seconds(on(2, "12:00:00"))
        assert (everything["count"], everything["end_of_stream"]) == (5, True)
    with sandbox(on(2, "10:00:14") + timedelta(minutes=1)) as box:
        # A page of one holds the whole of a second, and leads on to the next.
        pages = box.walk(path, "tickets", start_time=0, per_page=1)
        assert [[row["id"] for row in page] for page in pages] == [[3], [2], [1, 5]]
        refused = box.get(path, start_time=seconds(on(2, "10:00:30")))
        assert (refused.status, refused.body["error"]) == (422, "InvalidValue")


def test_credentials_are_asked_for_in_the_vendors_way() -> None:
    plain = base64.b64encode(b"me@shop.example:password").decode()
    bearer = {"Authorization": "Bearer anything"}
    path = f"{API}/groups.json"
    with sandbox(on(3, "00:00:00")) as box:
        for asking in ({}, {"Authorization": f"Basic {plain}"}, {"Authorization": "Basic ?"}):
            refused = box.send("GET", f"{box.base}{path}", asking)
            assert (refused.status, refused.body) == (401, {"error": "Couldn't authenticate you"})
        assert box.send("GET", f"{box.base}{path}", bearer).status == 200
    with sandbox(on(3, "00:00:00"), secret="key") as box:
        assert box.send("GET", f"{box.base}{path}", bearer).status == 401
        assert box.get(path).status == 200


def test_a_spent_window_is_refused_and_every_call_is_counted() -> None:
    own = {"zendesk": (Limit("/incremental/", 2, 60), Limit("", 700, 60))}
    path = f"{API}/incremental/tickets/cursor.json"
    with sandbox(on(3, "00:00:00"), limits=own) as box:
        answers = [box.get(path, start_time=0) for _ in range(3)]
        assert [found.status for found in answers] == [200, 200, 429]
        assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
        assert answers[2].body["error"] == "APIRateLimitExceeded"
        other = box.get(f"{API}/groups.json")
        assert other.headers["X-Rate-Limit"] == "700"
        assert other.headers["RateLimit-Remaining"] == "696"  # the others count here too
        calls = box.get("/sandbox/calls").body
        assert [call["status"] for call in calls] == [200, 200, 429, 200]
        assert calls[0] == {"method": "GET", "path": path, "query": "start_time=0", "status": 200}
        assert box.send("DELETE", f"{box.base}/sandbox/calls").status == 204
        assert box.get("/sandbox/calls").body == []


def test_limits_of_an_unknown_vendor_are_refused() -> None:
    with pytest.raises(ValueError, match="no vendors \\['zendsk'\\]"):
        create_app(World.of(shop()), FrozenClock(on(3, "00:00:00")), limits={"zendsk": ()})


def test_a_limit_ends_with_its_window() -> None:
    own = {"zendesk": (Limit("", 1, 0.2),)}
    with sandbox(on(3, "00:00:00"), limits=own) as box:
        _, times = box.insist(f"{API}/groups.json")
        assert times == 1
        until = datetime.now(UTC) + timedelta(seconds=5)
        while box.get(f"{API}/groups.json").status == 429:
            assert datetime.now(UTC) < until


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_asks_again_gets_through_every_fault(kind: str) -> None:
    path = f"{API}/incremental/tickets/cursor.json"
    with sandbox(on(9, "00:00:00")) as box:
        whole = [row for page in box.walk(path, "tickets", start_time=0) for row in page]
    with sandbox(on(9, "00:00:00"), faults=Faults(seed=3, rate=1.0, kinds=(kind,))) as box:
        found, tries, dates = [], [], []
        query: dict[str, object] = {"start_time": 0}
        while True:
            answer, times = box.insist(path, per_page=2, **query)
            found += [row["id"] for row in answer.body["tickets"]]
            tries.append(times)
            dates.append(parsedate_to_datetime(answer.headers["Date"]))
            if answer.body["end_of_stream"]:
                break
            query = {"cursor": answer.body["after_cursor"]}
        assert set(found) == {row["id"] for row in whole}
        fails = kind in ("429", "500", "502", "short", "cut")
        assert tries == [3, 3, 3] if fails else [1, 1, 1]
        assert found == {
            "repeat": [2, 4, 4, 3, 5, 5, 1],
            "shuffle": found,
        }.get(kind, [2, 4, 3, 5, 1])
        off = [abs((told - box.clock.now()).total_seconds()) for told in dates]
        assert max(off) <= 2
        assert any(off) == (kind == "skew")


def test_faults_are_the_same_for_the_same_seed_and_never_three_in_a_row() -> None:
    path = f"{API}/groups.json"
    seen = []
    for _ in range(2):
        with sandbox(on(9, "00:00:00"), faults=Faults(seed=1, rate=0.8, kinds=("500",))) as box:
            seen.append([box.get(path).status for _ in range(30)])
    assert seen[0] == seen[1]
    with sandbox(on(9, "00:00:00"), faults=Faults(rate=1.0, kinds=("429",))) as box:
        refused = box.get(path)
        assert (refused.status, refused.headers["Retry-After"] in ("0", "1")) == (429, True)
        assert box.get("/sandbox/calls").status == 200  # steering is never made to fail
    told = "".join("x" if status == 500 else "." for status in seen[0])
    assert "xx" in told and "xxx" not in told
    with pytest.raises(ValueError, match="unknown kinds"):
        Faults(kinds=("earthquake",))


def test_a_frozen_clock_moves_when_told() -> None:
    with sandbox(on(2, "08:00:30")) as box:
        assert box.get(f"{API}/tickets/3.json").status == 404
        url = f"{box.base}/sandbox/clock"
        moved = box.send("POST", url, body=json.dumps({"advance_s": 1800}).encode())
        assert moved.body == box.get("/sandbox/clock").body == {"now": "2026-03-02T08:30:30+00:00"}
        assert box.get(f"{API}/tickets/3.json").status == 200


def test_a_living_shop_is_moved_by_whole_weeks() -> None:
    start = datetime(2026, 11, 25, 15, tzinfo=UTC)
    by = weeks_to(start, on(2, "10:00:00"))
    assert by % timedelta(weeks=1) == timedelta(0)
    world, clock = live_world(shop(), start=start)
    last = max(one.created_at for one in world.tickets.values())
    lead = datetime.fromtimestamp(last, UTC) - clock.now()
    assert timedelta(days=4.5) <= lead <= timedelta(days=11.5)
    assert last - seconds(on(2, "10:00:00")) == by.total_seconds()
    assert datetime.fromtimestamp(last, UTC).weekday() == 0
    moved = shifted(shop(), by)
    assert moved["agents"]["active_to"][0].as_py() == date(2026, 3, 4) + by
    assert moved["tickets"]["ticket_id"] == shop()["tickets"]["ticket_id"]
    assert world.orders[7].row["placed_at"] == seconds(on(1, "08:00:00") + by)


def test_a_live_clock_runs_and_cannot_be_moved() -> None:
    start = datetime(2026, 11, 25, 15, tzinfo=UTC)
    clock = LiveClock(speed=10_000.0, start=start)
    first = clock.now()
    assert start <= first
    with running(create_app(World.of(shop()), clock)) as base:
        box = Sandbox(base, FrozenClock(start))
        moved = box.send("POST", f"{base}/sandbox/clock", body=b'{"advance_s": 1}')
        assert moved.status == 409
        told = datetime.fromisoformat(box.get("/sandbox/clock").body["now"])
    assert told - first > timedelta(seconds=10)  # a millisecond and more of wall time
