"""The published tables once more, in the account's own PostgreSQL, for tools that want a server.

All of it is one transaction: the rows of each table that has changed are deleted and the new ones
copied in. A query that runs meanwhile reads the old rows to its end, and so does a transaction that
keeps its snapshot; nobody waits, nobody sees half, and the server itself undoes what is killed. The
tables stay the same ones, and with them what people hang on them: grants, views, indices.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import duckdb
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from bookbag_orchestration.postgres_tables import KEY_COLUMNS, Table, blocks, keys_of, tables_of
from bookbag_orchestration.publishing import STEM
from bookbag_orchestration.resources import Workplace
from ingestion.postgres import refusal

SETTING = "[publish] postgres or BOOKBAG_PUBLISH__POSTGRES"
STAYS = (
    "What is published as files stays. The next run that publishes tries again, as does"
    " `bookbag run --only publish`."
)
CONNECT_WITHIN_S = 15
# What a changed table, and nothing else, waits for: readers of a table whose columns change.
LOCK_WITHIN_S = 60
# Of the transaction alone: a pool of connections in between lets no more through, or mixes it up.
_PATIENTLY = f"""
set local lock_timeout = '{LOCK_WITHIN_S}s';
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local search_path = pg_catalog"""
SCHEMAS = ("bookbag", "core", "marts")
BOOK = "bookbag.published"
_OPEN_BOOK = f"""
create table {BOOK} (
    table_name text primary key, account_id text not null, fingerprint text not null,
    row_count bigint not null, relation oid not null,
    published_at timestamptz not null default now()
);
comment on table {BOOK} is 'The tables that bookbag has published here; no others are its own.'"""
# Of each table of ours that is still there: not of another one that has its name now.
_READ_BOOK = f"""
select table_name, account_id, fingerprint from {BOOK}
where to_regclass(table_name)::oid = relation"""
_MAY_CREATE = """
select has_database_privilege(current_database(), 'create')
    or every(to_regnamespace(name) is not null) from unnest(%s::text[]) as name"""
_NOTE = f"""
insert into {BOOK} (table_name, account_id, fingerprint, row_count, relation)
values (%s, %s, %s, %s, to_regclass(%s))
on conflict (table_name) do update set fingerprint = excluded.fingerprint,
    account_id = excluded.account_id, row_count = excluded.row_count,
    relation = excluded.relation, published_at = now()"""
# Two that write at once, also for the first time, come one after the other.
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('bookbag.published'))"
_COLUMNS = """
select attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum)
from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"""
_KEY = """
select constraint_row.conname, array(
    select attname::text from unnest(constraint_row.conkey) with ordinality as part (number, place)
    inner join pg_attribute on attrelid = constraint_row.conrelid and attnum = part.number
    order by part.place
)
from pg_constraint as constraint_row
where constraint_row.conrelid = %s::regclass and constraint_row.contype = 'p'"""


Server = psycopg.Connection[Any]


class PostgresError(Exception):
    """The target cannot be written; the message names it without its password, and the cure."""


@dataclass(frozen=True)
class Written:
    """Rows by `schema.table` of what was written; nothing where nothing has changed."""

    where: str
    rows: Mapping[str, int]


def shown(url: str) -> str:
    """The address as it may be told: without user, password and options."""
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.ProgrammingError:
        given = {}
    host, port, name = (given.get(key, "") for key in ("host", "port", "dbname"))
    # A password with such signs in it is taken for one of these by whoever reads the address.
    if not given or not _is_plain(url, host, port, name):
        raise PostgresError(
            f"{SETTING} is no address of a PostgreSQL database. Write it as"
            " postgresql://user:password@host:5432/database, with signs such as @ / : % ? # in the"
            f" password as %40 %2F %3A %25 %3F %23. {STAYS}"
        )
    return f"{host or 'localhost'}{f':{port}' if port else ''}/{name}"


def _is_plain(url: str, host: str, port: str, name: str) -> bool:
    before_options = url.partition("?")[0]
    return (
        before_options.count("@") <= 1
        and "@" not in host
        and not set("@/:") & set(name)
        and all(part.isdigit() for part in port.split(",") if part)
    )


def write(place: Workplace, url: str) -> Written:
    """Makes the tables there what the published copy is. Raises PostgresError."""
    manifest = json.loads((place.published / "manifest.json").read_text())["tables"]
    keys = keys_of(place.prepared_manifest())
    path = str(place.published / f"{STEM}.duckdb")
    where, account = shown(url), place.config.account.id
    with duckdb.connect(path, read_only=True) as copy, session(url) as server:
        copy.execute("set timezone = 'UTC'")
        tables = [table for table in tables_of(copy, keys) if table.full_name in manifest]
        marks = {
            table.full_name: table.fingerprint(manifest[table.full_name]["sha256"])
            for table in tables
        }
        if _noted(server, account, where) == marks:
            return Written(where, {})
        with server.transaction():
            server.execute(_PATIENTLY)
            server.execute(_ONE_AT_A_TIME)
            had = _opened(server, account, where)
            rows = {
                table.full_name: _replaced(server, copy, table, is_ours=table.full_name in had)
                for table in tables
                if had.get(table.full_name) != marks[table.full_name]
            }
            for name, count in rows.items():
                server.execute(_NOTE, [name, account, marks[name], count, name])
            for name in had.keys() - marks.keys():
                server.execute(sql.SQL("drop table {}").format(_name(name)))
            server.execute(f"delete from {BOOK} where not table_name = any(%s)", [[*marks]])
        _tidy(server, rows)
    return Written(where, rows)


def look(place: Workplace, url: str) -> str:
    """How the target stands, in words. Raises PostgresError where it could not be written."""
    where = shown(url)
    with session(url) as server:
        noted = _noted(server, place.config.account.id, where)
        if not noted and server.execute(_MAY_CREATE, [[*SCHEMAS]]).fetchone() == (False,):
            raise psycopg.errors.InsufficientPrivilege("bookbag may create no schema there")
        if server.execute("show transaction_read_only").fetchone() == ("on",):
            raise psycopg.errors.ReadOnlySqlTransaction("the database is read-only")
        newest = (
            server.execute(f"select max(published_at) from {BOOK}").fetchone() if noted else None
        )
    if newest is None:
        return f"{where} answers; nothing is written yet"
    at = newest[0].astimezone(UTC)
    return f"{where} answers; {len(noted)} tables, written at {at:%Y-%m-%d %H:%M} UTC"


@contextmanager
def session(url: str) -> Iterator[Server]:
    """A connection called `bookbag`. Raises PostgresError for whatever the server objects to."""
    where = shown(url)
    try:
        server = psycopg.connect(
            url,
            autocommit=True,
            application_name="bookbag",
            connect_timeout=CONNECT_WITHIN_S,
            prepare_threshold=None,
        )
    except psycopg.OperationalError as error:
        raise PostgresError(
            f"PostgreSQL at {where} cannot be reached, or does not let bookbag in"
            f" ({refusal(error) or 'no server answers'}). Check {SETTING} and the network. {STAYS}"
        ) from None
    try:
        yield server
    except psycopg.Error as error:
        raise _explained(where, error) from None
    finally:
        server.close()


def _explained(where: str, error: psycopg.Error) -> PostgresError:
    """In the server's words, but for those that repeat rows."""
    told = error.diag.message_primary or str(error)
    cure = f"Check {SETTING}."
    if isinstance(error, psycopg.errors.DependentObjectsStillExist):
        told = f"{told}: {'; '.join((error.diag.message_detail or '').splitlines())}"
        cure = "Change or drop what depends on it."
    elif isinstance(error, psycopg.errors.LockNotAvailable):
        told = f"{told}: somebody reads a table whose columns are to change, or writes it"
        cure = "End that session, or wait."
    elif isinstance(error, psycopg.errors.InsufficientPrivilege):
        cure = (
            "Grant its user `create` on the database, or let it own these schemas there:"
            f" {', '.join(SCHEMAS)}."
        )
    return PostgresError(
        f"PostgreSQL at {where} says: {told}. What it had is still there. {cure} {STAYS}"
    )


def _noted(server: Server, account: str, where: str) -> dict[str, str]:
    """The fingerprint of each table of ours. PostgresError where they are another account's."""
    if server.execute("select to_regclass(%s)", [BOOK]).fetchone() == (None,):
        return {}
    noted = {}
    for name, owner, mark in server.execute(_READ_BOOK):
        if owner != account:
            raise PostgresError(
                f"PostgreSQL at {where} holds the figures of account {owner}, not {account}. Give"
                f" each account a database of its own in {SETTING}."
            )
        noted[name] = mark
    return noted


def _opened(server: Server, account: str, where: str) -> dict[str, str]:
    """What is noted, with the book open for this transaction alone."""
    if server.execute("select to_regclass(%s)", [BOOK]).fetchone() == (None,):
        _schema(server, "bookbag")
        server.execute(_OPEN_BOOK)
    server.execute(f"lock table {BOOK} in exclusive mode")
    return _noted(server, account, where)


def _replaced(
    server: Server, copy: duckdb.DuckDBPyConnection, table: Table, *, is_ours: bool
) -> int:
    """The table with the rows of the copy in place of its own; how many."""
    name = _name(table.full_name)
    if not is_ours:
        _create(server, table)
    _fit(server, table)
    if is_ours:
        server.execute(sql.SQL("delete from {}").format(name))
        _key(server, table)
    into = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        name, _names([column.name for column in table.columns])
    )
    with server.cursor() as cursor:
        with cursor.copy(into) as rows:
            for block in blocks(copy, table):
                rows.write(block)
        count = cursor.rowcount
    if not is_ours:
        # Sooner made of rows that are there.
        _key(server, table)
        _index(server, table)
    return count


def _create(server: Server, table: Table) -> None:
    """An empty table; one of somebody else's of this name is an error of the server's."""
    _schema(server, table.schema)
    server.execute(sql.SQL("create table {} ()").format(_name(table.full_name)))


def _schema(server: Server, name: str) -> None:
    if server.execute("select to_regnamespace(%s)", [name]).fetchone() == (None,):
        server.execute(sql.SQL("create schema {}").format(sql.Identifier(name)))


def _fit(server: Server, table: Table) -> None:
    """Columns and comments as the copy has them. Changes of columns keep readers waiting until the
    rows are in: they come with a new version of bookbag, not with new figures.
    """
    name = _name(table.full_name)
    found = server.execute(_COLUMNS, [table.full_name])
    had = {column: (type_, comment) for column, type_, comment in found}
    wanted = {column.name: column.type for column in table.columns}
    stays = {column for column, (type_, _) in had.items() if wanted.get(column) == type_}
    changes = [
        *(sql.SQL("drop column {}").format(sql.Identifier(c)) for c in had if c not in stays),
        *(
            sql.SQL("add column {} {}").format(sql.Identifier(column), sql.SQL(type_))
            for column, type_ in wanted.items()
            if column not in stays
        ),
    ]
    if changes:
        server.execute(sql.SQL("alter table {} {}").format(name, sql.SQL(", ").join(changes)))
    for column in table.columns:
        if column.comment != (had[column.name][1] if column.name in stays else None):
            comment = sql.SQL("comment on column {}.{} is {}")
            server.execute(
                comment.format(name, sql.Identifier(column.name), sql.Literal(column.comment))
            )


def _key(server: Server, table: Table) -> None:
    """The primary key, where the key is short."""
    name = _name(table.full_name)
    wanted = list(table.key) if table.is_key_short else []
    found = server.execute(_KEY, [table.full_name]).fetchone()
    constraint, had = found or (None, [])
    if had != wanted:
        if constraint:
            drop = sql.SQL("alter table {} drop constraint {}")
            server.execute(drop.format(name, sql.Identifier(constraint)))
        if wanted:
            add = sql.SQL("alter table {} add primary key ({})")
            server.execute(add.format(name, _names(wanted)))


def _index(server: Server, table: Table) -> None:
    """The first columns of a key that is long."""
    if table.key and not table.is_key_short:
        add = sql.SQL("create index on {} ({})")
        server.execute(add.format(_name(table.full_name), _names(table.key[:KEY_COLUMNS])))


def _tidy(server: Server, rows: Mapping[str, int]) -> None:
    """The room of the rows that went is for the next ones, and planners know what came. The server
    does so by itself too, later.
    """
    for name in rows:
        with contextlib.suppress(psycopg.Error):
            server.execute(sql.SQL("vacuum (analyze, truncate false) {}").format(_name(name)))


def _name(full_name: str) -> sql.Composed:
    return sql.SQL(".").join(sql.Identifier(part) for part in full_name.split("."))


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
