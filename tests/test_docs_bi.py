"""docs/bi.md is true: its SQL says the same on the published copy and on PostgreSQL, its Python
runs, and the formats that it explains are all there are.
"""

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from sqlalchemy import create_engine, inspect

from bookbag_orchestration.postgres_target import write
from tests.docs_support import BI, blocks_of, section, text_of
from tests.operations_support import workplace_of
from tests.postgres_support import Server
from tests.support import published

pytestmark = pytest.mark.slow

# Sections whose SQL is for one engine alone.
POSTGRESQL, DUCKDB = "PostgreSQL", "DuckDB command line"


def fences(text: str, language: str = "sql") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def own_fences(title: str) -> list[str]:
    return fences(section(BI, title))


PORTABLE = [
    text for text in fences(text_of(BI)) if text not in own_fences(POSTGRESQL) + own_fences(DUCKDB)
]


@pytest.fixture(scope="module")
def url(golden: Path, postgres: Server) -> str:
    url = postgres.make("docs")
    write(workplace_of(golden), url)
    return url


@pytest.fixture
def beside(golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder whose home is the golden shop's."""
    (tmp_path / ".bookbag").symlink_to(golden)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plainly(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Without the last digit of a sum, in which engines differ, and sorted."""
    return sorted(
        (tuple(float(f"{each:.9g}") if isinstance(each, float) else each for each in row)
         for row in rows),
        key=str,
    )  # fmt: skip


def test_there_is_sql_for_each_trap() -> None:
    assert len(PORTABLE) >= 5 and len(blocks_of(BI)) >= 12


@pytest.mark.parametrize("query", PORTABLE, ids=lambda query: query.splitlines()[1].strip())
def test_sql_says_the_same_in_both(query: str, golden: Path, url: str) -> None:
    with psycopg.connect(url) as server:
        there = server.execute(query).fetchall()
    here = published(golden, query)
    assert here and plainly(here) == plainly(there)


def test_days_by_the_calendar_are_the_days_of_the_kpi(golden: Path) -> None:
    (query,) = (query for query in PORTABLE if "dim_dates" in query)
    days = published(
        golden,
        "select cast(period_start as date), cast(value as bigint) from marts.kpi_values"
        " where kpi = 'tickets_created' and stat = 'count' and grain = 'day' and handling = 'all'"
        " and channel = 'all' and category = 'all' and team = 'all' and customer_segment = 'all'"
        " and value > 0 order by 1",
    )
    assert published(golden, query) == days


def test_who_may_read_can_read_what_comes_later_too(url: str) -> None:
    grants, told = own_fences(POSTGRESQL)
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(grants)
        try:
            server.execute("create table marts.later (id integer); set role reader")
            assert server.execute("select count(*) from marts.later").fetchone() == (0,)
            assert server.execute("select count(*) > 0 from core.fct_tickets").fetchone() == (True,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                server.execute("delete from marts.later")
        finally:
            server.execute("reset role; drop table marts.later; drop owned by reader")
            server.execute("drop role reader")
        rows = {name: count for name, count, _ in server.execute(told)}
        counted = server.execute("select count(*) from marts.kpi_values").fetchone()
    assert (rows["marts.kpi_values"],) == counted and len(rows) > 30


def test_the_file_is_attached_and_a_csv_made(beside: Path) -> None:
    with duckdb.connect() as connection:
        for statements in own_fences(DUCKDB):
            connection.execute(statements)
    assert (beside / "ratios.csv").read_text().startswith("kpi,stat,grain,")


@pytest.mark.parametrize("code", fences(text_of(BI), "python"), ids=["parquet", "file"])
def test_python_runs(code: str, beside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, str(BI), "exec"), {})
    assert re.search("human_handled|deflection_rate", capsys.readouterr().out)


def test_each_format_is_explained(golden: Path) -> None:
    rows = re.findall(r"^\| (`.*?) \| .* \| .* \|$", section(BI, "Labels, formats, targets"), re.M)
    told = {word for row in rows for word in re.findall(r"`(\w+)`", row)}
    rows = published(golden, "select format, formats from marts.kpi_catalog")
    assert told == {
        each for first, of_all in rows for each in (first, *json.loads(of_all).values())
    }


def test_tools_find_tables_columns_comments_and_keys(url: str, golden: Path) -> None:
    """As SQLAlchemy asks for them, which Superset is built on."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    found = inspect(engine)
    for schema in ("marts", "core"):
        tables = published(
            golden, "select table_name from duckdb_tables() where schema_name = ?", schema
        )
        assert sorted(found.get_table_names(schema=schema)) == sorted(name for (name,) in tables)
    columns = {each["name"]: each for each in found.get_columns("kpi_values", schema="marts")}
    assert str(columns["value"]["type"]) == "DOUBLE PRECISION"
    assert columns["kpi"]["comment"] == "Name of the KPI, as in kpi_catalog."
    key = found.get_pk_constraint("fct_tickets", schema="core")
    assert key["constrained_columns"] == ["ticket_key"]
    engine.dispose()
