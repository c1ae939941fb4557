"""Report: the weekly summary and the scorecard, from the figures that are about to be published."""

from time import monotonic

import dagster as dg

from bookbag_orchestration.resources import Progress, Workplace, workplace
from bookbag_orchestration.steps import recorded
from reports.errors import PeriodError
from reports.weekly import write_weekly

SUMMARIZED = ("kpi_values", "kpi_catalog", "kpi_status", "scorecard", "account")


def weekly_asset(place: Workplace) -> dg.AssetsDefinition:
    """The files of the latest complete week."""

    @dg.asset(
        key=["reports", "weekly_summary"],
        group_name="report",
        deps=[["marts", "alerts"], *(["marts", table] for table in SUMMARIZED)],
        description="The latest complete week as one HTML file, and the scorecard as CSV.",
        kinds={"html", "csv"},
        pool=place.pool,
    )
    @recorded(place, "report", "weekly")
    def weekly_summary(progress: dg.ResourceParam[Progress]) -> dg.MaterializeResult[None]:
        started = monotonic()
        if not (place.is_built() and place.history.is_judged()):
            said = "nothing to report: what was built has not passed its checks"
            progress.line("report", f"weekly: {said}", monotonic() - started)
            return dg.MaterializeResult(metadata={"files": 0})
        try:
            with place.connect(read_only=True) as connection:
                files = write_weekly(connection, place.reports)
        except PeriodError as error:
            progress.line("report", f"weekly: {error}", monotonic() - started)
            return dg.MaterializeResult(metadata={"files": 0})
        week = files[0].parent.name
        progress.line("report", f"weekly {week}: {len(files)} files", monotonic() - started)
        return dg.MaterializeResult(metadata={"files": len(files), "folder": str(files[0].parent)})

    return weekly_summary


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(assets=[weekly_asset(workplace())])
