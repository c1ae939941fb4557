"""Report: the weekly and monthly summaries with their scorecards, a partition a period.

The newest complete period is made from the figures as they are. An older one, in a backfill or when
several were missed, is made as it would have been when it was due, however much has changed since.
Reports are only written: nothing is sent, neither by the schedule nor by a backfill.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

import dagster as dg

from bookbag_orchestration.as_it_was import as_it_was
from bookbag_orchestration.report_periods import Calendar, calendars
from bookbag_orchestration.report_requests import ACCOUNT
from bookbag_orchestration.resources import Progress, Workplace, workplace
from bookbag_orchestration.steps import recorded
from reports.errors import NotCompleteError, PeriodError
from reports.files import write_report
from reports.periods import Period
from reports.published import read_account
from reports.summary import default_period, period_asked

SUMMARIZED = ("kpi_values", "kpi_catalog", "kpi_status", "scorecard", "account")


@dataclass(frozen=True)
class Report:
    """Files that were written, and up to when their figures know: local time of the account."""

    files: list[Path]
    as_of: datetime


def make(place: Workplace, calendar: Calendar, period: Period) -> Report:
    """Writes the report of a period.

    Raises NotCompleteError where the data do not reach its end yet, PeriodError where they begin
    after it.
    """
    rhythm = calendar.rhythm
    with place.connect(read_only=True) as connection:
        period_asked(connection, rhythm, period.label)
        if period == default_period(connection, rhythm):
            files = write_report(connection, place.reports, rhythm, period.label)
            return Report(files, read_account(connection).data_as_of)
    due_at, fixed = calendar.due_at(period), place.config.as_of
    with (
        as_it_was(place, min(due_at, fixed) if fixed else due_at) as past,
        past.connect(read_only=True) as connection,
    ):
        files = write_report(connection, place.reports, rhythm, period.label)
        return Report(files, read_account(connection).data_as_of)


def report_asset(place: Workplace, calendar: Calendar) -> dg.AssetsDefinition:
    """The files of one period. A partition stays missing while its report cannot be made yet."""
    name = calendar.name

    @dg.asset(
        key=calendar.asset_key,
        group_name="report",
        partitions_def=calendar.partitions,
        deps=[["marts", "alerts"], *(["marts", table] for table in SUMMARIZED)],
        output_required=False,
        description=f"A {calendar.rhythm.grain} as one HTML file, and the scorecard as CSV.",
        kinds={"html", "csv"},
        pool=place.pool,
    )
    @recorded(place, "report", name)
    def summary(
        context: dg.AssetExecutionContext, progress: dg.ResourceParam[Progress]
    ) -> Iterator[dg.MaterializeResult[None]]:
        started, period = monotonic(), calendar.period_of(context.partition_key)
        about: dict[str, dg.MetadataValue | str | int] = {
            ACCOUNT: place.config.account.id,
            "period": period.label,
        }

        def tell(said: str) -> None:
            progress.line("report", f"{name} {said}", monotonic() - started)

        if not (place.is_built() and place.history.is_judged()):
            tell(f"{period.label}: not made, what was built has not passed its checks")
            return
        try:
            report = make(place, calendar, period)
        except NotCompleteError as error:
            tell(f"{period.label}: not made. {error}")
            return
        except PeriodError as error:
            tell(f"{period.label}: {error}")
            yield dg.MaterializeResult(metadata={**about, "files": 0})
            return
        tell(f"{period.label}: {len(report.files)} files")
        yield dg.MaterializeResult(
            metadata={
                **about,
                "as_of": f"{report.as_of.replace(tzinfo=calendar.zone):%Y-%m-%dT%H:%M:%S%z}",
                "files": len(report.files),
                "folder": dg.MetadataValue.path(report.files[0].parent),
                "bytes": sum(file.stat().st_size for file in report.files),
            }
        )

    return summary


@dg.definitions
def defs() -> dg.Definitions:
    place = workplace()
    return dg.Definitions(
        assets=[report_asset(place, calendar) for calendar in calendars(place.config)]
    )
