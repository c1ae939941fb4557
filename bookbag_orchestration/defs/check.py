"""Check: Great Expectations at both borders, as blocking asset checks.

What a source landed is judged before it is built on, the marts before they are told or published. A
failed check keeps everything after it from running, so the old published copy stays.
"""

from collections.abc import Iterator
from time import monotonic

import dagster as dg

from bookbag_orchestration.resources import WAREHOUSE_POOL, Progress, Workplace, workplace
from expectations.landing import landing_suites
from expectations.marts import mart_suites
from expectations.suites import Failure, Suite, failures
from ingestion import TABLES

LANDING = "landing_is_sound"
MARTS = "marts_are_sound"
CHECKED_MARTS = ("kpi_values", "kpi_catalog", "kpi_status")


def _judge(place: Workplace, suites: list[Suite]) -> list[Failure]:
    with place.connect(read_only=True) as connection:
        return failures(connection, suites)


def _metadata(found: list[Failure]) -> dict[str, dg.MetadataValue]:
    return {
        "failures": dg.MetadataValue.md("\n".join(f"- {failure}" for failure in found) or "none")
    }


def landing_check(
    place: Workplace, source: str, tables: tuple[str, ...]
) -> dg.AssetChecksDefinition:
    """One check a source, on the table that all its others are landed with."""
    first = dg.AssetKey([f"raw_{source}", tables[0]])

    @dg.multi_asset_check(
        name=f"check_{source}",
        specs=[
            dg.AssetCheckSpec(
                LANDING,
                asset=first,
                blocking=True,
                description="Keys, times and shares of what the source landed.",
                additional_deps=[dg.AssetKey([f"raw_{source}", table]) for table in tables[1:]],
            )
        ],
        pool=WAREHOUSE_POOL,
    )
    def check(progress: dg.ResourceParam[Progress]) -> Iterator[dg.AssetCheckResult]:
        started = monotonic()
        suites = landing_suites(source, tables)
        found = _judge(place, suites)
        rules = sum(len(suite.expectations) for suite in suites)
        said = "; ".join(map(str, found)) or f"{rules} expectations hold"
        progress.line("check", f"landing of {source}: {said}", monotonic() - started)
        yield dg.AssetCheckResult(
            check_name=LANDING, asset_key=first, passed=not found, metadata=_metadata(found)
        )

    return check


def marts_check(place: Workplace) -> dg.AssetChecksDefinition:
    """One check of the published border, on the table that everything after it reads."""
    first = dg.AssetKey(["marts", CHECKED_MARTS[0]])

    @dg.multi_asset_check(
        name="check_marts",
        specs=[
            dg.AssetCheckSpec(
                MARTS,
                asset=first,
                blocking=True,
                description="Keys, ranges and owners of what is about to be published.",
                additional_deps=[dg.AssetKey(["marts", name]) for name in CHECKED_MARTS[1:]],
            )
        ],
        pool=WAREHOUSE_POOL,
    )
    def check(progress: dg.ResourceParam[Progress]) -> Iterator[dg.AssetCheckResult]:
        started = monotonic()
        suites = mart_suites()
        found = _judge(place, suites)
        rules = sum(len(suite.expectations) for suite in suites)
        said = "; ".join(map(str, found)) or f"{rules} expectations hold"
        progress.line("check", f"marts: {said}", monotonic() - started)
        yield dg.AssetCheckResult(
            check_name=MARTS, asset_key=first, passed=not found, metadata=_metadata(found)
        )

    return check


@dg.definitions
def defs() -> dg.Definitions:
    place = workplace()
    landings = [
        landing_check(place, source.name, TABLES[source.kind]) for source in place.config.sources
    ]
    return dg.Definitions(asset_checks=[*landings, marts_check(place)])
