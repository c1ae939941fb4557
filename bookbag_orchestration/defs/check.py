"""Check: Great Expectations at both borders, as asset checks.

What a source landed is judged before it is built on, the marts before they are told or published:
these are blocking, so that a failed one keeps everything after it from running and the old
published copy stays. Rows that do not add up are a warning: the figures are told, with the doubt.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

import dagster as dg

from bookbag_orchestration.resources import Progress, Workplace, workplace
from bookbag_orchestration.samples import shown
from bookbag_orchestration.steps import recorded
from expectations.landing import landing_suites
from expectations.marts import mart_suites
from expectations.reconciliation import FACTS, reconciliation_suites
from expectations.suites import Failure, Suite, failures
from ingestion import TABLES

LANDING = "landing_is_sound"
MARTS = "marts_are_sound"
RECONCILIATION = "landed_rows_add_up"
CHECKED_MARTS = ("kpi_values", "kpi_catalog", "kpi_status")


@dataclass(frozen=True)
class Border:
    """A check: what it looks at, on the first of its `tables`, and whether it stops a run."""

    name: str
    subject: str
    told: str
    description: str
    tables: Sequence[Sequence[str]]
    suites: Callable[[], list[Suite]]
    blocking: bool = True


def landing(source: str, tables: tuple[str, ...]) -> Border:
    """One check a source, on the table that all its others are landed with."""
    return Border(
        name=LANDING,
        subject=source,
        told=f"landing of {source}",
        description="Keys, times and shares of what the source landed.",
        tables=[(f"raw_{source}", table) for table in tables],
        suites=lambda: landing_suites(source, tables),
    )


def marts() -> Border:
    """The published border, on the table that everything after it reads."""
    return Border(
        name=MARTS,
        subject="marts",
        told="marts",
        description="Keys, ranges and owners of what is about to be published.",
        tables=[("marts", name) for name in CHECKED_MARTS],
        suites=mart_suites,
    )


def reconciliation() -> Border:
    """Whether every landed row is told of, once."""
    return Border(
        name=RECONCILIATION,
        subject="reconciliation",
        told="reconciliation",
        description="Every landed ticket, order and rating is counted, excluded or set aside.",
        tables=[("marts", "reconciliation"), *(("core", fact) for fact in FACTS.values())],
        suites=reconciliation_suites,
        blocking=False,
    )


def border_check(place: Workplace, border: Border) -> dg.AssetChecksDefinition:
    """The asset check of a border; one that is not blocking warns."""
    first, *others = (dg.AssetKey(list(table)) for table in border.tables)
    severity = dg.AssetCheckSeverity.ERROR if border.blocking else dg.AssetCheckSeverity.WARN

    @dg.multi_asset_check(
        name=f"check_{border.subject}",
        specs=[
            dg.AssetCheckSpec(
                border.name,
                asset=first,
                blocking=border.blocking,
                description=border.description,
                additional_deps=others,
            )
        ],
        pool=place.pool,
    )
    @recorded(place, "check", border.subject)
    def check(progress: dg.ResourceParam[Progress]) -> Iterator[dg.AssetCheckResult]:
        started, suites = monotonic(), border.suites()
        with place.connect(read_only=True) as connection:
            found = failures(connection, suites)
        rules = sum(len(suite.expectations) for suite in suites)
        said = "; ".join(map(str, found)) or f"{rules} expectations hold"
        progress.line("check", f"{border.told}: {said}", monotonic() - started)
        yield dg.AssetCheckResult(
            check_name=border.name,
            asset_key=first,
            passed=not found,
            severity=severity,
            metadata=metadata(found),
        )

    return check


def metadata(found: Sequence[Failure]) -> dict[str, dg.MetadataValue]:
    """What does not hold, in words and as a table of some of its rows."""
    if not found:
        return {"failures": dg.MetadataValue.md("none")}
    rows = [
        {"suite": failure.suite, "rule": failure.why, **row}
        for failure in found
        for row in failure.sample
    ]
    return {
        "failures": dg.MetadataValue.md("\n".join(f"- {failure}" for failure in found)),
        "sample": shown(rows),
    }


@dg.definitions
def defs() -> dg.Definitions:
    place = workplace()
    borders = [
        *(landing(source.name, TABLES[source.kind]) for source in place.config.sources),
        marts(),
        reconciliation(),
    ]
    return dg.Definitions(asset_checks=[border_check(place, border) for border in borders])
