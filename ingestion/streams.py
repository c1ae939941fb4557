"""API sources as streams of documents: one stream a table, with its own cursor and its own pace.

A vendor's module says how its pages are read; what is the same for all of them is here: passes that
commit what they have read, overlaps that land nothing twice, tables that an account does not offer,
and documents that are gone.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import dlt
from dlt.sources import DltResource, DltSource

from ingestion.api import ApiSpec, Page, RefusedError
from ingestion.documents import Document, Documents, bookkeeping
from ingestion.errors import IngestError
from ingestion.run import SourceRun

State = dict[str, Any]
# How a vendor is reached: its API, or where a module brings one, its database. Both have a `spec`
# and a `beginning`, and are handed on to the module's own readers.
Line = Any
# Pages from where the state says on. A reader writes into the state how far it has come before it
# gives a page out, so that the page and its cursor are committed together.
Reader = Callable[[Line, State, SourceRun], Iterator[Page]]
# Documents that hang on new or changed ones of the stream, by page.
Children = Callable[[Line, list[Document]], Iterator[list[Document]]]
# Ids of all that there is, by page.
Ids = Callable[[Line, SourceRun], Iterator[Iterable[str]]]

SWEEP_EVERY = timedelta(days=7)
"""How often all ids are asked for."""
REREAD_EVERY = timedelta(days=1)
REREAD = timedelta(days=35)
"""What changed in this time is read again once in `REREAD_EVERY`, for changes that the cursor has
missed."""
READ_ONCE = "read_once"
WITH_CHILDREN = "with_children"


def own_id(document: Document) -> Any:
    return document.get("id")


@dataclass(frozen=True)
class Stream:
    """One table of a source.

    `is_whole`: each sync reads all of it, so what is no longer there is gone. `ids`: asked for once
    in `SWEEP_EVERY`, for a vendor that does not tell what was deleted. `children`: tables filled
    for each document that is new or changed. An `is_optional` stream may be refused. One that does
    not go on from its state in the middle (`can_pause`) is read to its end in one pass.
    """

    table: str
    read: Reader
    key: Callable[[Document], Any] = own_id
    children: Mapping[str, tuple[Children, Callable[[Document], Any]]] = field(default_factory=dict)
    ids: Ids | None = None
    is_whole: bool = False
    is_optional: bool = False
    can_pause: bool = True

    @property
    def pauses(self) -> bool:
        return self.can_pause and not self.is_whole


@dataclass(frozen=True)
class Vendor:
    """A kind of API source: what it lands, the first table always, and how it is reached.

    `address` has a place for the subdomain, and is empty where only `url` can say it; `secrets` are
    the keys of which one whole set has to be there. `instead`: by a secret, another way to the same
    tables, which is taken where that secret is given. `pace_s`: the seconds that its limits want
    between two looks at what is new.
    """

    streams: Sequence[Stream]
    connect: Callable[[ApiSpec], Line]
    address: str
    secrets: Sequence[Sequence[str]]
    instead: Mapping[str, "Vendor"] = field(default_factory=dict)
    pace_s: float = 20

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(table for stream in self.streams for table in (stream.table, *stream.children))

    def source(self, spec: ApiSpec, run: SourceRun) -> DltSource:
        """One resource a stream, read one after the other over one connection.

        Raises IngestError, when run, where the vendor cannot be reached or refuses what is needed.
        """
        way = next((other for key, other in self.instead.items() if key in spec.secrets), self)

        @cache
        def connected() -> Line:
            self._check_secrets(spec)
            return way.connect(spec)

        def resource(stream: Stream) -> DltResource:
            return dlt.resource(
                lambda: _land(stream, spec.name, run, connected),
                name=stream.table,
                write_disposition="append",
                schema_contract={"tables": "evolve", "columns": "evolve", "data_type": "freeze"},
            )

        @dlt.source(name=spec.name, max_table_nesting=0)
        def documents() -> list[DltResource]:
            return [resource(stream) for stream in way.streams]

        return documents()

    def _check_secrets(self, spec: ApiSpec) -> None:
        if not self.secrets or any(spec.secrets.keys() >= set(keys) for keys in self.secrets):
            return
        prefix = f"SOURCES__{spec.name.upper()}__"
        sets = (" and ".join(f"{prefix}{key.upper()}" for key in keys) for keys in self.secrets)
        raise IngestError(
            f"source {spec.name}: its secrets are missing. Set {', or '.join(sets)}"
            " in the environment."
        )


def _land(
    stream: Stream, source: str, run: SourceRun, connected: Callable[[], Line]
) -> Iterator[Any]:
    yield from bookkeeping()
    landing = Documents(source, stream.table, run, stream.key)
    below = {
        table: (read, Documents(source, table, run, key))
        for table, (read, key) in stream.children.items()
    }
    state = dlt.current.resource_state()
    if stream.table not in run.sync.begun:
        _begin(stream, state, run)
    was_finished = stream.table in run.sync.finished
    if not was_finished:
        try:
            yield from _read_all(stream, connected(), state, run, landing, below)
        except RefusedError:
            if not stream.is_optional:
                raise
            run.sync.refused.add(stream.table)
            run.sync.finished.add(stream.table)
    for documents in (landing, *(each for _, each in below.values())):
        yield from documents.batches(is_last=True)
        if run.sync.is_late or (stream.table in run.sync.finished and not was_finished):
            yield from documents.account()


def _begin(stream: Stream, state: State, run: SourceRun) -> None:
    """What this sync has to read beside what is new: `again` holds the start of each time that is
    read as if for the first time, with the state of that reading; it outlives a sync cut short.
    """
    run.sync.begun.add(stream.table)
    was_read = state.get(READ_ONCE, False)
    if not was_read:
        run.sync.unknown.add(stream.table)
    if run.reread_all:
        state.clear()
        state[READ_ONCE] = was_read
    is_due = _is_due(state, "reread_at", REREAD_EVERY, run.now)
    if stream.is_whole:
        return
    again: dict[str, State] = state.setdefault("again", {})
    if run.reread_since is not None:
        again.setdefault(run.reread_since.isoformat(), {WITH_CHILDREN: True})
    if is_due and not again:
        again[(run.now - REREAD).isoformat()] = {}
        state["reread_at"] = run.now.isoformat()


def _read_all(
    stream: Stream,
    api: Line,
    state: State,
    run: SourceRun,
    landing: Documents,
    below: Mapping[str, tuple[Children, Documents]],
) -> Iterator[Any]:
    """What is new, then what is to be read again. A pass that ends in between is gone on from."""
    again: dict[str, State] = state.get("again", {})
    if stream.table not in run.sync.up_to_date:
        is_done = yield from _read(stream, api, state, run, landing, below)
        if not is_done:
            return
        run.sync.up_to_date.add(stream.table)
    for since in sorted(again):
        later = api.beginning(datetime.fromisoformat(since))
        is_done = yield from _read(stream, later, again[since], run, landing, below)
        if not is_done:
            return
        del again[since]
    if stream.ids is not None and _is_due(state, "swept_at", SWEEP_EVERY, run.now):
        landing.bury_all_but(stream.ids(api, run))
        state["swept_at"] = run.now.isoformat()
    state[READ_ONCE] = True
    run.sync.finished.add(stream.table)


def _read(
    stream: Stream,
    api: Line,
    state: State,
    run: SourceRun,
    landing: Documents,
    below: Mapping[str, tuple[Children, Documents]],
) -> Generator[Any, None, bool]:
    """Whether it came to the end."""
    seen = run.sync.seen.setdefault(stream.table, set())
    if run.sync.must_pause:
        return False
    for page in stream.read(api, state, run):
        run.sync.read(len(page.documents))
        fresh = landing.add(page.documents)
        if stream.is_whole:
            seen.update(str(stream.key(document)) for document in page.documents)
        parents = page.documents if state.get(WITH_CHILDREN) else fresh
        for read, documents in below.values():
            for part in read(api, parents) if parents else ():
                run.sync.read(len(part))
                documents.add(part)
                yield from documents.batches()
        yield from landing.batches()
        if run.sync.must_pause and stream.pauses and not page.is_last:
            return False
    if stream.is_whole:
        landing.bury_all_but([seen])
    return True


def _is_due(state: State, last: str, every: timedelta, now: datetime) -> bool:
    """Also false the first time: what has just been read whole needs no second look."""
    done_at = state.setdefault(last, now.isoformat())
    return now - datetime.fromisoformat(done_at) >= every
