"""The dashboard: all pages rendered from the published copy, those alone that have changed.

A page is made again when its text, what it is made with, or what its queries give is another; so a
run that changes nothing writes nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import duckdb

from reports.evidence.audience import TEAM, seen_by_team
from reports.evidence.data import Data, gather, inputs_of
from reports.evidence.markup import Page, PageError, read_page
from reports.evidence.render import ASSETS, Frame, render
from reports.formats import moment
from reports.notes import LATE
from reports.placing import place
from reports.published import read_account
from reports.reading import has_table, rows

PAGES = Path(__file__).parents[1] / "pages"
MARKS = "pages.json"


@dataclass(frozen=True)
class Site:
    """What was made: pages in all, and those that were written anew."""

    pages: int
    written: int


def build_site(
    copy: Path,
    folder: Path,
    own: Path | None = None,
    ours: Path = PAGES,
    addresses: Mapping[str, str] = MappingProxyType({}),
    is_team: bool = False,
) -> Site:
    """Renders the pages of bookbag (`ours`) and those of the folder `own`, of which one with the
    same name takes the place of bookbag's. `addresses`: where the tickets of a source are seen,
    with `{id}` for the ticket's. `is_team`: the pages that are for a team, with nothing in them
    that is not.

    Raises PageError once all is made that can be: a page that cannot stays as it was.
    """
    faults: dict[str, str] = {}
    pages = _pages(ours, own, faults)
    if is_team:
        pages = [page for page in pages if page.front.get("audience") == TEAM]
    folder.mkdir(parents=True, exist_ok=True)
    with _turn(folder):
        return _build(copy, folder, pages, faults, addresses, is_team)


def _build(
    copy: Path,
    folder: Path,
    pages: Sequence[Page],
    faults: dict[str, str],
    addresses: Mapping[str, str],
    is_team: bool,
) -> Site:
    marks = folder / MARKS
    before = json.loads(marks.read_text()) if marks.exists() else {}
    now: dict[str, str] = {}
    # Whether those are still of this site is not known: they stay as they were.
    unread = set(faults)
    written = 0
    with _opened(copy, addresses, is_team) as connection:
        frame = _frame(connection, pages)
        for page in pages:
            target = folder / f"{page.name}.html"
            try:
                text = _made(page, connection, frame)
            except PageError as error:
                faults[page.name] = str(error)
                now |= {page.name: before[page.name]} if page.name in before else {}
                continue
            now[page.name] = hashlib.sha256(text.encode()).hexdigest()
            if now[page.name] != before.get(page.name) or not target.exists():
                place(target, text.encode())
                written += 1
    kept = {name: mark for name, mark in before.items() if name in unread} | now
    for name in set(before) - set(kept):
        (folder / f"{name}.html").unlink(missing_ok=True)
    place(marks, (json.dumps(kept, indent=2) + "\n").encode())
    if faults:
        raise PageError("\n".join(faults.values()))
    return Site(len(pages), written)


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """One build at a time: of two the later one reads the newer copy, and writes last."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


@contextmanager
def _opened(
    copy: Path, addresses: Mapping[str, str], is_team: bool
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables of the copy and `marts.ticket_addresses`, and nothing else: a page is text that
    somebody wrote.

    Attached, since whoever has the copy open in this process has it open in his own way. What a
    team is not to see is not there: its tables are made of what it is, and the copy goes.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{copy}' as published (read_only); set timezone = 'UTC'")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'published'"
        ).fetchall()
        for schema in {schema for schema, _ in tables}:
            connection.execute(f"create schema if not exists {schema}")
        for schema, table in tables:
            origin, kind = f"from published.{schema}.{table}", "view"
            if is_team:
                held = connection.execute(f"select * {origin} limit 0").description or ()
                origin = seen_by_team(f"{schema}.{table}", [column[0] for column in held])
                kind = "table"
            connection.execute(f"create {kind} {schema}.{table} as {origin}")
        connection.execute("create schema if not exists marts")
        connection.execute("create table marts.ticket_addresses (source text, address text)")
        for told in addresses.items():
            connection.execute("insert into marts.ticket_addresses values (?, ?)", told)
        if is_team:
            connection.execute("detach published")
        connection.execute("set enable_external_access = false; set lock_configuration = true")
        yield connection


def _made(page: Page, connection: duckdb.DuckDBPyConnection, frame: Frame) -> str:
    data: Data = gather(page, connection, list(inputs_of(page.nodes)))
    return render(page, data, frame)


def _pages(ours: Path, own: Path | None, faults: dict[str, str]) -> list[Page]:
    """In the order of their `sidebar_position`; what is wrong with those that cannot be read is
    added to `faults`, by their name.
    """
    if own is not None and not own.is_dir():
        raise PageError(f"{own} is no folder. Correct `pages` of [reports].")
    files = {path.stem: path for path in sorted(ours.glob("*.md"))}
    files |= {path.stem: path for path in sorted(own.glob("*.md"))} if own else {}
    found = []
    for path in files.values():
        try:
            found.append(read_page(path))
        except PageError as error:
            faults[path.stem] = str(error)
    return sorted(found, key=lambda page: (page.front.get("sidebar_position", 99), page.name))


def _frame(connection: duckdb.DuckDBPyConnection, pages: Sequence[Page]) -> Frame:
    account = read_account(connection)
    return Frame(
        links=[(page.title, f"{page.name}.html") for page in pages],
        account=account.account_id,
        data_as_of=moment(account.data_as_of),
        currency=account.currency or "",
        late=list(_late(connection)),
    )


def _late(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    if has_table(connection, "alerts"):
        sql = (
            f"select distinct replace(stat, 'ingest ', '') as source from marts.alerts where {LATE}"
        )
        yield from (row["source"] for row in rows(connection, f"{sql} order by 1"))


__all__ = ["ASSETS", "PAGES", "PageError", "Site", "build_site"]
