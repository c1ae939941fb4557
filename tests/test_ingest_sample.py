"""The sample shop: the same every time, growing day by day, and as odd as a real one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from ingestion.contracts import ENTITIES
from ingestion.export.folder import SourceFile
from ingestion.export.mapping import FilesSpec
from ingestion.export.staging import Staging
from ingestion.pipeline import build, load
from ingestion.run import SourceRun
from ingestion.sample import SampleSpec, build_shop, write_export
from ingestion.sample.source import sample_source
from tests.ingest_support import newest, query

SPEC = SampleSpec(orders=6000, tickets=3000, starts_on=date(2025, 10, 1), ends_on=date(2026, 9, 30))
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIVING = SampleSpec("desk", orders=500, tickets=400, starts_on=date(2026, 3, 1))
HANDOFF_REASONS = {"no_answer", "low_confidence", "missing_knowledge", "customer_request", "policy",
                   "sentiment", "usage_limit", "error", "other"}  # fmt: skip

Shop = dict[str, pa.Table]


@pytest.fixture(scope="module")
def shop() -> Shop:
    return build_shop(SPEC, now=NOW)


@pytest.fixture(scope="module")
def database(shop: Shop) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for entity, table in shop.items():
            connection.register(entity, table)
        yield connection


def number(database: duckdb.DuckDBPyConnection, sql: str) -> int:
    ((found,),) = database.execute(sql).fetchall()
    return int(found)


def test_the_same_spec_and_day_give_the_same_tables(shop: Shop) -> None:
    again = build_shop(SPEC, now=NOW + timedelta(hours=5))
    other = build_shop(SampleSpec(**{**vars(SPEC), "seed": 8}), now=NOW)

    assert list(shop) == list(ENTITIES)
    assert all(again[entity].equals(table) for entity, table in shop.items())
    assert not other["tickets"].equals(shop["tickets"])


def test_sizes_are_those_asked_for(database: duckdb.DuckDBPyConnection) -> None:
    orders = number(
        database, "select count(*) from orders where not is_test and not is_replacement"
    )
    # Of the ticket pool the odd ones do not count: spam, tests, duplicates, outbound, bounces.
    tickets = number(
        database,
        """select count(*) from tickets where not is_spam and not is_test and merged_into is null
        and ticket_id in (select ticket_id from messages where seq = 1
            and author_kind = 'customer' and not is_auto)""",
    )

    assert orders == pytest.approx(SPEC.orders, rel=0.04)
    assert tickets == pytest.approx(SPEC.tickets, rel=0.04)


@pytest.mark.parametrize(
    ("oddity", "sql"),
    [
        ("merged", "select count(*) from tickets where merged_into is not null"),
        ("merged in a chain", "select count(*) from tickets as a inner join tickets as b on"
         " a.merged_into = b.ticket_id where b.merged_into is not null"),
        ("unmerged", "select count(*) from ticket_events where event_type = 'unmerged'"),
        ("spam", "select count(*) from tickets where is_spam"),
        ("wrongly spam", "select count(*) from ticket_events where event_type = 'spam_unmarked'"),
        ("outbound", "select count(*) from messages where seq = 1 and author_kind = 'human_agent'"),
        ("auto reply of ours", "select count(*) from messages where is_auto"
         " and author_kind = 'automation'"),
        ("auto reply of theirs", "select count(*) from messages where is_auto"
         " and author_kind = 'customer'"),
        ("bounce", "select count(*) from messages where seq = 1 and is_auto"
         " and author_kind = 'customer'"),
        ("thanks", "select count(*) from messages where is_gratitude"),
        ("test ticket", "select count(*) from tickets where is_test"),
        ("deleted ticket", "select count(*) from tickets where is_deleted"),
        ("restored ticket", "select count(*) from ticket_events where event_type = 'restored'"),
        ("silent ticket", "select count(*) from tickets where ticket_id not in"
         " (select ticket_id from messages)"),
        ("reopened", "select count(*) from (select ticket_id from ticket_events"
         " where event_type = 'resolved' group by ticket_id having count(*) > 1)"),
        ("re-rated", "select count(*) from (select 1 from csat_responses"
         " group by ticket_id, target, episode_seq having count(*) > 1)"),
        ("rated for both sides", "select count(*) from (select ticket_id from csat_responses"
         " group by ticket_id, episode_seq having count(distinct target) > 1)"),
        ("recommended sku", "select count(*) from messages where recommended_skus like '[\"%\"]'"),
        ("assisted reply", "select count(*) from messages where is_ai_assisted"),
        ("refund", "select count(*) from refunds where kind = 'refund'"),
        ("chargeback", "select count(*) from refunds where kind = 'chargeback'"),
        ("test order", "select count(*) from orders where is_test"),
        ("replacement", "select count(*) from orders where is_replacement"),
        ("cancelled order", "select count(*) from orders where cancelled_at is not null"),
        ("guest order", "select count(*) from orders where customer_id is null"),
        ("foreign currency", "select count(*) from orders where currency = 'EUR'"),
        ("merged customer", "select count(*) from customers where merged_into is not null"),
        ("uncategorised", "select count(*) from tickets where category is null"),
        ("order named in the text", "select count(*) from messages where body like '%order is #%'"),
    ],
)  # fmt: skip
def test_every_oddity_is_there_and_none_takes_over(
    database: duckdb.DuckDBPyConnection, oddity: str, sql: str
) -> None:
    assert 1 <= number(database, sql) <= 2600, oddity


def test_the_ai_hands_over_for_every_reason(database: duckdb.DuckDBPyConnection) -> None:
    found = database.execute(
        "select distinct reason from ticket_events where event_type = 'handoff'"
    ).fetchall()

    assert {reason for (reason,) in found} == HANDOFF_REASONS


@pytest.mark.parametrize(
    ("child", "column", "parent", "key"),
    [
        ("messages", "ticket_id", "tickets", "ticket_id"),
        ("ticket_events", "ticket_id", "tickets", "ticket_id"),
        ("csat_responses", "ticket_id", "tickets", "ticket_id"),
        ("tickets", "merged_into", "tickets", "ticket_id"),
        ("tickets", "order_id", "orders", "order_id"),
        ("customers", "merged_into", "customers", "customer_id"),
        ("order_lines", "order_id", "orders", "order_id"),
        ("refunds", "order_id", "orders", "order_id"),
        ("time_entries", "agent_id", "agents", "agent_id"),
    ],
)
def test_every_reference_leads_somewhere(
    database: duckdb.DuckDBPyConnection, child: str, column: str, parent: str, key: str
) -> None:
    lost = f"select count(*) from {child} where {column} not in (select {key} from {parent})"

    assert number(database, f"select count({column}) from {child}") > 0
    assert number(database, lost) == 0


def test_the_next_day_keeps_all_rows_but_those_that_went_on_living() -> None:
    today, tomorrow = (build_shop(LIVING, now=NOW + timedelta(days=days)) for days in (0, 1))
    with duckdb.connect() as connection:
        for entity in ENTITIES:
            connection.register("old", today[entity])
            connection.register("new", tomorrow[entity])
            changed = connection.execute(
                "select * from old except all select * from new"
            ).to_arrow_table()
            if entity in ("tickets", "orders"):
                (key,) = ENTITIES[entity].key
                connection.register("changed", changed)
                untouched = f"""select count(*) from changed left join new using ({key})
                    where new.updated_at is null or new.updated_at <= changed.updated_at"""
                assert number(connection, untouched) == 0
                assert 0 < len(changed) < 30 or entity == "orders"
            elif entity == "customers":
                connection.register("changed", changed)
                assert number(connection, "select count(merged_into) from changed") == 0
            else:
                assert len(changed) == 0, entity
        assert len(tomorrow["messages"]) > len(today["messages"])


def test_the_shop_is_landed_whole_and_of_the_next_day_only_what_is_new(tmp_path: Path) -> None:
    def loaded(days: int) -> dict[str, int]:
        now = NOW + timedelta(days=days)
        run = SourceRun(tmp_path / "w.duckdb", tmp_path / "scratch", now)
        pipeline = build("desk", run.warehouse, tmp_path)
        result = load(pipeline, lambda: sample_source(LIVING, run), run)
        assert result.quarantined == 0
        return dict(result.rows)

    def distinct(shop: Shop) -> dict[str, int]:
        with duckdb.connect() as connection:
            counts = {}
            for entity, table in shop.items():
                connection.register("rows", table)
                sql = "select count(*) from (select distinct * from rows)"
                counts[entity] = number(connection, sql)
        return counts

    first, second = (build_shop(LIVING, now=NOW + timedelta(days=days)) for days in (0, 1))
    assert loaded(0) == distinct(first)
    assert loaded(0) == {}
    new = loaded(1)
    assert 0 < new["tickets"] < 60 and 0 < new["messages"] < 200
    shown = ("ticket_id", "status", "merged_into", "tags")
    expected = zip(*(second["tickets"][name].to_pylist() for name in shown), strict=True)
    assert newest(tmp_path / "w.duckdb", "tickets", ", ".join(shown)) == sorted(expected)
    messages = query(tmp_path / "w.duckdb", "select count(distinct _key) from messages")
    assert messages == [len(second["messages"])]


def test_as_csv_it_reads_the_same_as_in_parquet(shop: Shop, tmp_path: Path) -> None:
    hashes = {}
    for kind in ("csv", "parquet"):
        folder = tmp_path / kind
        write_export(
            {entity: shop[entity][:300] for entity in ("tickets", "messages")}, folder, kind
        )
        for entity in ("tickets", "messages"):
            spec = FilesSpec("desk", folder)
            with Staging(spec, ENTITIES[entity], tmp_path / "scratch", NOW) as staging:
                name = f"{entity}.{kind}"
                staging.stage(SourceFile(entity, name, 1, NOW), folder / name)
                found = staging.connection.execute(
                    "select _row_hash from staged where _problem is null order by _line"
                ).fetchall()
                assert len(found) == 300
                hashes[entity, kind] = found

    assert hashes["tickets", "csv"] == hashes["tickets", "parquet"]
    assert hashes["messages", "csv"] == hashes["messages", "parquet"]


def test_a_moment_without_an_offset_and_an_impossible_span_are_refused() -> None:
    with pytest.raises(ValueError, match="`now` has no time zone"):
        build_shop(SPEC, now=datetime(2026, 11, 20))
    with pytest.raises(ValueError, match="starts_on 2026-10-01 is after ends_on 2026-09-30"):
        build_shop(SampleSpec(starts_on=date(2026, 10, 1), ends_on=date(2026, 9, 30)), now=NOW)
