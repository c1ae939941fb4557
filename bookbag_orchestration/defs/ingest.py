"""Ingest: every source of bookbag.toml lands in `raw_<source>`, one dlt pipeline a source."""

from collections.abc import Iterator
from datetime import UTC, datetime
from time import monotonic

import dagster as dg
from dagster_dlt import DagsterDltTranslator, dlt_assets
from dagster_dlt.translator import DltResourceTranslatorData

from bookbag_orchestration import landing
from bookbag_orchestration.account import write_account
from bookbag_orchestration.freshness import source_policy
from bookbag_orchestration.resources import Progress, Workplace, workplace
from bookbag_orchestration.sections import AnySource, Config
from bookbag_orchestration.steps import BEHIND, recorded
from ingestion.contracts import ENTITIES
from ingestion.errors import UnavailableError
from ingestion.pipeline import build

GROUP = "ingest"
# Calls have been tried again by then; what stays away for a minute is often back.
RETRIES = dg.RetryPolicy(
    max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)


class RawTables(DagsterDltTranslator):
    """dlt resources as assets `raw_<source>/<table>`."""

    def __init__(self, source: AnySource, config: Config) -> None:
        self.source = source
        self.policy = source_policy(source, config)

    def get_asset_spec(self, data: DltResourceTranslatorData) -> dg.AssetSpec:
        table = data.resource.name
        return dg.AssetSpec(
            key=[f"raw_{self.source.name}", table],
            group_name=GROUP,
            description=f"{table} as source {self.source.name} gives them; rows are only added.",
            kinds={"dlt", "duckdb"},
            freshness_policy=self.policy,
            metadata={"columns": len(ENTITIES[table].columns)} if table in ENTITIES else {},
        )


def source_assets(place: Workplace, source: AnySource) -> dg.AssetsDefinition:
    """The raw tables of one source as one step."""
    shape = landing.shape(place, source)
    pipeline = build(source.name, place.warehouse, place.working(source.name))

    @dlt_assets(
        dlt_source=shape,
        dlt_pipeline=pipeline,
        name=f"ingest_{source.name}",
        dagster_dlt_translator=RawTables(source, place.config),
        pool=place.pool,
    )
    @recorded(place, "ingest", source.name)
    def assets(
        context: dg.AssetExecutionContext, progress: dg.ResourceParam[Progress]
    ) -> Iterator[dg.MaterializeResult[None]]:
        started = monotonic()
        try:
            loaded = landing.sync(place, source, datetime.now(UTC))
        except UnavailableError as error:
            pause_s = RETRIES.calculate_delay(context.retry_number + 1)
            raise dg.RetryRequested(RETRIES.max_retries, pause_s) from error
        said = landing.told(loaded)
        progress.line("ingest", f"{source.name}: {said}", monotonic() - started)
        landing.check_whole(source, loaded)
        for key in context.selected_asset_keys:
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={"new_rows": loaded.rows.get(key.path[-1], 0), BEHIND: loaded.is_behind},
            )

    return assets


def account_asset(place: Workplace) -> dg.AssetsDefinition:
    """bookbag.toml as tables, for the models."""

    @dg.asset(
        key=["raw_bookbag", "account"],
        group_name=GROUP,
        description="The settings of bookbag.toml that the models read.",
        kinds={"duckdb"},
        pool=place.pool,
    )
    @recorded(place, "ingest", "account")
    def account(progress: dg.ResourceParam[Progress]) -> None:
        with place.connect() as connection:
            write_account(connection, place.config)

    return account


@dg.definitions
def defs() -> dg.Definitions:
    place = workplace()
    return dg.Definitions(
        assets=[
            account_asset(place),
            *(source_assets(place, source) for source in place.config.sources),
        ]
    )
