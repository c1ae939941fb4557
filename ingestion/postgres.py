"""A vendor's own PostgreSQL as a source reads it: sessions that can only read, and no secret told.

Whose database it is owes us nothing: a session is called `bookbag`, gives up a query after five
minutes, and is open for as long as a table is read, so that none idles at a server that others
need. Connections are psycopg's; a sync that one breaks off goes on with the next.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict

from ingestion.api import ApiSpec, RefusedError
from ingestion.errors import IngestError, UnavailableError

DATABASE_URL = "database_url"
"""The secret that holds the address, and the password in it."""
BATCH = 1000
CONNECT_WITHIN_S = 30
TIMEOUT_S = 300
SESSION = f"-c default_transaction_read_only=on -c statement_timeout={TIMEOUT_S}s -c timezone=UTC"
NOT_SHOWN = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.InsufficientPrivilege,
)


@dataclass
class Session:
    """The one connection to a database, open while somebody uses it."""

    users: int = 0
    connection: psycopg.Connection[Any] | None = None


@dataclass(frozen=True)
class Database:
    """The database of a source, at the address that is its secret."""

    spec: ApiSpec
    session: Session = field(default_factory=Session, kw_only=True)

    def beginning(self, start: datetime) -> Self:
        """The same connection, for what changed from `start` on."""
        first = self.spec.start_at
        return replace(self, spec=replace(self.spec, start_at=max(start, first or start)))

    @contextmanager
    def open(self) -> Iterator[psycopg.Connection[Any]]:
        """Raises IngestError where the server cannot be reached or answers with an error."""
        session = self.session
        if session.connection is None:
            session.connection = _connected(self.spec)
        session.users += 1
        try:
            yield session.connection
        except psycopg.Error as error:
            raise _explained(self.spec, error) from error
        finally:
            session.users -= 1
            if not session.users:
                session.connection.close()
                session.connection = None

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query that is bounded. Raises IngestError as `open` does."""
        with self.open() as connection:
            return connection.execute(sql, values).fetchall()

    def batches(self, sql: str, **values: Any) -> Iterator[list[Any]]:
        """The first column of any number of rows, a batch at a time. Raises as `open` does."""
        with self.open() as connection, connection.transaction():
            with connection.cursor(name="bookbag") as cursor:
                cursor.execute(sql, values)
                while rows := cursor.fetchmany(BATCH):
                    yield [row[0] for row in rows]


def _connected(spec: ApiSpec) -> psycopg.Connection[Any]:
    """What libpq says of an address can hold parts of it, so only the server's words are told."""
    secret = f"SOURCES__{spec.name.upper()}__{DATABASE_URL.upper()}"
    url = spec.secrets[DATABASE_URL]
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise IngestError(
            f"source {spec.name}: {secret} is no address of a PostgreSQL database. Write it as"
            " postgresql://user:password@host:5432/database, with signs such as @ / : % in the"
            " password as %40 %2F %3A %25."
        ) from None
    try:
        return psycopg.connect(
            url,
            autocommit=True,
            application_name="bookbag",
            connect_timeout=CONNECT_WITHIN_S,
            options=f"{given.get('options') or ''} {SESSION}",
        )
    except psycopg.OperationalError as error:
        told = refusal(error)
        # What the server says itself is to be mended; silence may be over in a while.
        kind = IngestError if told else UnavailableError
        raise kind(
            f"source {spec.name}: the database cannot be reached, or does not let bookbag in"
            f" ({told or 'no server answers'}). Check {secret} and the network; what"
            " was loaded before stays."
        ) from None


def refusal(error: psycopg.OperationalError) -> str | None:
    """Why a server let nobody in, in its own words, which hold no part of the address's secrets;
    None where none answered.
    """
    told = re.search(r"FATAL: +(.+)", str(error))
    return told[1] if told else None


def _explained(spec: ApiSpec, error: psycopg.Error) -> IngestError:
    told = error.diag.message_primary or type(error).__name__
    if isinstance(error, NOT_SHOWN):
        return RefusedError(
            f"source {spec.name}: the database says: {told}. Check that it is a {spec.kind} of"
            " today, and that its user was granted what docs/sources.md lists."
        )
    if isinstance(error, psycopg.errors.QueryCanceled):
        return UnavailableError(
            f"source {spec.name}: the database gave up a query ({told}), which may take"
            f" {TIMEOUT_S} s. Sync when it has less to do, or from a replica of it."
        )
    return UnavailableError(
        f"source {spec.name}: the database stopped answering ({told}). The next sync goes on from"
        " where this one was."
    )
