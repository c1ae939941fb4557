"""The published tables in a real PostgreSQL: all old or all new, whoever reads or is killed."""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from bookbag_orchestration.postgres_target import PostgresError, look, write
from bookbag_orchestration.resources import Workplace
from tests.operations_support import workplace_of
from tests.postgres_support import PASSWORD, Server

NAMES = ("first", "last")
"""Of the tables that are made by hand; in the order in which they are written."""


def publish(place: Workplace, **tables: str) -> None:
    """A published copy of these queries, by hand."""
    place.published.mkdir(exist_ok=True)
    path = place.published / "bookbag.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as copy:
        copy.execute("create schema marts; create schema core")
        for name, query in tables.items():
            copy.execute(f"create table marts.{name} as {query}")
    told = {
        f"marts.{name}": {"sha256": hashlib.sha256(query.encode()).hexdigest()}
        for name, query in tables.items()
    }
    (place.published / "manifest.json").write_text(json.dumps({"tables": told}))


def generation(number: int, rows: int = 1000) -> dict[str, str]:
    """Tables whose every row says of which publication it is."""
    query = f"select {number} as generation, range as id from range({rows})"
    return dict.fromkeys(NAMES, query)


@contextmanager
def reading(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def rows_of(url: str, query: str) -> list[tuple[Any, ...]]:
    with reading(url) as connection:
        return connection.execute(query).fetchall()


def change(url: str, statements: str) -> None:
    with reading(url) as connection:
        connection.execute(statements)


def generations(connection: psycopg.Connection[Any]) -> set[tuple[int, int]]:
    return {
        row
        for name in NAMES
        for row in connection.execute(
            f"select generation, count(*) from marts.{name} group by generation"
        )
    }


@pytest.fixture
def place(golden: Path, tmp_path: Path) -> Workplace:
    """A home with nothing in it but what dbt has said of the models."""
    shutil.copytree(golden / "dbt", tmp_path / "dbt", ignore=shutil.ignore_patterns("target"))
    return workplace_of(tmp_path)


@pytest.fixture
def url(postgres: Server, request: pytest.FixtureRequest) -> str:
    return postgres.make(hashlib.sha256(request.node.name.encode()).hexdigest()[:20])


@pytest.fixture(scope="module")
def written(golden: Path, postgres: Server) -> tuple[Path, str]:
    """The golden shop in a database."""
    place = workplace_of(golden)
    url = postgres.make("golden")
    write(place, url)
    return golden / "published" / "bookbag.duckdb", url


def columns_of(copy: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str | None]]:
    return copy.execute(
        "select schema_name || '.' || table_name, column_name, data_type, comment"
        " from duckdb_columns() where database_name = current_database() and not internal"
        " order by 1, column_index"
    ).fetchall()


def summed(column: str, type_: str, *, is_duckdb: bool) -> str:
    """A figure that differs where values do, in either dialect."""
    if type_ == "VARCHAR":
        value = f"{'strlen' if is_duckdb else 'octet_length'}({column})"
    elif type_ == "BOOLEAN":
        value = f"{column}::integer"
    elif type_.startswith("TIMESTAMP"):
        value = f"epoch_us({column})" if is_duckdb else f"extract(epoch from {column}) * 1000000"
    else:
        value = f"({column} - date '2000-01-01')" if type_ == "DATE" else column
    return f"coalesce(sum({value}), 0)::double precision"


def test_every_table_has_the_rows_and_sums_of_the_copy(written: tuple[Path, str]) -> None:
    path, url = written
    with duckdb.connect(str(path), read_only=True) as copy, reading(url) as server:
        copy.execute("set timezone = 'UTC'")
        columns = columns_of(copy)
        tables = {table for table, *_ in columns}
        assert len(tables) > 30
        for table in tables:
            own = [(column, type_) for name, column, type_, _ in columns if name == table]
            found = []
            for connection, is_duckdb in ((copy, True), (server, False)):
                figures = [
                    f"count({column}), {summed(column, type_, is_duckdb=is_duckdb)}"
                    for column, type_ in own
                ]
                query = f"select count(*), {', '.join(figures)} from {table}"
                found.append(connection.execute(query).fetchone())
            assert found[1] == pytest.approx(found[0], rel=1e-9), table


def test_columns_have_their_types_comments_and_keys(written: tuple[Path, str]) -> None:
    path, url = written
    types = dict(
        rows_of(
            url,
            "select table_name || '.' || column_name, data_type from information_schema.columns"
            " where table_schema in ('marts', 'core')",
        )
    )
    expected = {
        "kpi_values.period_start": "timestamp without time zone",
        "kpi_values.data_as_of": "timestamp with time zone",
        "kpi_values.value": "double precision",
        "kpi_values.n": "bigint",
        "kpi_values.is_partial": "boolean",
        "kpi_values.kpi": "text",
        "dim_dates.local_date": "date",
        "account.week_start": "integer",
    }
    assert {name: types[name] for name in expected} == expected
    comments = rows_of(
        url,
        "select table_schema || '.' || table_name, column_name,"
        " col_description(format('%I.%I', table_schema, table_name)::regclass, ordinal_position)"
        " from information_schema.columns where table_schema in ('marts', 'core')",
    )
    with duckdb.connect(str(path), read_only=True) as copy:
        told = {(table, column, comment) for table, column, _, comment in columns_of(copy)}
    assert set(comments) == told and sum(comment is not None for *_, comment in told) > 300
    keys = rows_of(
        url,
        "select pg_get_indexdef(indexrelid) from pg_index where indrelid in"
        " ('core.fct_episodes'::regclass, 'marts.kpi_values'::regclass)",
    )
    assert sorted(text.partition(" USING btree ")[2] for (text,) in keys) == [
        "(kpi, stat, grain)", "(ticket_key, episode_seq)",
    ]  # fmt: skip


HOSTILE = (
    "tab\there", "line\nfeed\r\nand return", "back\\slash \\N \\. \\x00", 'quote " and \'', "",
    ",;|", "\\.", "emoji 🧾👩‍👩‍👧", "=cmd()", "\u202eright", "null", " blank ",
)  # fmt: skip


def test_text_comes_as_it_was_typed(place: Workplace, url: str) -> None:
    rows = " union all ".join(
        f"select {number} as id, '{text.replace(chr(39), chr(39) * 2)}' as said"
        for number, text in enumerate(HOSTILE)
    )
    publish(place, texts=f"{rows} union all select 99, null")
    write(place, url)
    expected = [*enumerate(HOSTILE), (99, None)]
    assert rows_of(url, "select id, said from marts.texts order by id") == expected


def test_what_postgresql_has_no_word_for_is_told_otherwise(place: Workplace, url: str) -> None:
    publish(
        place,
        odd="select 'a' || chr(0) || 'b' as no_character, ['x' || chr(0), null] as list,"
        " {'n': 1, 'at': date '2026-01-02'} as struct, 'nan'::double as not_a_number,"
        " 12.3400::decimal(18, 4) as exact,"
        " 170141183460469231731687303715884105727::hugeint as big,"
        " timestamptz '2026-03-29 01:30:00.123456+00' as instant, interval 90 minutes as wait",
    )
    write(place, url)
    ((text, items, struct, number, exact, big, instant, wait),) = rows_of(
        url, "select * from marts.odd"
    )
    assert (text, items, struct) == ("a�b", ["x�", None], {"n": 1, "at": "2026-01-02"})
    assert (str(number), str(exact), int(big)) == ("nan", "12.3400", 2**127 - 1)
    assert instant.timestamp() == 1774747800.123456 and wait.total_seconds() == 5400


def test_what_has_not_changed_is_not_written(place: Workplace, url: str, postgres: Server) -> None:
    publish(place, **generation(1))
    assert write(place, url).rows == {"marts.first": 1000, "marts.last": 1000}
    postgres.forget()
    assert write(place, url).rows == {}
    asked = postgres.asked("bookbag")
    assert asked and not [each for each in asked if not each.startswith("select")]
    publish(place, first=generation(1)["first"], last=generation(2)["last"])
    assert write(place, url).rows == {"marts.last": 1000}
    # What somebody has dropped comes back.
    with reading(url) as server:
        server.execute("drop table marts.first")
    assert write(place, url).rows == {"marts.first": 1000}


def test_a_reader_in_a_long_transaction_goes_on_with_what_it_has(
    place: Workplace, url: str
) -> None:
    publish(place, **generation(1))
    write(place, url)
    with reading(url) as snapshot, psycopg.connect(url) as stream:
        snapshot.execute("begin isolation level repeatable read")
        # One table before the change, and both after it.
        assert snapshot.execute("select sum(generation) from marts.first").fetchone() == (1000,)
        cursor = stream.cursor(name="half")
        cursor.execute("select generation from marts.last")
        assert cursor.fetchmany(10) == [(1,)] * 10
        publish(place, **generation(2))
        write(place, url)
        assert generations(snapshot) == {(1, 1000)}
        assert cursor.fetchall() == [(1,)] * 990
        snapshot.execute("commit")
        assert generations(snapshot) == {(2, 1000)}


def test_nobody_ever_sees_a_part_of_it(place: Workplace, url: str) -> None:
    publish(place, **generation(1))
    write(place, url)
    seen: set[tuple[int, ...]] = set()
    is_over = threading.Event()
    query = (
        "select (select min(generation) from marts.first),"
        " (select max(generation) from marts.last), (select count(*) from marts.first)"
    )

    def watch() -> None:
        with reading(url) as server:
            while not is_over.is_set():
                seen.update(server.execute(query).fetchall())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        for number in range(2, 8):
            publish(place, **generation(number, rows=20_000))
            write(place, url)
    finally:
        is_over.set()
        watching.join()
    assert seen <= {(1, 1, 1000), *((number, number, 20_000) for number in range(2, 8))}
    assert len(seen) > 2


WRITE = """
import sys
from pathlib import Path
from tests.operations_support import workplace_of
from bookbag_orchestration.postgres_target import write
write(workplace_of(Path(sys.argv[1])), sys.argv[2])
"""


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_killed_in_the_middle_the_old_rows_stay(place: Workplace, url: str) -> None:
    publish(place, **generation(1))
    write(place, url)
    publish(place, **generation(2))
    waiting = (
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        " and application_name = 'bookbag' and datname = current_database()"
    )
    with reading(url) as other, reading(url) as server:
        other.execute("begin")
        other.execute("lock table marts.last in exclusive mode")
        writer = subprocess.Popen([sys.executable, "-c", WRITE, place.home, url])
        # The first table has its new rows, which nobody sees; the last one is waited for.
        until(lambda: server.execute(waiting).fetchone() == (1,))
        writer.send_signal(signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL
        other.execute("rollback")
        assert generations(server) == {(1, 1000)}
        until(lambda: server.execute(waiting).fetchone() == (0,))
        write(place, url)
        assert generations(server) == {(2, 1000)}


def test_grants_views_and_indices_of_people_stay(place: Workplace, url: str) -> None:
    publish(place, **generation(1))
    write(place, url)
    with reading(url) as server:
        server.execute(
            "drop role if exists bi; create role bi;"
            "grant usage on schema marts to bi; grant select on marts.first to bi;"
            "create view public.own as select sum(generation) as total from marts.first;"
            "create materialized view public.kept as select * from marts.last;"
            "create index by_id on marts.first (id)"
        )
        publish(place, **generation(2))
        write(place, url)
        held = server.execute(
            "select has_schema_privilege('bi', 'marts', 'usage'),"
            " has_table_privilege('bi', 'marts.first', 'select'),"
            " has_table_privilege('bi', 'marts.last', 'select'),"
            " (select total from public.own), to_regclass('marts.by_id') is not null"
        ).fetchone()
        assert held == (True, True, False, 2000, True)
        server.execute("drop owned by bi; drop role bi")


def test_a_table_that_is_another_one_now_is_made_to_fit(place: Workplace, url: str) -> None:
    publish(place, changed="select 1 as stays, 'x' as kind, 2 as gone", dropped="select 1 as id")
    write(place, url)
    publish(place, changed="select true as added, 1 as stays, 3.5::double as kind")
    write(place, url)
    assert rows_of(url, "select stays, added, kind from marts.changed") == [(1, True, 3.5)]
    left = rows_of(url, "select tablename from pg_tables where schemaname = 'marts'")
    assert left == [("changed",)]
    # What hangs on a column that goes is named, and nothing is lost.
    change(url, "create view public.own as select added from marts.changed")
    publish(place, changed="select 1 as stays")
    with pytest.raises(PostgresError, match=r"view public.own depends on column added") as raised:
        write(place, url)
    assert "Change or drop what depends on it" in str(raised.value)
    assert rows_of(url, "select * from public.own") == [(True,)]


def test_what_is_of_others_is_not_touched(place: Workplace, url: str) -> None:
    change(url, "create schema marts; create table marts.first as select 7 as own")
    publish(place, **generation(1))
    with pytest.raises(PostgresError, match='relation "first" already exists'):
        write(place, url)
    assert rows_of(url, "select own from marts.first") == [(7,)]
    change(url, "alter table marts.first rename to notes")
    write(place, url)
    publish(place, **generation(2))
    account = place.config.account.model_copy(update={"id": "other"})
    other = replace(place, config=place.config.model_copy(update={"account": account}))
    with pytest.raises(PostgresError, match="of account acme, not other"):
        write(other, url)
    assert rows_of(url, "select distinct generation, own from marts.first, marts.notes") == [(1, 7)]


def test_a_user_who_owns_the_schemas_needs_no_more(
    place: Workplace, url: str, postgres: Server
) -> None:
    change(
        url,
        "drop role if exists writer; create role writer login password 'own';"
        "create schema marts authorization writer; create schema core authorization writer",
    )
    publish(place, **generation(1))
    own = url.replace(f"postgres:{PASSWORD.replace('%', '%25')}", "writer:own")
    with pytest.raises(PostgresError, match="own these schemas there: bookbag, core, marts"):
        write(place, own)
    with pytest.raises(PostgresError, match="Grant its user `create`"):
        look(place, own)
    change(url, "create schema bookbag authorization writer")
    assert "nothing is written yet" in look(place, own)
    assert write(place, own).rows == {"marts.first": 1000, "marts.last": 1000}
    change(url, "drop schema bookbag, marts, core cascade; drop role writer")


def test_a_table_of_others_in_the_place_of_ours_is_theirs(place: Workplace, url: str) -> None:
    publish(place, taken="select 1 as number")
    write(place, url)
    change(url, "drop table marts.taken; create table marts.taken as select 42 as mine")
    publish(place, taken="select 2 as number")
    with pytest.raises(PostgresError, match="taken"):
        write(place, url)
    assert rows_of(url, "select mine from marts.taken") == [(42,)]
