"""Ingest: every source of bookbag.toml lands in `raw_<source>`, one dlt pipeline a source."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
from dagster_dlt import DagsterDltTranslator, dlt_assets
from dagster_dlt.translator import DltResourceTranslatorData

from bookbag_orchestration import sandbox
from bookbag_orchestration.account import record_sync, write_account
from bookbag_orchestration.freshness import source_policy
from bookbag_orchestration.resources import Progress, Workplace, workplace
from bookbag_orchestration.sections import AnySource, ApiSource, Config
from bookbag_orchestration.settings import read_secrets
from bookbag_orchestration.steps import BEHIND, recorded
from ingestion import SOURCES, VENDORS
from ingestion.api import ApiSpec
from ingestion.contracts import ENTITIES
from ingestion.errors import IngestError, UnavailableError
from ingestion.pipeline import Loaded, build, load
from ingestion.run import SourceRun, Sync
from ingestion.sample.story import SampleSpec

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
    make = SOURCES[source.kind]
    seconds = source.sync_minutes * 60 if isinstance(source, ApiSource) else None

    def run_of(now: datetime) -> SourceRun:
        return SourceRun(
            warehouse=place.warehouse,
            scratch=place.working(source.name) / "scratch",
            now=now,
            reread=place.settings.reread,
            reread_all=place.settings.full_refresh,
            reread_since=_midnight(place.settings.since, source.timezone),
            sync=Sync(seconds=seconds),
        )

    def spec() -> Any:
        given = source.spec(place.config.base)
        if isinstance(given, ApiSpec):
            keys = {key for keys in VENDORS[source.kind].secrets for key in keys}
            given = replace(given, secrets=read_secrets(source.name, keys))
            return sandbox.settled(given, place.config)
        if isinstance(given, SampleSpec):
            kinds = {other.name: other.kind for other in place.config.sources}
            return replace(given, helpdesk=kinds.get(source.ids_of or "", ""))
        return given

    epoch = datetime.fromtimestamp(0, UTC)
    shape = make(source.spec(place.config.base), run_of(epoch))
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
        fresh = build(source.name, place.warehouse, place.working(source.name))
        run, settings = run_of(datetime.now(UTC)), spec()
        try:
            loaded = load(fresh, lambda: make(settings, run), run)
        except UnavailableError as error:
            pause_s = RETRIES.calculate_delay(context.retry_number + 1)
            raise dg.RetryRequested(RETRIES.max_retries, pause_s) from error
        if isinstance(source, ApiSource) and not loaded.is_behind:
            with place.connect() as connection:
                record_sync(connection, source.name, run.now)
        progress.line("ingest", f"{source.name}: {_said(loaded)}", monotonic() - started)
        if loaded.is_half:
            raise IngestError(
                f"source {source.name}: the first load was not done in its time (`sync_minutes`)."
                " What it has landed stays; run again, it goes on from there. Nothing is built on"
                " half a history."
            )
        for key in context.selected_asset_keys:
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={"new_rows": loaded.rows.get(key.path[-1], 0), BEHIND: loaded.is_behind},
            )

    return assets


def _midnight(day: date | None, timezone: str) -> datetime | None:
    return datetime.combine(day, time(), ZoneInfo(timezone)) if day else None


def _said(loaded: Loaded) -> str:
    words = [f"{loaded.total:,} new rows"]
    if loaded.quarantined:
        words.append(f"{loaded.quarantined:,} set aside")
    if loaded.refused:
        words.append(f"not offered: {' '.join(loaded.refused)}")
    if loaded.is_behind:
        words.append("not done, the next sync goes on from here")
    return ", ".join(words)


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
