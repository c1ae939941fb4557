"""Staging that reads only what has landed since makes what a whole build would have made.

All vendors' kinds lie in one warehouse: a shop that lives on from sync to sync, and what no sandbox
does by itself but a real account may.
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from bookbag_orchestration.account import write_account
from bookbag_orchestration.sections import Account, ApiSource, Config
from ingestion import TABLES, VENDORS
from ingestion.sample import SampleSpec, build_shop
from tests.dbt_support import dbt
from tests.quick_desk import QuickDesk, wire
from tests.sandbox_support import Sandbox, sandbox

START = datetime(2026, 3, 12, 12, tzinfo=UTC)
SPEC = SampleSpec(orders=80, tickets=60, starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 25))
# The kind with a second source, which the account gives up.
GIVEN_UP = "gorgias"
# The kind of which a build saw what a killed load had left, before it was undone.
KILLED, KILLED_LOAD = "shopify", "000000500"
BY_HAND = "000000900"
# Who counts for what changes with it: a table, and a field of its documents with what it becomes.
PEOPLE = {
    "zendesk": ("users", "role", "agent"),
    "freshdesk": ("contacts", "job_title", "AI agent"),
    "gorgias": ("users", "name", "AI Agent"),
    "intercom": ("teams", "name", "Other"),
    "chatwoot": ("agents", "name", "Other"),
}
NAME_OF_ORDER = {"shopify": "name", "woocommerce": "number"}
# Tables that are large in a real account.
LARGE = {
    "zendesk": ("tickets", "ticket_events", "users", "survey_responses"),
    "freshdesk": ("tickets", "conversations", "contacts", "satisfaction_ratings"),
    "gorgias": ("tickets", "messages", "events", "customers", "satisfaction_surveys"),
    "intercom": ("conversation_details", "contacts"),
    "chatwoot": ("conversations", "messages", "contacts", "reporting_events"),
    "shopify": ("orders", "customers"),
    "woocommerce": ("orders", "customers"),
}


@dataclass(frozen=True)
class Warehouse:
    """A source of each kind, and the desks from which they are copied."""

    manifest: Any
    path: Path
    desks: dict[str, QuickDesk]

    def take_in(self, *more: str) -> None:
        """What the desks have landed; `more` are sources of GIVEN_UP with the same."""
        names = {kind: (kind, *more) if kind == GIVEN_UP else (kind,) for kind in self.desks}
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set timezone = 'UTC'")
            for kind, desk in self.desks.items():
                for table, rows in landed(desk).items():
                    connection.register("rows", rows)
                    for name in names[kind]:
                        connection.execute(f"create schema if not exists raw_{name}")
                        connection.execute(
                            f"create or replace table raw_{name}.{table} as from rows"
                        )
            sources = tuple(
                ApiSource(name=name, kind=kind, url="http://shop.example")
                for kind, its in names.items()
                for name in its
            )
            base, account = self.path.parent, Account(id="shop")
            write_account(connection, Config(base=base, account=account, sources=sources))

    def build(self, *arguments: str, kinds: Iterable[str] = VENDORS) -> None:
        """`dbt build` of these kinds' staging."""
        result = dbt(
            self.path, "build", "--exclude-resource-type", "test", "--exclude-resource-type",
            "unit_test", "--select", *(f"path:models/staging/{kind}" for kind in kinds),
            *arguments, manifest=self.manifest,
        )  # fmt: skip
        assert result.success, result.exception

    def run(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.path)) as connection:
            return connection.execute(sql).fetchall()

    def spoil_what_is_known(self) -> None:
        """Makes documents that no build has to read any more into what none can."""
        for kind, tables in LARGE.items():
            for table in tables:
                ((spoiled,),) = self.run(
                    f"""update raw_{kind}.{table} set payload = 'spoiled' where _key not in (
                        select _key from raw_{kind}.{table} where _dlt_load_id not in (
                            select load_id from raw_bookbag.built_loads where source = '{kind}'
                        )
                    )"""
                )
                assert spoiled, (kind, table)

    def copied(self, name: str) -> "Warehouse":
        path = self.path.parents[1] / name / "bookbag.duckdb"
        path.parent.mkdir()
        shutil.copyfile(self.path, path)
        return replace(self, path=path)


@contextmanager
def living(manifest: Any, folder: Path) -> Iterator[tuple[Sandbox, Warehouse]]:
    """Desks at one shop, whose warehouses stay open."""
    shop = build_shop(SPEC, now=datetime(2026, 5, 1, tzinfo=UTC))
    with wire(), sandbox(START, shop) as client, ExitStack() as stack:
        desks = {
            kind: QuickDesk(kind, f"{client.base}/{kind}", folder / kind, now=START)
            for kind in VENDORS
        }
        for desk in desks.values():
            stack.enter_context(desk.open())
        (folder / "warehouse").mkdir()
        yield client, Warehouse(manifest, folder / "warehouse" / "bookbag.duckdb", desks)


def sync(client: Sandbox, warehouse: Warehouse, step: timedelta) -> None:
    client.clock.advance(step)
    for desk in warehouse.desks.values():
        desk.sync(later=step)


def landed(desk: QuickDesk) -> dict[str, pa.Table]:
    with duckdb.connect(str(desk.warehouse)) as connection:
        return {
            table: connection.execute(f"from raw_desk.{table}").to_arrow_table()
            for table in TABLES[desk.kind]
        }


def newest(desk: QuickDesk, table: str) -> list[tuple[str, str]]:
    """Key and payload of what is there, by key."""
    return sorted((key, str(payload)) for key, payload in desk.documents()[table].items())


def land(desk: QuickDesk, table: str, key: str, payload: str | None, load: str = BY_HAND) -> None:
    """A newer version of a document; that it is gone where it has no payload."""
    with duckdb.connect(str(desk.warehouse)) as connection:
        connection.execute(
            f"insert into raw_desk.{table} by name select ? as _key, ? as payload, '' as _row_hash,"
            " ? as _is_deleted, 0 as _order, timestamptz '2026-03-22 00:00:00+00' as _loaded_at,"
            " ? as _dlt_load_id",
            [key, payload, payload is None, load],
        )


def undo(desk: QuickDesk, load: str) -> None:
    with duckdb.connect(str(desk.warehouse)) as connection:
        for table in TABLES[desk.kind]:
            connection.execute(f"delete from raw_desk.{table} where _dlt_load_id = '{load}'")


def change_by_hand(desk: QuickDesk) -> None:
    """Someone becomes another, two orders get one name, and of each table a document goes."""
    if desk.kind in PEOPLE:
        table, name, value = PEOPLE[desk.kind]
        key, payload = newest(desk, table)[0]
        land(desk, table, key, json.dumps({**json.loads(payload), name: value}))
    if desk.kind in NAME_OF_ORDER:
        name = NAME_OF_ORDER[desk.kind]
        (_, one), (key, other) = newest(desk, "orders")[:2]
        land(desk, "orders", key, json.dumps({**json.loads(other), name: json.loads(one)[name]}))
    for table in TABLES[desk.kind]:
        if len(found := newest(desk, table)) > 2:
            land(desk, table, found[-1][0], None)


def differing(one: Path, other: Path) -> tuple[int, list[str]]:
    """How many tables of vendors' staging there are, and which are not the same."""
    found = []
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only)")
        connection.execute(f"attach '{other}' as other (read_only)")
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'other'"
            " and schema_name = 'staging' order by all"
        ).fetchall()
        for (table,) in tables:
            rows = [f"from {name}.staging.{table}" for name in ("one", "other")]
            (count,) = connection.execute(
                f"select count(*) from (({rows[0]} except all {rows[1]})"
                f" union all ({rows[1]} except all {rows[0]}))"
            ).fetchone() or (0,)
            if count:
                found.append(table)
    return len(tables), found


def test_staging_that_follows_what_lands_is_as_if_made_whole(manifest: Any, tmp_path: Path) -> None:
    with living(manifest, tmp_path) as (client, warehouse):
        killed = warehouse.desks[KILLED]
        sync(client, warehouse, timedelta(0))
        key, payload = newest(killed, "orders")[0]
        land(killed, "orders", "gid://shopify/Order/1", payload, load=KILLED_LOAD)
        land(killed, "orders", key, None, load=KILLED_LOAD)
        warehouse.take_in("second")
        warehouse.build("path:seeds")

        undo(killed, KILLED_LOAD)
        sync(client, warehouse, timedelta(days=2))
        warehouse.take_in()
        warehouse.build(kinds=[KILLED, GIVEN_UP])

        sync(client, warehouse, timedelta(days=7))
        for desk in warehouse.desks.values():
            change_by_hand(desk)
        warehouse.take_in()
        warehouse.run("update maps.map_status set target = 'on_hold' where target = 'pending'")
        warehouse.run("update maps.map_channel set target = 'other' where target = 'email'")
        warehouse.run("update maps.map_ticket_field set target = 'sku' where target = 'category'")
        warehouse.spoil_what_is_known()
        warehouse.build()

        warehouse.take_in()
        anew = warehouse.copied("anew")
        anew.build("--full-refresh")
    tables, parted = differing(warehouse.path, anew.path)
    assert parted == []
    assert tables > 90
