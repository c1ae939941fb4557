"""What Chatwoot servers answer, against the official description and beyond the sample shop."""

import re
from collections.abc import Iterator
from itertools import count
from operator import itemgetter
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest
import yaml
from jsonschema import Draft202012Validator

from ingestion import chatwoot
from ingestion.api import Api, ApiSpec, Page
from ingestion.errors import IngestError
from ingestion.pipeline import build, load
from ingestion.run import SourceRun
from ingestion.sandbox.chatwoot_people import team_number
from ingestion.streams import Reader, Stream, Vendor, own_id
from tests.models import Model
from tests.sandbox_support import on, sandbox
from tests.source_support import SECRETS, Desk

ASKING = {"api_access_token": "key"}
ACCOUNT = "/chatwoot/api/v1/accounts/1"


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


def test_answers_are_as_the_official_description_says(shared: Path) -> None:
    """Ratings are not described there, nor is it that conversations are snoozed."""
    text = (shared / "data/payloads_chatwoot/chatwoot-application-api-openapi.yml").read_text()
    told = nullable(yaml.safe_load(text))
    told["components"]["schemas"]["conversation"]["properties"]["status"]["enum"].append("snoozed")
    paths = {
        "conversations?status=all": "conversations",
        "conversations/1": "conversations/{conversation_id}",
        "conversations/1/messages": "conversations/{conversation_id}/messages",
        "conversations/1/reporting_events": "conversations/{conversation_id}/reporting_events",
        "contacts?sort=-last_activity_at": "contacts",
        "agents": "agents",
        "agent_bots": "agent_bots",
        "teams": "teams",
        "inboxes": "inboxes",
        "labels": "labels",
        f"teams/{team_number('care')}/team_members": "teams/{team_id}/team_members",
        "custom_attribute_definitions?attribute_model=0": "custom_attribute_definitions",
        "../../profile": "../../profile",
    }
    with sandbox(on(3, "13:00:00")) as client:
        for path, described in paths.items():
            where = re.sub(r"/accounts/[^/]+/\.\./\.\.", "", f"{ACCOUNT}/{path}")
            name = f"/api/v1/accounts/{{account_id}}/{described}"
            name = re.sub(r"/accounts/[^/]+/\.\./\.\.", "", name)
            answer = told["paths"][name]["get"]["responses"]["200"]
            schema = answer["content"]["application/json"]["schema"]
            found = client.send("GET", f"{client.base}{where}", ASKING)
            assert (found.status, bool(found.body) or path == "agent_bots") == (200, True)
            validator = Draft202012Validator({**schema, "components": told["components"]})
            assert [error.message for error in validator.iter_errors(found.body)] == [], path


def nullable(node: Any) -> Any:
    """A description as a JSON schema: there a type, or a list of values, does not say null."""
    if isinstance(node, list):
        return [nullable(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: nullable(each) for key, each in node.items()}
    if made.pop("nullable", False) is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made


def test_what_other_servers_tell_is_typed(tmp_path: Path, models: list[Model]) -> None:
    """An agent bot and rules; Twilio; a log that is late and one that knows more; no `updated_at`;
    a conversation in two versions, of which the first was pending.
    """
    at = 1_780_000_000

    def conversation(minute: int, status: str, **more: Any) -> dict[str, Any]:
        return {"id": 12, "created_at": at, "last_activity_at": at + 60 * minute, "status": status,
                "inbox_id": 3, "labels": [], "custom_attributes": {}, "additional_attributes": {},
                "meta": {"sender": {"id": 5, "email": "A@mail.example "},
                         "channel": "Channel::TwilioSms"}} | more  # fmt: skip

    def message(key: int, kind: int, **more: Any) -> dict[str, Any]:
        return {"id": key, "conversation_id": 12, "created_at": at + 60 * key,
                "message_type": kind, "content": "#12345", "private": False} | more  # fmt: skip

    bot = {"sender_type": "AgentBot", "sender_id": 4, "sender": {"name": "Robo"}}
    person = {"sender_type": "User", "sender_id": 4, "sender": {"name": "Kim"}}
    written = [
        message(1, 0, sender_type="Contact", sender_id=5),
        message(2, 1, **bot),
        message(3, 3, content="We are closed"),
        message(4, 1, content_attributes={"automation_rule_id": 9}),
        message(5, 2),
        message(6, 1, **person),
        message(7, 1),
        message(8, 3, content_type="input_csat"),
    ]
    log = [
        {"id": 1, "name": "conversation_bot_handoff", "event_end_time": "2026-05-28T20:29:20Z"},
        {"id": 2, "name": "first_response", "event_end_time": "2026-05-28T20:32:40Z"},
    ]
    before: dict[str, list[dict[str, Any]]] = {
        "conversations": [conversation(5, "pending")],
        "messages": written,
        "inboxes": [{"id": 3, "medium": "whatsapp"}],
        "agent_bots": [{"id": 4, "name": "Robo"}],
        "team_members": [{"team_id": 1, "members": [{"id": 4}]}],
        "teams": [{"id": 1, "name": "care"}],
        "reporting_events": [{"conversation_id": 12, "events": log}],
    }
    assignee = {"assignee": {"id": 4}, "assignee_type": "AgentBot"}
    assigned = {"meta": {"channel": "Channel::TwilioSms", **assignee}}
    after = {"conversations": [conversation(8, "resolved", labels=["vip"], **assigned)]}

    def reading(documents: list[dict[str, Any]]) -> Reader:
        return lambda api, state, run: iter([Page(documents, is_last=True)])

    def sync(landing: dict[str, list[dict[str, Any]]]) -> None:
        keys = {"reporting_events": itemgetter("conversation_id")}
        keys["team_members"] = itemgetter("team_id")
        streams = [
            Stream(table, reading(landing.get(table, [])), keys.get(table, own_id))
            for table in chatwoot.VENDOR.tables
        ]
        run = SourceRun(shop.warehouse, tmp_path / "scratch", shop.now)
        pipeline = build("desk", shop.warehouse, tmp_path / "dlt")
        vendor = Vendor(streams, Api, address="", secrets=())
        load(pipeline, lambda: vendor.source(spec, run), run)

    shop = Desk("chatwoot", "https://desk.example", tmp_path)
    spec = ApiSpec("desk", "chatwoot", shop.url, secrets=SECRETS)
    sync(before)
    sync(after)
    with shop.staged(models) as connection:
        assert rows(
            connection,
            "select channel, status, tags, assignee_id from staging.stg_chatwoot__tickets",
        ) == [("whatsapp", "resolved", '["vip"]', "agentbot|4")]
        assert rows(
            connection,
            """select message_id, author_kind, author_id, is_auto
            from staging.stg_chatwoot__messages order by 1""",
        ) == [
            ("1", "customer", "5", False),
            ("2", "ai_agent", "agentbot|4", False),
            ("3", "automation", None, True),
            ("4", "automation", None, False),
            ("6", "human_agent", "4", False),
            ("7", "human_agent", None, False),
        ]
        assert rows(
            connection,
            f"""select (epoch(occurred_at)::bigint - {at}) // 60, event_type, to_value
            from staging.stg_chatwoot__ticket_events order by 1, seq""",
        ) == [
            (0, "created", None),
            (2, "handoff", None),
            (5, "status_changed", "pending"),
            (8, "assigned", "agentbot|4"),
            (8, "tag_added", "vip"),
            (8, "resolved", None),
            (8, "survey_sent", None),
        ]
        agents = "select agent_id, kind, team from staging.stg_chatwoot__agents order by 1"
        assert rows(connection, agents) == [
            ("4", "human_agent", "care"),
            ("agentbot|4", "ai_agent", None),
        ]
        mentions = "select distinct order_number from staging.stg_chatwoot__order_mentions"
        assert rows(connection, mentions) == [("12345",)]


def test_a_list_without_an_end_is_told() -> None:
    class Stuck:
        spec = ApiSpec("desk", "chatwoot", "https://desk.example")

        def pages(self, *_: Any, **__: Any) -> Iterator[Page]:
            return (Page([{"id": 1}]) for _ in count())

    with pytest.raises(IngestError, match="gives the same page 3 times"):
        list(chatwoot.CONVERSATIONS.pages(cast(Api, Stuck())))
