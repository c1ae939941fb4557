"""A vendor's API in the sandbox, synced through the real pipeline, and what staging makes of it.

`Desk` is one account at one vendor. `sync` is one sync of it; `staged` builds the staging models of
its kind over what has landed and answers queries on them.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bookbag_orchestration.account import write_account
from bookbag_orchestration.sections import Account, ApiSource, Config
from ingestion import SOURCES, TABLES, VENDORS
from ingestion.api import ApiSpec
from ingestion.contracts import ENTITIES
from ingestion.errors import IngestError
from ingestion.pipeline import Loaded, build, load
from ingestion.run import SourceRun, Sync
from ingestion.streams import SWEEP_EVERY
from tests.models import Model, create, load_maps
from tests.sandbox_support import Sandbox, sandbox

SECRETS: Mapping[str, str] = {
    "email": "me@shop.example",
    "api_token": "key",
    "api_key": "key",
    "access_token": "key",
    "api_access_token": "key",
    "consumer_key": "ck_key",
    "consumer_secret": "cs_key",
}
BOOKKEEPING = ("quarantine", "file_loads")
TOLD_OF_OTHERS = ("csat_responses", "time_entries", "nps_responses", "qa_reviews", "roster")
"""Tables of files whose rows may tell of another source's tickets, agents and customers."""
A_WEEK = SWEEP_EVERY + timedelta(seconds=1)
ALL_BUT_SLOW = ("429", "500", "502", "short", "cut", "repeat", "shuffle")
"""Faults of a server that answers at once."""
MESSAGES = [
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
"""All that is written in the tiny shop, as `messages` tells it."""


@dataclass
class Desk:
    """`url` is the vendor's address: that of the sandbox with the vendor's prefix."""

    kind: str
    url: str
    folder: Path
    start_at: datetime | None = None
    now: datetime = field(default=datetime(2026, 11, 20, 12, tzinfo=UTC))
    secrets: Mapping[str, str] = field(default_factory=lambda: SECRETS)

    @property
    def warehouse(self) -> Path:
        return self.folder / "bookbag.duckdb"

    def sync(self, *, later: timedelta = timedelta(hours=1), **limits: Any) -> Loaded:
        """`limits` are those of `Sync`: documents a pass, seconds."""
        self.now += later
        spec = ApiSpec("desk", self.kind, self.url, self.start_at, self.secrets)
        run = SourceRun(self.warehouse, self.folder / "scratch", self.now, sync=Sync(**limits))
        pipeline = build("desk", self.warehouse, self.folder / "dlt")
        # As a sync of an account does: what opens the file while it is open shares it.
        with duckdb.connect(str(self.warehouse)):
            return load(pipeline, lambda: SOURCES[self.kind](spec, run), run)

    def documents(self) -> dict[str, dict[str, str | None]]:
        """The newest payload of each key that is not gone, by table."""
        with duckdb.connect(str(self.warehouse)) as connection:
            return {
                table: dict(
                    connection.execute(
                        f"""select _key, arg_max(payload, (_dlt_load_id, _order))
                        from raw_desk.{table} group by _key
                        having not arg_max(_is_deleted, (_dlt_load_id, _order))"""
                    ).fetchall()
                )
                for table in TABLES[self.kind]
            }

    def land(self, table: str, documents: Mapping[str, object], load: int = 9) -> None:
        """Puts documents, by key, where a sync would have put them; `load` numbers that sync."""
        with duckdb.connect(str(self.warehouse)) as connection:
            for key, document in documents.items():
                connection.execute(
                    f"""insert into raw_desk.{table} (_key, payload, _row_hash, _is_deleted, _order,
                        _loaded_at, _dlt_load_id) values (?, ?, '', false, 0, '2026-03-12', ?)""",
                    [key, json.dumps(document), str(load)],
                )

    @contextmanager
    def staged(self, models: list[Model]) -> Iterator[duckdb.DuckDBPyConnection]:
        """The staging models of the kind, in memory."""
        with self.built([m for m in models if m.name.startswith(f"stg_{self.kind}__")]) as found:
            yield found

    @property
    def landed(self) -> "Landed":
        return Landed("desk", self.kind, self.warehouse, "raw_desk")

    @contextmanager
    def built(self, models: list[Model]) -> Iterator[duckdb.DuckDBPyConnection]:
        """These models over what has landed, in memory."""
        source = ApiSource(name="desk", kind=self.kind, url=self.url)
        config = Config(base=self.folder, account=Account(id="acme"), sources=(source,))
        with built_over(models, config, self.landed) as found:
            yield found


@dataclass(frozen=True)
class Landed:
    """What a source has landed: a schema of a warehouse. `ids_of` as in bookbag.toml."""

    source: str
    kind: str
    warehouse: Path
    schema: str
    ids_of: str | None = None

    def as_source(self, table: str) -> str:
        """The source that the rows of a table count as."""
        return self.ids_of if self.ids_of and table in TOLD_OF_OTHERS else self.source


@contextmanager
def built_over(
    models: list[Model], config: Config, *landed: Landed
) -> Iterator[duckdb.DuckDBPyConnection]:
    """These models over what several sources have landed, in memory."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("set timezone = 'UTC'")
        write_account(connection, config)
        for each in landed:
            connection.execute(f"attach '{each.warehouse}' as at_{each.source} (read_only)")
        for schema in sorted({"landed"} | {model.schema for model in models}):
            connection.execute(f"create schema {schema}")
        there = connection.execute(
            "select database_name, schema_name, table_name from duckdb_tables()"
        ).fetchall()
        shapes = [("files", table, table) for table in (*ENTITIES, *BOOKKEEPING)]
        shapes += [(kind, table, "documents") for kind in VENDORS for table in TABLES[kind]]
        for kind, table, shape in shapes:
            parts = [
                f"select '{each.as_source(table)}' as source, *"
                f" from at_{each.source}.{each.schema}.{table}"
                for each in landed
                if (each.kind == kind or table in BOOKKEEPING)
                and (f"at_{each.source}", each.schema, table) in there
            ]
            empty = f"select null::varchar as source, * from raw_bookbag.no_{shape}"
            rows = " union all by name ".join(parts) or empty
            connection.execute(f"create view landed.{kind}_{table} as {rows}")
        load_maps(connection)
        create(connection, models)
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def messages(connection: duckdb.DuckDBPyConnection, kind: str) -> list[tuple[object, ...]]:
    """Ticket, instant, author, whether public, whether automatic."""
    return rows(
        connection,
        f"""select ticket_id, strftime(sent_at, '%d %H:%M:%S'), author_kind, is_public, is_auto
        from staging.stg_{kind}__messages order by sent_at, ticket_id, is_public desc""",
    )


def calls_of(client: Sandbox) -> list[dict[str, Any]]:
    """The calls since this was last asked."""
    found: list[dict[str, Any]] = client.get("/sandbox/calls").body
    client.send("DELETE", f"{client.base}/sandbox/calls")
    return found


def fresh_load(kind: str, at: datetime, folder: Path) -> Desk:
    """The tiny shop as one sync at `at` lands it."""
    with sandbox(at) as client:
        desk = Desk(kind, f"{client.base}/{kind}", folder)
        desk.sync()
    return desk


def refused(desk: Desk) -> str:
    """What a sync says, its cause included, where the vendor does not take the credentials."""
    with pytest.raises(IngestError) as raised:
        desk.sync()
    told = "".join(str(error) for error in (raised.value, raised.value.__cause__))
    assert "refuses the credentials (401)" in told
    return told
