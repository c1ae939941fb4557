"""Report: the weekly and monthly summaries with their scorecards, a partition a period.

The newest complete period is made from the figures as they are. An older one, in a backfill or when
several were missed, is made as it would have been when it was due, however much has changed since.
What the schedule asks for goes to its receivers; what is made by hand or by a backfill is only
written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import dagster as dg

from bookbag_orchestration.as_it_was import as_it_was
from bookbag_orchestration.report_delivery import DELIVER_TAG, is_news, post, words
from bookbag_orchestration.report_periods import Calendar, calendars
from bookbag_orchestration.report_requests import ACCOUNT, RECEIVERS
from bookbag_orchestration.resources import Progress, Workplace, workplace
from bookbag_orchestration.steps import recorded
from reports.errors import NotCompleteError, PeriodError
from reports.files import Written, write_report
from reports.periods import Period
from reports.posting import HELD
from reports.published import read_account
from reports.summary import default_period, period_asked

SUMMARIZED = ("kpi_values", "kpi_catalog", "kpi_status", "scorecard", "account")


@dataclass(frozen=True)
class Report:
    """What was written, and up to when its figures know: local time of the account."""

    written: Written
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
            written = write_report(connection, place.reports, rhythm, period.label)
            return Report(written, read_account(connection).data_as_of)
    due_at, fixed = calendar.due_at(period), place.config.as_of
    with (
        as_it_was(place, min(due_at, fixed) if fixed else due_at) as past,
        past.connect(read_only=True) as connection,
    ):
        written = write_report(connection, place.reports, rhythm, period.label)
        return Report(written, read_account(connection).data_as_of)


def report_asset(place: Workplace, calendar: Calendar) -> dg.AssetsDefinition:
    """The files of one period. A partition stays missing while its report cannot be made yet."""
    name = calendar.name

    @dg.asset(
        key=calendar.asset_key,
        group_name="report",
        partitions_def=calendar.partitions,
        deps=[["marts", "alerts"], *(["marts", table] for table in SUMMARIZED)],
        output_required=False,
        description=f"A {calendar.rhythm.grain} as page, mail, PDF, workbook and data.",
        kinds={"html", "pdf", "excel"},
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
        written, now = report.written, datetime.now(UTC)
        tell(f"{period.label}: {len(written.files)} files")
        for lack in written.lacks:
            tell(lack)
        if DELIVER_TAG in context.run.tags and is_news(calendar, written, now):
            posted = post(place, calendar, written, now)
            tell(f"{period.label}: {words(posted)}")
            about |= {RECEIVERS: posted.receivers}
            about |= {HELD: posted.held} if posted.held else {}
        yield dg.MaterializeResult(
            metadata={
                **about,
                "as_of": f"{report.as_of.replace(tzinfo=calendar.zone):%Y-%m-%dT%H:%M:%S%z}",
                "files": len(written.files),
                "folder": dg.MetadataValue.path(written.folder),
                "bytes": sum(file.stat().st_size for file in written.files),
            }
        )

    return summary


@dg.definitions
def defs() -> dg.Definitions:
    place = workplace()
    return dg.Definitions(
        assets=[report_asset(place, calendar) for calendar in calendars(place.config)]
    )
