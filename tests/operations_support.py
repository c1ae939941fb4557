"""An account of two sources without data of its own, for what the runs tell of it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bookbag_orchestration.report_periods import Calendar, calendars
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.sections import (
    Account,
    ApiSource,
    Config,
    FilesSource,
    MonthlyDelivery,
    Reports,
    WeeklyDelivery,
)
from bookbag_orchestration.settings import Settings

SYNCED = "2026-11-20 10:00:00+00"
ROME, NEW_YORK = "Europe/Rome", "America/New_York"


def workplace_of(folder: Path) -> Workplace:
    """`desk` is a helpdesk, `shop` a folder of files; a sync is every five minutes."""
    sources = (
        ApiSource(name="desk", kind="zendesk", url="http://127.0.0.1:1"),
        FilesSource(name="shop", kind="files", path="export"),
    )
    return Workplace(
        Settings(home=folder), Config(base=folder, account=Account(id="acme"), sources=sources)
    )


def sync(place: Workplace, run_id: str, **failed: bool) -> None:
    """A run in which each source that is named syncs, or fails to."""
    with place.history.run(run_id, "sync"):
        for name, is_failed in failed.items():
            try:
                with place.history.step(run_id, "ingest", name, "sync"):
                    if is_failed:
                        raise ConnectionError(f"{name} does not answer. Check `url`.")
            except ConnectionError:
                continue


def land(place: Workplace, *names: str) -> None:
    """Some rows of each source, loaded."""
    with place.connect() as connection:
        for name in names:
            connection.execute(
                f"create schema raw_{name}; create table raw_{name}._dlt_loads as"
                f" select timestamptz '{SYNCED}' as inserted_at, 0 as status"
            )


def build_marts(place: Workplace) -> None:
    """What the alert step reads and the copy is made of, with one KPI in breach."""
    with place.connect() as connection:
        connection.execute(
            "create schema if not exists marts; create schema if not exists core;"
            "create table core.dim_calendar_context (name varchar, kind varchar, starts_on date);"
            "create table marts.kpi_catalog as select 'csat' as kpi, 'headline' as tier,"
            " 'quality' as quadrant;"
            f"create table marts.account as select timestamptz '{SYNCED}' as data_as_of,"
            " '1' as code_version, 'UTC' as timezone;"
            "create table marts.kpi_values (grain varchar, period_start timestamp,"
            " is_partial boolean);"
            "create table marts.source_freshness as select unnest(['desk', 'shop']) as source,"
            f" timestamptz '{SYNCED}' as last_instant_at, false as is_stale,"
            f" timestamptz '{SYNCED}' as data_as_of;"
            "create table marts.kpi_status as select 'csat' as kpi, 'mean' as stat,"
            " 'week' as grain, 'all' as handling, 'all' as channel, 'all' as category,"
            " 'all' as team, 'all' as customer_segment, timestamp '2026-11-09' as period_start,"
            " 3.7 as value, 4.4 as baseline_30d, true as is_breach, 'below' as breach_rule,"
            " 4.0 as breach_bound, false as is_expected, cast(null as varchar) as context_note,"
            " 'Support lead' as owner, 'Review all.' as protocol,"
            f" timestamptz '{SYNCED}' as data_as_of"
        )


def office(
    folder: Path, zone: str, *, week_start: str = "monday", id: str = "acme",
    weekly: tuple[str, str] = ("monday", "07:00"), monthly: tuple[int, str] = (1, "07:00"),
) -> Workplace:  # fmt: skip
    """That account in a zone, with its reports on these days."""
    place = workplace_of(folder)
    account = Account.model_validate({"id": id, "timezone": zone, "week_start": week_start})
    reports = Reports(
        weekly=WeeklyDelivery.model_validate({"day": weekly[0], "at": weekly[1]}),
        monthly=MonthlyDelivery(day=monthly[0], at=monthly[1]),
    )
    changed = {"account": account, "reports": reports}
    return replace(place, config=place.config.model_copy(update=changed))


def calendar_of(place: Workplace, name: str) -> Calendar:
    return next(each for each in calendars(place.config) if each.name == name)


def utc(text: str) -> datetime:
    """ "2026-03-30 05:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
