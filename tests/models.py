"""The dbt models without dbt: compiled once, then run as plain SQL over any export folder.

A `dbt build` spends most of its seconds on starting; a property test needs hundreds of builds. Only
the running differs: the SQL is what dbt compiled, in the order of its graph.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from bookbag_orchestration.account import write_account
from bookbag_orchestration.config import load_config
from bookbag_orchestration.settings import DBT_PROJECT
from ingestion import VENDORS
from ingestion.contracts import ENTITIES
from ingestion.export.folder import FilesSpec, Folder
from ingestion.export.landing import Landing, arrow_schema
from ingestion.export.staging import Staging
from ingestion.quarantine import FILE_LOADS, QUARANTINE
from tests.dbt_support import dbt

FUTURE = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Model:
    schema: str
    name: str
    sql: str
    materialized: str


def compiled_models(project: Any, folder: Path) -> list[Model]:
    """Every model and data test (`materialized` test) of a manifest, parents first; the compiled
    SQL names its relations by schema and table.
    """
    result = dbt(folder / "bookbag.duckdb", "compile", manifest=project)
    assert result.success, result.exception
    manifest = json.loads((folder / "target/manifest.json").read_text())
    nodes: Mapping[str, dict[str, object]] = {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "test")
    }
    parents = {key: set(manifest["parent_map"][key]) & set(nodes) for key in nodes}
    return [
        Model(
            schema=str(nodes[key]["schema"]),
            name=str(nodes[key]["name"]),
            sql=str(nodes[key]["compiled_code"]).replace('"bookbag".', ""),
            materialized=str(nodes[key]["config"]["materialized"]),  # type: ignore[index]
        )
        for key in TopologicalSorter(parents).static_order()
    ]


def built(models: list[Model], config: Path, scratch: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory: the export of `config`'s one source landed, every model built."""
    settings = load_config(config)
    (source,) = settings.sources
    spec = source.spec(settings.base)
    # Of many small queries, several threads cost more than they save.
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set timezone = 'UTC'")
    write_account(connection, settings)
    _land(connection, spec, scratch)
    for schema in sorted({model.schema for model in models}):
        connection.execute(f"create schema if not exists {schema}")
    create(connection, models)
    return connection


def create(connection: duckdb.DuckDBPyConnection, models: list[Model]) -> None:
    """Each model as the view or table that it is."""
    for model in models:
        if model.materialized != "test":
            kind = "view" if model.materialized == "view" else "table"
            connection.execute(f"create {kind} {model.schema}.{model.name} as {model.sql}")


def broken_tests(connection: duckdb.DuckDBPyConnection, models: list[Model]) -> list[str]:
    """Names of the data tests that find rows."""
    return [
        test.name
        for test in models
        if test.materialized == "test" and connection.execute(test.sql).fetchone() is not None
    ]


def _land(connection: duckdb.DuckDBPyConnection, spec: FilesSpec, scratch: Path) -> None:
    """What the pipeline lands, without its bookkeeping."""
    schema = f"raw_{spec.name}"
    connection.execute(f"create schema {schema}")
    connection.execute("create schema landed")
    folder = Folder(spec, scratch)
    for entity in ENTITIES.values():
        empty = arrow_schema(entity).empty_table()
        connection.register("rows", empty)
        connection.execute(
            f"create table {schema}.{entity.name} as select *, '' as _dlt_load_id from rows"
        )
        files = [file for file in folder.files if file.entity == entity.name]
        if files:
            with Staging(spec, entity, scratch, FUTURE) as staging:
                for file in files:
                    staging.stage(file, folder.local_path(file.name))
                landing = Landing(staging, scratch / "none.duckdb", is_snapshot=False)
                for table in landing.rows():
                    connection.register("rows", table)
                    connection.execute(
                        f"insert into {schema}.{entity.name} by name"
                        " select *, '1' as _dlt_load_id from rows"
                    )
        _view(connection, schema, entity.name, spec.name)
    for name, columns in (("quarantine", QUARANTINE), ("file_loads", FILE_LOADS)):
        connection.register("rows", columns.empty_table())
        connection.execute(
            f"create table {schema}.{name} as select *, '' as _dlt_load_id from rows"
        )
        _view(connection, schema, name, spec.name)
    connection.unregister("rows")
    for kind, vendor in VENDORS.items():
        for table in vendor.tables:
            connection.execute(
                f"create view landed.{kind}_{table} as"
                " select null::varchar as source, * from raw_bookbag.no_documents"
            )
    load_maps(connection)


def load_maps(connection: duckdb.DuckDBPyConnection) -> None:
    """The seeds."""
    connection.execute("create schema maps")
    for seed in sorted((DBT_PROJECT / "seeds").glob("*.csv")):
        connection.execute(
            f"create table maps.{seed.stem} as from read_csv('{seed}', all_varchar = true)"
        )


def _view(connection: duckdb.DuckDBPyConnection, schema: str, table: str, source: str) -> None:
    connection.execute(
        f"create view landed.files_{table} as select '{source}' as source, * from {schema}.{table}"
    )
