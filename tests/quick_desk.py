"""A desk that lands without the loader's files: passes are committed as the pipeline does.

A pass of the pipeline takes a second whatever it reads, and twenty steps of seven vendors or a
crash at each call take hundreds. Here a pass is one transaction of rows and state, which is what
the pipeline promises; that it keeps the promise is what its own tests show, and every fresh load
that these passes are compared with goes through it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import duckdb
import orjson
import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.resolve import inject_section
from dlt.common.configuration.specs.config_section_context import ConfigSectionContext
from dlt.common.pipeline import StateInjectableContext
from dlt.extract.pipe_iterator import ManagedPipeIterator
from dlt.sources import DltSource
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from tenacity import nap

from ingestion import (
    SOURCES,
    TABLES,
    freshdesk,
    gorgias,
    shopify,
    shopify_bulk,
    woocommerce,
    zendesk_surveys,
)
from ingestion.api import ApiSpec
from ingestion.documents import DOCUMENTS
from ingestion.pipeline import BOOKKEEPING, Loaded
from ingestion.quarantine import FILE_LOADS, QUARANTINE
from ingestion.run import SourceRun, Sync
from ingestion.sandbox import chatwoot as chatwoot_sandbox
from ingestion.sandbox import faults, zendesk_pages
from ingestion.sandbox import intercom as intercom_sandbox
from tests.source_support import Desk

# Key and hash of every row that has landed, by table, in their order.
Versions = dict[str, list[tuple[str, str]]]


@dataclass
class QuickDesk(Desk):
    """`state` is that of the last of the passes that were committed, and `on_commit` is told."""

    state: dict[str, Any] = field(default_factory=dict)
    passes: int = 0
    on_commit: Callable[[], None] = lambda: None

    @contextmanager
    def open(self) -> Iterator["QuickDesk"]:
        """Keeps the warehouse open, since to open it takes longer than to read a page."""
        self.folder.mkdir(parents=True)
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("create schema raw_desk")
            shapes = {
                **dict.fromkeys(TABLES[self.kind], DOCUMENTS),
                "quarantine": QUARANTINE,
                "file_loads": FILE_LOADS,
            }
            for table, shape in shapes.items():
                connection.register("rows", shape.empty_table())
                connection.execute(
                    f"create table raw_desk.{table} as select *, '' as _dlt_load_id from rows"
                )
            yield self

    def sync(self, *, later: timedelta = timedelta(hours=1), **limits: Any) -> Loaded:
        self.now += later
        spec = ApiSpec("desk", self.kind, self.url, self.start_at, self.secrets)
        run = SourceRun(self.warehouse, self.folder / "scratch", self.now, sync=Sync(**limits))
        rows: Counter[str] = Counter()
        while True:
            run.sync.begin_pass()
            source = SOURCES[self.kind](spec, run)
            rows += self._pass(source)
            if set(source.selected_resources) <= run.sync.finished:
                return Loaded(dict(rows), 0, tuple(sorted(run.sync.refused)))

    def _pass(self, source: DltSource) -> Counter[str]:
        state = orjson.loads(orjson.dumps(self.state))
        read = list(_read(source, state))
        landed: Counter[str] = Counter()
        self.passes += 1
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.begin()
            for table, rows in read:
                connection.register("rows", rows)
                connection.execute(
                    f"insert into raw_desk.{table} by name"
                    f" select *, '{self.passes:09}' as _dlt_load_id from rows"
                )
                if table not in BOOKKEEPING:
                    landed[table] += rows.num_rows
            connection.commit()
        self.state = state
        self.on_commit()
        return +landed


def versions(desk: Desk) -> Versions:
    with duckdb.connect(str(desk.warehouse)) as connection:
        return {
            table: connection.execute(
                f"select _key, _row_hash from raw_desk.{table} order by all"
            ).fetchall()
            for table in TABLES[desk.kind]
        }


@dataclass
class Wire:
    """What goes over the network: each try of a call as method, address and body.

    `breaks_at`: which of them, counted from 1, is the last thing that the process does.
    """

    calls: list[tuple[str, str, str]] = field(default_factory=list)
    breaks_at: int | None = None

    def send(self, adapter: HTTPAdapter, request: PreparedRequest, **options: Any) -> Response:
        if self.breaks_at == len(self.calls) + 1:
            raise CrashError
        call = str(request.method), str(request.path_url), str(request.body or "")
        self.calls.append(call)
        return _SEND(adapter, request, **options)

    @property
    def details(self) -> list[tuple[str, str]]:
        """Calls for what hangs on one ticket, conversation or order: its id, and the address."""
        found = ((DETAIL.search(path), path) for _, path, _ in self.calls)
        return [(told[1] or told[2], path) for told, path in found if told]

    @property
    def lists(self) -> list[tuple[str, str, str]]:
        """The other calls."""
        return [call for call in self.calls if not DETAIL.search(call[1])]


class CrashError(Exception):
    """What no code waits for."""


_SEND = HTTPAdapter.send
DETAIL = re.compile(r"(?:tickets|conversations|orders)/(\d+)\b|ticket_id=(\d+)")


@contextmanager
def wire() -> Iterator[Wire]:
    """Listens in on all calls of this process; nobody waits before the next try of one."""
    found = Wire()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HTTPAdapter, "send", lambda *given, **options: found.send(*given, **options))
        patch.setattr(nap, "time", SimpleNamespace(sleep=lambda seconds: None))
        patch.setattr(faults, "MAX_SLOW_S", 0.0)
        yield found


def small_pages(patch: pytest.MonkeyPatch, size: int) -> None:
    """Pages of so many rows, by what either side asks for or is ready to give."""
    for module in (freshdesk, gorgias, shopify, shopify_bulk, woocommerce):
        patch.setattr(module, "PAGE", size)
    patch.setattr(shopify, "IDS_PAGE", size)
    patch.setattr(zendesk_surveys, "PAGE", size)
    for name in ("PAGE", "LIST_PAGE"):
        patch.setattr(zendesk_pages, name, size)
    for name in ("LARGEST", "DELETED_LARGEST"):
        patch.setattr(intercom_sandbox, name, size)
    for name in ("PAGE", "CONTACTS_PAGE"):
        patch.setattr(chatwoot_sandbox, name, size)


def _read(source: DltSource, state: Any) -> Iterator[tuple[str, Any]]:
    """Tables of rows with the names under which they land; `state` is written to meanwhile."""
    section = ConfigSectionContext(
        sections=("sources", source.section, source.name), source_state_key=source.name
    )
    context = StateInjectableContext(state=state)
    with inject_section(section), Container().injectable_context(context):
        pipes = ManagedPipeIterator.from_pipes(source.resources.selected_pipes)
    assert isinstance(pipes, ManagedPipeIterator)
    pipes.set_context([section, context])
    with pipes:
        for found in pipes:
            yield found.meta.table_name, found.item
