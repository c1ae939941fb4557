"""Twenty random steps of a living shop: increments end where a fresh full load does, for few calls.

Steps last seconds to days and often end at the very second at which something happens, or one
beside it. Nothing happens around the end, so that a server whose clock is off tells the same.
"""

import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from ingestion import TABLES, VENDORS, streams
from ingestion.sample import SampleSpec, build_shop
from ingestion.sandbox.faults import Faults
from ingestion.sandbox.world import World
from ingestion.streams import REREAD_EVERY, SWEEP_EVERY
from tests.models import Model
from tests.quick_desk import QuickDesk, small_pages, wire
from tests.sandbox_support import sandbox
from tests.source_support import Desk

pytestmark = pytest.mark.slow

START = datetime(2026, 3, 10, 12, tzinfo=UTC)
SECONDS, HOURS, DAYS = (1, 100), (600, 6 * 3600), (12 * 3600, 48 * 3600)
EARLIER, LATER = 3 * [SECONDS] + 4 * [HOURS] + 4 * [DAYS], 3 * [SECONDS] + 4 * [HOURS] + 2 * [DAYS]
PAGE = 25

# What hangs on when a status, an assignee or a tag changed. No log of these two tells, so syncs
# have seen it one by one in the versions of a ticket, and a fresh load has the last one alone.
BY_VERSIONS = {
    "chatwoot": {"backlog", "backlog_age", "full_resolution_time", "queue_days",
                 "tickets_per_agent_day"},
    "freshdesk": {"ai_involvement", "ai_resolution_rate", "backlog", "backlog_age",
                  "containment_rate", "cost_per_contact", "csat_response_rate.ratio_resolved",
                  "deflection_rate", "escalation_rate", "first_contact_resolution",
                  "first_resolution_time", "full_resolution_time", "handle_time",
                  "handoff_response_time", "human_first_response_time", "knowledge_gap_rate",
                  "queue_days", "recontact_rate", "reopen_rate", "replies_per_resolution",
                  "resolution_rate", "tickets_created.contacts", "tickets_per_agent_day",
                  "tickets_resolved"},
}  # fmt: skip
# Their models read the newest documents alone, as Zendesk's do: one stands for all.
OF_NEWEST = ("gorgias", "intercom", "shopify")
# A shop has no tickets.
KPIS = {"woocommerce": 7}


@cache
def shop() -> dict[str, pa.Table]:
    """Some 100 tickets and 150 orders of one month."""
    march = SampleSpec(
        orders=150, tickets=90, starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31)
    )
    return build_shop(march, now=datetime(2026, 5, 1, tzinfo=UTC))


@cache
def happenings() -> list[int]:
    """Each second at which a ticket or an order changes."""
    world = World.of(shop())
    tickets = {moment.at for ticket in world.tickets.values() for moment in ticket.moments}
    return sorted(tickets | {at for order in world.orders.values() for at in order.changes})


def steps(dice: Random) -> Iterator[timedelta]:
    at = int(START.timestamp())
    for shortest, longest in (*dice.sample(EARLIER, 11), *dice.sample(LATER, 9)):
        before, at = at, at + dice.randint(shortest, longest)
        if dice.random() < 0.7:
            at = max(before + 1, happenings()[bisect_left(happenings(), at)] + dice.randint(-1, 1))
        yield timedelta(seconds=at - before)
    end = at + 1
    while bisect_left(happenings(), end - 120) < bisect_left(happenings(), end + 10):
        end += 10
    yield timedelta(seconds=end - at)


def plain(value: Any) -> Any:
    """A JSON value without the order of its lists, nor what a list says twice: faults shuffle and
    repeat what lies inside a document too.
    """
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(plain(each), sort_keys=True) for each in value})
    return value


def documents(desk: Desk) -> dict[str, dict[str, Any]]:
    """Chatwoot lists by activity: what leaves none, days after the last, moves `updated_at` alone,
    and is met with the next activity.
    """
    found = {
        table: {key: plain(json.loads(str(payload))) for key, payload in rows.items()}
        for table, rows in desk.documents().items()
    }
    if desk.kind == "chatwoot":
        for conversation in found["conversations"].values():
            del conversation["updated_at"]
    return found


def kpis(desk: Desk, models: list[Model]) -> dict[str, tuple[int, int]]:
    """How many figures each statistic of a KPI has, and a sum of what they are. Where versions tell
    the history, figures of the whole desk alone: it also says in which part a ticket is counted.
    """
    parts = "handling, channel, category, team, customer_segment"
    shown = f"list_unique([{parts}]) = 1 and team = 'all'" if desk.kind in BY_VERSIONS else "true"
    with desk.built(models) as connection:
        rows = connection.execute(
            f"""select kpi || '.' || stat, count(*), sum(hash(
                grain, period_start, period_end, {parts}, round(value, 6), round(numerator, 6),
                round(denominator, 6), n, is_partial, is_mature, is_low_sample, data_as_of
            )) from marts.kpi_values where {shown} group by all"""
        ).fetchall()
    return {name: (count, told) for name, count, told in rows}


def leave_out_late_customers(
    living: QuickDesk, found: dict[str, Any], wanted: dict[str, Any]
) -> None:
    """A shop's newest customers have its highest ids; the sandbox's have any, so that those below
    are found when all are read again.
    """
    read_at = living.state["sources"]["desk"]["resources"]["customers"]["reread_at"]
    for key in wanted.keys() - found.keys():
        if f"{wanted[key]['date_created_gmt']}+00:00" > read_at:
            del wanted[key]


def leave_out_told_audits(found: dict[str, Any]) -> None:
    """What the export withheld was read from tickets' own audits, until it told the same."""
    for key in found["ticket_audits"].keys() & found["ticket_events"].keys():
        del found["ticket_audits"][key]


@pytest.fixture(scope="module")
def figures(models: list[Model]) -> list[Model]:
    """The models of which the KPIs are made; `models` has parents first."""
    wanted = {'"marts"."kpi_values"'}
    found = []
    for model in reversed(models):
        if f'"{model.schema}"."{model.name}"' in wanted and model.materialized != "test":
            wanted |= set(re.findall(r'"\w+"\."\w+"', model.sql))
            found.append(model)
    return found[::-1]


@pytest.mark.parametrize("kind", VENDORS)
def test_after_twenty_live_steps_with_faults_all_is_as_after_a_fresh_load(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: list[Model]
) -> None:
    """The last weeks are read again each day, but not in the later steps: that makes up for what an
    increment misses.
    """
    small_pages(monkeypatch, PAGE)
    dice = Random(seed := f"{kind} 1")
    faults = Faults(seed=dice.randrange(1_000_000), rate=0.2)
    with wire(), sandbox(START, shop(), faults=faults) as client:
        living = QuickDesk(kind, f"{client.base}/{kind}", tmp_path / "living", now=START)
        with living.open():
            living.sync(later=timedelta(0))
            for number, step in enumerate(steps(dice)):
                if number == len(EARLIER):
                    monkeypatch.setattr(streams, "REREAD_EVERY", timedelta(days=100))
                client.clock.advance(step)
                living.sync(later=step)
        end = client.clock.now()
    with sandbox(end, shop()) as client:
        fresh = Desk(kind, f"{client.base}/{kind}", tmp_path / "fresh", now=end)
        fresh.sync(later=timedelta(0))
    found, wanted = documents(living), documents(fresh)
    if kind == "woocommerce":
        leave_out_late_customers(living, found["customers"], wanted["customers"])
    if kind == "zendesk":
        leave_out_told_audits(found)
    for table in wanted:
        assert found[table] == wanted[table], f"{seed}: {table}"
    if kind in OF_NEWEST:
        return
    found_kpis, wanted_kpis = kpis(living, figures), kpis(fresh, figures)
    parted = {name for name, told in wanted_kpis.items() if found_kpis.get(name) != told}
    untold = BY_VERSIONS.get(kind, set())
    assert {name for name in parted if not untold & {name, name.partition(".")[0]}} == set(), seed
    assert found_kpis.keys() - wanted_kpis.keys() == set(), seed
    assert len({name.partition(".")[0] for name in wanted_kpis}) == KPIS.get(kind, 46)


# Calls of a sync at which there is nothing new.
IDLE = {
    "zendesk": 10,
    "freshdesk": 8,
    "gorgias": 10,
    "intercom": 5,
    "chatwoot": 14,
    "shopify": 3,
    "woocommerce": 4,
}
# Two tables are made of one list.
TWICE = {"gorgias": "/api/tickets?", "chatwoot": "/teams"}
# Of tickets changed in the cursor's own instant, which is read again, the messages are too.
AT_THE_CURSOR = {"gorgias": 1}


@pytest.mark.parametrize("kind", VENDORS)
def test_no_call_is_repeated_beyond_the_overlap(kind: str, tmp_path: Path) -> None:
    """What hangs on a ticket is asked for once, and only for one that has changed. Of lists each
    page is asked for once, but when the last weeks are read again or all ids are.
    """
    dice = Random(seed := f"{kind} 2")
    twice = TWICE.get(kind, "never")
    with wire() as line, sandbox(START, shop()) as client:
        desk = QuickDesk(kind, f"{client.base}/{kind}", tmp_path / "living", now=START)
        with desk.open():
            desk.sync(later=timedelta(0))
            reread_at = swept_at = START
            for step in steps(dice):
                client.clock.advance(step)
                line.calls.clear()
                before = desk.passes
                desk.sync(later=step)
                if is_reread := desk.now - reread_at >= REREAD_EVERY:
                    reread_at = desk.now
                if is_swept := desk.now - swept_at >= SWEEP_EVERY:
                    swept_at = desk.now
                told = f"{seed}: {desk.now}"
                assert len(line.details) == len({*line.details}), told
                unasked = {key for key, _ in line.details} - changed(desk, before)
                assert len(unasked) <= AT_THE_CURSOR.get(kind, 0), told
                for call, times in Counter(line.lists).items():
                    tables = 2 if twice in call[1] else 1
                    assert times <= tables * (1 + is_reread) + 2 * is_swept, (told, call)
                if not is_reread and not is_swept:
                    assert len(line.lists) <= IDLE[kind] + 1, told
            line.calls.clear()
            desk.sync(later=timedelta(minutes=1))
            assert len(line.lists) == IDLE[kind], seed
            assert len(line.details) <= AT_THE_CURSOR.get(kind, 0), seed


def changed(desk: QuickDesk, before: int) -> set[str]:
    """Keys of the tickets, or what else stands first, that have landed after these passes."""
    table = TABLES[desk.kind][0]
    with duckdb.connect(str(desk.warehouse)) as connection:
        rows = connection.execute(
            f"select _key from raw_desk.{table} where _dlt_load_id > '{before:09}'"
        ).fetchall()
    return {key for (key,) in rows}
