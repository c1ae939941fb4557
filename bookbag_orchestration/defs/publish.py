"""Publish: the copy for BI tools and the dashboard, at the door."""

from datetime import UTC, datetime
from time import monotonic

import dagster as dg

from bookbag_orchestration.dashboard import build_dashboard
from bookbag_orchestration.freshness import mart_policy
from bookbag_orchestration.postgres_target import write
from bookbag_orchestration.publishing import CORE_TABLES, MARTS, STEM, follow, publish, refresh
from bookbag_orchestration.resources import POSTGRES, Progress, Workplace, workplace
from bookbag_orchestration.steps import recorded


def published_asset(place: Workplace) -> dg.AssetsDefinition:
    """The copy in the published folder."""

    @dg.asset(
        key=["published", "bookbag"],
        group_name="publish",
        deps=[
            *(["marts", table] for table in MARTS),
            *(["core", table] for table in CORE_TABLES),
        ],
        description="The copy that BI tools open: DuckDB and Parquet, replaced whole.",
        kinds={"duckdb", "parquet"},
        freshness_policy=mart_policy(),
        pool=place.pool,
    )
    @recorded(place, "publish")
    def published(progress: dg.ResourceParam[Progress]) -> dg.MaterializeResult[None]:
        started, now = monotonic(), datetime.now(UTC)
        if not place.is_built():
            progress.line("publish", "nothing is built yet", monotonic() - started)
            return dg.MaterializeResult(metadata={"tables": 0, "rows": 0})
        is_judged = place.history.is_judged()
        if not is_judged:
            result = refresh(place, now)
        elif place.is_level():
            # Nothing has been built since: what is known of the pipeline is all that may be new.
            result = follow(place, now)
        else:
            result = publish(place, now)
        total = sum(result.rows.values())
        said = f"{len(result.rows)} tables, {total:,} rows"
        if not is_judged:
            said += "; the figures stay, what was built since has not passed its checks"
        progress.line("publish", said, monotonic() - started)
        return dg.MaterializeResult(metadata={"tables": len(result.rows), "rows": total})

    return published


def dashboard_asset(place: Workplace) -> dg.AssetsDefinition:
    """The pages that people open, made of the copy."""

    @dg.asset(
        key=["site", "dashboard"],
        group_name="publish",
        deps=[["published", "bookbag"]],
        description="The dashboard: an HTML file a page, which opens from a disk.",
        kinds={"html"},
        pool=place.pool,
    )
    @recorded(place, "publish", "dashboard")
    def dashboard(progress: dg.ResourceParam[Progress]) -> dg.MaterializeResult[None]:
        started, site = monotonic(), build_dashboard(place)
        if site is None:
            progress.line(
                "publish", "no dashboard: nothing is published yet", monotonic() - started
            )
            return dg.MaterializeResult(metadata={"pages": 0})
        said = f"dashboard: {site.pages} pages, {site.written} of them anew"
        progress.line("publish", said, monotonic() - started)
        index = dg.MetadataValue.path(place.site / "index.html")
        return dg.MaterializeResult(
            metadata={"pages": site.pages, "written": site.written, "opens": index}
        )

    return dashboard


def postgres_asset(place: Workplace, url: str) -> dg.AssetsDefinition:
    """The copy in a database of the account's."""

    @dg.asset(
        key=["published", "postgres"],
        group_name="publish",
        deps=[["published", "bookbag"]],
        description="The same tables in the account's PostgreSQL: all of the old, then all new.",
        kinds={"postgres"},
        freshness_policy=mart_policy(),
        pool=place.pool,
    )
    @recorded(place, "publish", POSTGRES)
    def postgres(progress: dg.ResourceParam[Progress]) -> dg.MaterializeResult[None]:
        started = monotonic()
        if not (place.published / f"{STEM}.duckdb").exists():
            progress.line("publish", "postgres: nothing is published yet", monotonic() - started)
            return dg.MaterializeResult(metadata={"tables": 0, "rows": 0})
        written = write(place, url)
        total = sum(written.rows.values())
        said = f"{len(written.rows)} tables, {total:,} rows" if written.rows else "nothing new"
        progress.line("publish", f"postgres: {said}", monotonic() - started)
        return dg.MaterializeResult(
            metadata={"tables": len(written.rows), "rows": total, "where": written.where}
        )

    return postgres


@dg.definitions
def defs() -> dg.Definitions:
    place = workplace()
    assets = [published_asset(place), dashboard_asset(place)]
    if url := place.postgres:
        assets.append(postgres_asset(place, url))
    return dg.Definitions(assets=assets)
