"""Payloads that others have published of a vendor's API, through the connector and staging.

Each is served at the addresses that the vendor serves it from, alone in an account.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb

from tests.models import Model
from tests.recordings_support import Call, Recorded, bodies, playing
from tests.source_support import Desk

Rows = list[tuple[object, ...]]


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Rows:
    return connection.execute(sql).fetchall()


def test_records_of_another_loader_are_read(
    shared: Path, models: list[Model], tmp_path: Path
) -> None:
    """What an open-source loader has written down of a trial account of Zendesk's: its 12 sample
    tickets, one that was rated and one from the web form. Of the two ratings, one was only asked
    for, and that of a ticket that is not there.
    """
    told: dict[str, list[Any]] = defaultdict(list)
    log = shared / "data/payloads_zendesk/faros_airbyte_records.log"
    for line in log.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)["record"]
        told[record["stream"].rpartition("__")[2]].append(record["data"])
    answers = {
        f"/api/v2/incremental/{table}/cursor.json": {
            table: told[table], "after_cursor": "MTcwNjczNTMxNS4wfHwxNHw=", "end_of_stream": True
        }
        for table in ("tickets", "users")
    } | {
        f"/api/v2/{table}.json": {
            table: told[table], "meta": {"has_more": False}, "links": {"prev": None, "next": None}
        }
        for table in ("satisfaction_ratings", "groups", "ticket_fields")
    } | {
        "/api/v2/incremental/ticket_events.json": {
            "ticket_events": [], "end_time": None, "next_page": None, "end_of_stream": True
        }
    }  # fmt: skip
    with playing(bodies(answers)) as player:
        desk = Desk("zendesk", player.base, tmp_path)
        desk.sync()
    assert player.asked(404) == ["/api/v2/guide/survey_responses", "/api/v2/guide/en-us/surveys"]
    with desk.staged(models) as connection:
        found = rows(
            connection,
            """select status, channel, count(*), min(ticket_id::int), max(ticket_id::int)
            from staging.stg_zendesk__tickets group by all order by all""",
        )
        assert found == [
            ("closed", None, 1, 6, 6), ("open", None, 12, 1, 13),
            ("pending", "contact_form", 1, 14, 14)]  # fmt: skip
        kinds = "select kind, count(*) from staging.stg_zendesk__agents group by all"
        assert rows(connection, kinds) == [("human_agent", 2)]
        people = "select count(*), count(distinct email) from staging.stg_zendesk__customers"
        assert rows(connection, people) == [(13, 13)]
        scores = """select ticket_id, score, strftime(rated_at, '%Y-%m-%d %H:%M:%S')
            from staging.stg_zendesk__csat_responses"""
        assert rows(connection, scores) == [("6", "good", "2024-02-08 00:47:21")]


def test_payloads_of_a_client_library_come_through_the_connector(
    shared: Path, models: list[Model], tmp_path: Path
) -> None:
    """Freshdesk's: one ticket, seen twice, that is neither spam nor deleted."""
    folder = shared / "data/payloads_freshdesk/python-freshdesk/v2"

    def payload(name: str) -> Any:
        return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))

    ticket = "ticket_1"

    def find(call: Call) -> Recorded | None:
        path, query = call[0].removeprefix("/api/v2/"), dict(call[1])
        if path == "tickets":
            return Recorded([] if "filter" in query else [payload(ticket)])
        names = {
            "tickets/1/conversations": "conversations",
            "tickets/1/time_entries": "time_entries",
            "contacts": "contacts",
            "agents": "agents",
            "groups": "groups",
        }
        return Recorded(payload(names[path])) if path in names else None

    with playing(find) as player:
        desk = Desk("freshdesk", player.base, tmp_path)
        desk.sync()
        ticket = "ticket_1_updated"
        desk.sync()
    assert sorted(set(player.asked(404))) == [
        "/api/v2/surveys/satisfaction_ratings", "/api/v2/ticket_fields"]  # fmt: skip
    landed = {table: sorted(found) for table, found in desk.documents().items() if found}
    assert landed == {
        "tickets": ["1"],
        "conversations": ["1", "2"],
        "time_entries": ["1", "2", "3"],
        "contacts": ["1"],
        "agents": ["1", "432"],
        "groups": ["1", "2"],
    }
    with desk.staged(models) as connection:
        found = rows(
            connection,
            """select ticket_id, status, priority, tags from staging.stg_freshdesk__tickets""",
        )
        assert found == [("1", "resolved", "high", '["hello","world"]')]


def test_a_recorded_ticket_comes_through_the_connector(
    shared: Path, models: list[Model], tmp_path: Path
) -> None:
    """Gorgias': with its customer and its message, from an account without anything else."""
    recorded = shared / "data/payloads_gorgias/gorgias_ticket_pipedream.json"
    ticket = json.loads(recorded.read_text(encoding="utf-8"))
    there = {
        "tickets": [ticket],
        "messages": ticket["messages"],
        "customers": [ticket["customer"]],
        "users": [ticket["assignee_user"]],
        "events": [],
        "tags": [],
    }
    answers = {f"/api/{name}": {"data": found, "meta": {"prev_cursor": None, "next_cursor": None}}
               for name, found in there.items()}  # fmt: skip
    with playing(bodies(answers)) as player:
        desk = Desk("gorgias", player.base, tmp_path)
        desk.sync()
        assert desk.sync().rows == {}
    assert set(player.asked(404)) == {
        "/api/satisfaction-surveys", "/api/teams", "/api/custom-fields"}  # fmt: skip
    with desk.staged(models) as connection:
        found = rows(
            connection,
            """select ticket_id, status, messages.author_kind, messages.sent_at::text,
                customers.email, agents.kind
            from staging.stg_gorgias__tickets as tickets
            inner join staging.stg_gorgias__messages as messages using (ticket_id)
            inner join staging.stg_gorgias__customers as customers using (customer_id)
            inner join staging.stg_gorgias__agents as agents
                on messages.author_id = agents.agent_id""",
        )
        assert found == [
            ("86538410", "open", "human_agent", "2024-02-14 21:31:12.924335+00",
             "test@sample.com", "human_agent")]  # fmt: skip
