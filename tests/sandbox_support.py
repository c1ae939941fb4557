"""A shop of five tickets small enough to work out every answer by hand, and a client for it."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from http.client import IncompleteRead
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa

from ingestion.sandbox.app import create_app
from ingestion.sandbox.clock import FrozenClock
from ingestion.sandbox.serve import running
from ingestion.sandbox.world import World

API = "/zendesk/api/v2"
TOKEN = base64.b64encode(b"me@shop.example/token:key").decode()
ASKING = {"Authorization": f"Basic {TOKEN}"}


def on(day: int, clock: str) -> datetime:
    """An instant of March 2026; the 2nd is a Monday."""
    return datetime.fromisoformat(f"2026-03-{day:02}T{clock}+00:00")


def table(columns: str, *rows: Sequence[Any]) -> pa.Table:
    names = columns.split()
    assert all(len(row) == len(names) for row in rows)
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})


def shop() -> dict[str, pa.Table]:
    """T1 has a whole life, T2 starts with the AI, T3 is merged into T1, T4 spam, T5 deleted."""
    created, rules, agent = "created", ("automation", "rules"), ("human_agent", "agent-1")
    nobody, ai, system = ("customer", None), ("ai_agent", "ai-1"), ("system", None)
    events = [
        ("T1", on(2, "08:00:00"), created, None, None, None, *nobody),
        ("T1", on(2, "08:00:02"), "category_set", None, "wismo", None, *rules),
        ("T1", on(2, "08:00:03"), "assigned", None, "care", None, *rules),
        ("T1", on(2, "09:00:00"), "assigned", None, "agent-1", None, *agent),
        ("T1", on(2, "09:00:00"), "status_changed", "new", "open", None, *agent),
        ("T1", on(2, "09:10:05"), "status_changed", "open", "pending", None, *agent),
        ("T1", on(2, "10:00:00"), "resolved", None, None, None, *agent),
        ("T1", on(2, "10:30:00"), "survey_sent", None, None, None, *rules),
        ("T1", on(6, "10:00:00"), "closed", None, None, None, *rules),
        ("T2", on(2, "09:00:00"), created, None, None, None, *nobody),
        ("T2", on(2, "09:01:00"), "resolved", None, "assumed", None, *ai),
        ("T2", on(2, "09:30:00"), "reopened", None, None, None, *system),
        ("T2", on(2, "09:30:02"), "handoff", None, "policy", "policy", *ai),
        ("T2", on(2, "09:40:00"), "snoozed", None, None, None, *agent),
        ("T2", on(2, "09:50:00"), "schedule_set", None, "late", None, *rules),
        ("T3", on(2, "08:30:00"), created, None, None, None, *nobody),
        ("T3", on(2, "11:00:00"), "merged_into", None, "T1", None, *agent),
        ("T3", on(2, "11:00:00"), "closed", None, None, None, *agent),
        ("T4", on(2, "10:00:00"), created, None, None, None, *nobody),
        ("T4", on(2, "10:00:15"), "spam_marked", None, None, None, *rules),
        ("T5", on(2, "10:00:00"), created, None, None, None, *nobody),
        ("T5", on(3, "12:00:00"), "tag_added", None, "vip", None, *agent),
        ("T5", on(4, "12:00:00"), "deleted", None, None, None, *agent),
    ]
    tickets = "ticket_id created_at customer_id customer_email channel category subcategory status"
    tickets += " priority team assignee_id brand subject tags language order_id is_spam is_deleted"
    messages = "message_id ticket_id sent_at author_kind author_id is_public is_auto body seq"
    told = "ticket_id occurred_at event_type from_value to_value reason actor_kind actor_id"
    return {
        "tickets": table(
            tickets,
            ("T1", on(2, "08:00:00"), "C1", None, "email", "wismo", "late", "closed", "high",
             "care", "agent-1", "Pine", "Where?", "[]", "en", "#7", False, False),
            ("T2", on(2, "09:00:00"), "C2", None, "chat", "other", None, "snoozed", None,
             "chat", None, "Pine", None, None, "en", None, False, False),
            ("T3", on(2, "08:30:00"), "C1-B", None, "contact_form", None, None, "closed", None,
             "care", None, "Pine", "Again", None, "en", None, False, False),
            ("T4", on(2, "10:00:00"), None, "win@mail.example", "email", None, None, "new", None,
             "care", None, "Pine", "Prize", None, "en", None, True, False),
            ("T5", on(2, "10:00:00"), "C2", None, "email", None, None, "new", None,
             "care", None, "Pine", "Hi", '["vip","old"]', "en", None, False, True),
        ),
        "messages": table(
            messages,
            ("M1", "T1", on(2, "08:00:00"), "customer", None, True, False, "Where is it?", 1),
            ("M2", "T1", on(2, "09:10:00"), "human_agent", "agent-1", True, False, "Soon.", 2),
            ("M3", "T1", on(2, "09:10:05"), "human_agent", "agent-1", False, False, "Late!", 3),
            ("M4", "T1", on(2, "09:20:00"), "customer", None, True, True, "Out of office", 4),
            ("M5", "T2", on(2, "09:00:00"), "customer", None, True, False, "Hello", 1),
            ("M6", "T2", on(2, "09:00:30"), "ai_agent", "ai-1", True, False, "Here you are", 2),
            ("M7", "T3", on(2, "08:30:00"), "customer", None, True, False, "And?", 1),
            ("M8", "T4", on(2, "10:00:00"), "customer", None, True, False, "You won", 1),
            ("M9", "T5", on(2, "10:00:00"), "customer", None, True, False, "Hi there", 1),
        ),
        "ticket_events": table(
            f"event_id seq {told}",
            *((f"E{n}", n, *event) for n, event in enumerate(events, start=1)),
        ),
        "csat_responses": table(
            CSAT,
            ("T1", on(2, "12:00:00"), "2", "1-5", "human", on(2, "10:30:00"), 1),
            ("T1", on(3, "12:00:00"), "4", "1-5", "human", on(2, "10:30:00"), 1),
        ),
        "time_entries": table(
            "entry_id ticket_id agent_id started_at seconds",
            ("W1", "T1", "agent-1", on(2, "09:05:00"), 120),
            ("W2", "T1", "agent-1", on(2, "09:15:00"), 120),
        ),
        "agents": table(
            "agent_id name kind team active_from active_to",
            ("agent-1", "Amara", "human_agent", "care", None, date(2026, 3, 4)),
            ("ai-1", "Paige", "ai_agent", None, None, None),
            ("rules", "Rules", "automation", None, None, None),
        ),
        "customers": table(
            "customer_id email phone merged_into created_at is_test",
            ("C1", "one@mail.example", "+15551", None, on(1, "08:00:00"), False),
            ("C1-B", "two@mail.example", None, "C1", on(1, "09:00:00"), False),
            ("C2", "qa@shop.example", None, None, on(1, "10:00:00"), True),
        ),
        "orders": table(
            "order_id placed_at paid_at cancelled_at payment_status customer_id customer_email"
            " total updated_at",
            ("#7", on(1, "08:00:00"), on(1, "08:05:00"), None, "refunded", "C1", None, 30.0,
             on(5, "08:00:00")),
            ("#8", on(2, "08:00:00"), None, on(2, "09:00:00"), "voided", None, "Two@mail.example",
             10.0, on(2, "09:00:00")),
        ),
        "order_lines": table("order_id line_no sku quantity", ("#7", 1, "LIG-1", 2)),
        "refunds": table(
            "refund_id order_id refunded_at amount",
            ("R2", "#7", on(5, "08:00:00"), 20.0),
            ("R1", "#7", on(3, "08:00:00"), 10.0),
        ),
    }  # fmt: skip


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    body: Any


@dataclass(frozen=True)
class Sandbox:
    base: str
    clock: FrozenClock

    def get(self, path: str, **query: object) -> Answer:
        url = path if path.startswith("http") else f"{self.base}{path}"
        return self.send("GET", f"{url}?{urlencode(query)}" if query else url)

    def send(
        self, method: str, url: str, asking: dict[str, str] = ASKING, body: bytes | None = None
    ) -> Answer:
        request = urllib.request.Request(url, body, asking, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as found:
                given = found.read()
                return Answer(found.status, found.headers, json.loads(given) if given else None)
        except urllib.error.HTTPError as refused:
            with refused:
                text = refused.read().decode()
                is_json = text.startswith("{")
                return Answer(refused.code, refused.headers, json.loads(text) if is_json else text)

    def insist(self, path: str, **query: object) -> tuple[Answer, int]:
        """Ask until the answer is whole and fine; the answer and how often it took."""
        for times in range(1, 4):
            try:
                found = self.get(path, **query)
            except (IncompleteRead, json.JSONDecodeError):
                continue
            if found.status == 200:
                return found, times
        raise AssertionError(f"three failures in a row: {path} {query}")

    def walk(self, path: str, rows: str, **query: object) -> list[list[Any]]:
        """The pages of an export from its start."""
        found, pages = self.get(path, **query).body, []
        while True:
            pages.append(found[rows])
            if found["end_of_stream"]:
                return pages
            found = self.get(found.get("after_url") or found["next_page"]).body


CSAT = "ticket_id rated_at score scale target survey_sent_at episode_seq"


def rated(*ratings: Sequence[Any]) -> dict[str, pa.Table]:
    """The shop with these rows of `csat_responses` in the place of its own."""
    return {**shop(), "csat_responses": table(CSAT, *ratings)}


@contextmanager
def sandbox(
    at: datetime, tables: dict[str, pa.Table] | None = None, **options: Any
) -> Iterator[Sandbox]:
    clock, world = FrozenClock(at), World.of(tables or shop())
    with running(create_app(world, clock, **{"limits": False} | options)) as base:
        yield Sandbox(base, clock)
