"""Check: Great Expectations at both borders, as asset checks.

What a source landed is judged before it is built on, the marts before they are told or published:
these are blocking, so that a failed one keeps everything after it from running and the old
published copy stays. Rows that do not add up are a warning: the figures are told, with the doubt.
"""

from collections.abc import Iterator, Sequence
from time import monotonic

import dagster as dg

from bookbag_orchestration.borders import Border, landing, marts, reconciliation
from bookbag_orchestration.resources import Progress, Workplace, workplace
from bookbag_orchestration.samples import shown
from bookbag_orchestration.steps import recorded
from expectations.suites import Failure, failures
from ingestion import TABLES


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
