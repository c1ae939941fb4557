"""The settings that the models read, written into the warehouse: schema `raw_bookbag`.

dbt gets no variables: what a model depends on is a table, so that `dbt build` in dbt_project/ does
the same as a run, and a changed setting is seen in the data.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version

import duckdb
import pyarrow as pa

from bookbag_orchestration.sections import Config
from expectations.anomalies.answers import ANSWERS, EVENTS
from expectations.anomalies.hours import HOURS
from expectations.anomalies.kept import JUDGED, MEMORY
from ingestion.contracts import ENTITIES
from ingestion.documents import DOCUMENTS
from ingestion.export.landing import arrow_schema
from ingestion.quarantine import FILE_LOADS, QUARANTINE

HOUR_S, DAY_S = 3600, 86400

_TABLES = {
    "account": (
        "account_id varchar, timezone varchar, currency varchar, week_start integer,"
        " ai_launch_date date, ai_coverage_complete_from date, as_of timestamptz,"
        " ai_assume_sync_s bigint, ai_assume_async_s bigint, resolution_window_s bigint,"
        " fcr_window_s bigint, recontact_window_s bigint, recommendation_window_s bigint,"
        " churn_window_s bigint, fte_hours double, shrinkage double, min_n integer,"
        " code_version varchar"
    ),
    "sources": "source varchar, kind varchar, timezone varchar, start_date date, ids_of varchar",
    "kpi_settings": (
        "kpi varchar, owner varchar, protocol varchar, cadence varchar, good double,"
        " better double, best double, alert_below double, alert_above double, min_n integer"
    ),
}

# What is kept from run to run: when each API source was last read to its end (K10), and what the
# anomaly detector has to know of the days that it does not judge again; what people said of
# incidents.
_KEPT = {
    "syncs": "source varchar, synced_at timestamptz",
    "anomaly_memory": MEMORY,
    "anomaly_judged": JUDGED,
    "anomaly_hours": HOURS,
    "alert_answers": ANSWERS,
    "told_events": EVENTS,
}
# What a build remembers for the next one, which looks at what is new since; the models write it.
_BUILT = {
    "built_account": "data_as_of timestamptz",
    "built_loads": (
        "kind varchar, source varchar, load_id varchar, landed_rows bigint, mark varchar"
    ),
    "built_settings": "name varchar, mark hugeint",
    "built_tickets": (
        "ticket_key varchar, source varchar, ticket_id varchar, survivor_key varchar,"
        " customer_key varchar, order_number varchar, mark hugeint, is_unsettled boolean,"
        " due_at timestamptz"
    ),
    "built_orders": (
        "order_key varchar, source varchar, order_id varchar, customer_key varchar,"
        " order_number varchar, mark hugeint"
    ),
    "built_mentions": "ticket_key varchar, order_number varchar",
    "built_customers": "customer_key varchar, mark hugeint",
    "touched": "fact varchar, touched_from timestamptz, touched_until timestamptz",
}

Row = Sequence[str | int | float | date | datetime | None]


def stranger_in(connection: duckdb.DuckDBPyConnection, config: Config) -> str | None:
    """Why a warehouse is not this account's; None where it is, or holds nothing."""
    found = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'raw_bookbag'"
        " and table_name in ('account', 'sources')"
    ).fetchone()
    if not found or found[0] < 2:
        return None
    row = connection.execute("select account_id from raw_bookbag.account").fetchone()
    if row and row[0] != config.account.id:
        return f"holds the data of account {row[0]!r}, not of {config.account.id!r}"
    kinds = dict(connection.execute("select source, kind from raw_bookbag.sources").fetchall())
    for source in config.sources:
        if kinds.get(source.name, source.kind) != source.kind:
            return f"has source {source.name!r} as kind {kinds[source.name]!r}, not {source.kind!r}"
    return None


def fingerprint(connection: duckdb.DuckDBPyConnection, config: Config) -> str:
    """Changes when the models would read something else: a landed row, a setting.

    Raw tables only grow, so how many rows they have and which load was the last says it all; but
    what has landed since the slowest source began to sync may be later than data_as_of, and is seen
    when all have got beyond it.
    """
    digest, newest = hashlib.sha256(), 0.0
    for table in _TABLES:
        rows = connection.execute(f"select * from raw_bookbag.{table} order by all").fetchall()
        digest.update(repr(rows).encode())
    schemas = [f"raw_{source.name}" for source in config.sources]
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where list_contains(?, schema_name)"
        " and not starts_with(table_name, '_dlt') order by all",
        [schemas],
    ).fetchall()
    for schema, table in tables:
        found = connection.execute(
            f'select count(*), max(_dlt_load_id) from "{schema}"."{table}"'
        ).fetchone()
        digest.update(repr((schema, table, found)).encode())
        newest = max(newest, float((found and found[1]) or 0))
    reached = _reached(connection, config)
    if reached is not None and newest >= reached.timestamp():
        digest.update(repr(reached).encode())
    return digest.hexdigest()


def _reached(connection: duckdb.DuckDBPyConnection, config: Config) -> datetime | None:
    """Up to when the slowest API is known; None where a fixed instant says so, or there is none."""
    if config.as_of is not None:
        return None
    row = connection.execute(
        "select min(synced_at) from raw_bookbag.syncs where list_contains(?, source)",
        [[source.name for source in config.sources]],
    ).fetchone()
    return row[0] if row else None


def write_account(connection: duckdb.DuckDBPyConnection, config: Config) -> None:
    """Replaces the tables of the schema in one transaction."""
    rows: dict[str, list[Row]] = {
        "account": [_account_row(config)],
        "sources": [_source_row(config, name) for name in sorted(s.name for s in config.sources)],
        "kpi_settings": [
            (kpi, *(getattr(settings, name) for name in type(settings).model_fields))
            for kpi, settings in sorted(config.kpi.items())
        ],
    }
    connection.execute("begin")
    keep_tables(connection)
    for table, columns in _TABLES.items():
        connection.execute(f"create or replace table raw_bookbag.{table} ({columns})")
        for row in rows[table]:
            marks = ", ".join("?" for _ in row)
            connection.execute(f"insert into raw_bookbag.{table} values ({marks})", list(row))
    for table, columns in _BUILT.items():
        _keep(connection, table, columns)
    _write_shapes(connection)
    _write_told_alerts(connection)
    connection.execute("commit")


def keep_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """What is kept from run to run is there, in a warehouse of an earlier version too."""
    connection.execute("create schema if not exists raw_bookbag")
    for table, columns in _KEPT.items():
        _keep(connection, table, columns)


def _keep(connection: duckdb.DuckDBPyConnection, table: str, columns: str) -> None:
    """The table as it is; empty where it is not there, or was made for another version."""
    connection.execute(f"create table if not exists raw_bookbag.{table} ({columns})")
    connection.execute(f"create or replace temporary table wanted ({columns})")
    shapes = [
        connection.execute(
            "select column_name, data_type from duckdb_columns() where table_name = ?"
            " and schema_name = ? order by column_index",
            [name, schema],
        ).fetchall()
        for schema, name in (("raw_bookbag", table), ("main", "wanted"))
    ]
    if shapes[0] != shapes[1]:
        connection.execute(f"create or replace table raw_bookbag.{table} ({columns})")
    connection.execute("drop table wanted")


def record_sync(connection: duckdb.DuckDBPyConnection, source: str, began_at: datetime) -> None:
    """Says that all that a source had when this sync began has landed."""
    connection.execute("begin")
    connection.execute("create schema if not exists raw_bookbag")
    connection.execute(f"create table if not exists raw_bookbag.syncs ({_KEPT['syncs']})")
    connection.execute("delete from raw_bookbag.syncs where source = ?", [source])
    connection.execute("insert into raw_bookbag.syncs values (?, ?)", [source, began_at])
    connection.execute("commit")


def _write_shapes(connection: duckdb.DuckDBPyConnection) -> None:
    """An empty table for each that a source may land, so that the models can read what none has."""
    shapes = {name: arrow_schema(entity) for name, entity in ENTITIES.items()}
    shapes |= {"documents": DOCUMENTS, "quarantine": QUARANTINE, "file_loads": FILE_LOADS}
    for name, schema in shapes.items():
        whole = schema.append(pa.field("_dlt_load_id", pa.string()))
        connection.register("shape", whole.empty_table())
        connection.execute(f"create or replace table raw_bookbag.no_{name} as from shape")
        connection.unregister("shape")


def _write_told_alerts(connection: duckdb.DuckDBPyConnection) -> None:
    """What the runs before have told people, so that the models can say how soon it was (S9)."""
    (is_there,) = connection.execute(
        "select count(*) > 0 from information_schema.columns where table_schema = 'marts'"
        " and table_name = 'alerts' and column_name = 'first_bucket'"
    ).fetchone() or (False,)
    columns = "alert_id, kpi, grain, first_bucket, opened_at, notified_at"
    told = (
        f"select {columns} from marts.alerts where notified_at is not null"
        if is_there
        else "select null::varchar as alert_id, null::varchar as kpi, null::varchar as grain,"
        " null::timestamp as first_bucket, null::timestamptz as opened_at,"
        " null::timestamptz as notified_at where false"
    )
    connection.execute(f"create or replace table raw_bookbag.told_alerts as {told}")


def _account_row(config: Config) -> Row:
    account, given = config.account, config.definitions
    churn = given.churn_window_d
    return (
        account.id,
        account.timezone,
        account.currency,
        account.first_weekday,
        account.ai_launch_date,
        account.ai_coverage_complete_from,
        config.as_of.astimezone(UTC) if config.as_of else None,
        round(given.ai_assume_h.sync * HOUR_S),
        round(given.ai_assume_h.async_ * HOUR_S),
        round(given.resolution_window_h * HOUR_S),
        round(given.fcr_window_h * HOUR_S),
        round(given.recontact_window_h * HOUR_S),
        round(given.recommendation_window_d * DAY_S),
        round(churn * DAY_S) if churn is not None else None,
        given.fte_hours,
        given.shrinkage,
        given.min_n,
        version("bookbag"),
    )


def _source_row(config: Config, name: str) -> Row:
    source = config.source(name)
    return (source.name, source.kind, source.timezone, source.start_date, source.ids_of)
