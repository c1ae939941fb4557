"""The weekly summary as data: what the page, the mail and the workbook show.

Built once from the published copy, then only rendered, so that the outputs cannot disagree. It
takes no clock: "now" is the data's own `data_as_of`. A headline never shows a figure that can still
change (METRICS.md K10): it falls back to the newest week that is final, and says which one.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from reports.cards import Card, read_cards
from reports.diagnostics import Group, read_groups
from reports.errors import PeriodError
from reports.notes import Alert, Notes, read_alerts, read_notes
from reports.periods import TREND_WEEKS, Period, week_from, week_named
from reports.published import (
    Account,
    latest_complete_week,
    read_account,
    read_catalog,
    read_figures,
    read_statuses,
)
from reports.reading import require_tables

# Weeks read before the trend: the longest look-ahead of a weekly figure is 30 days (METRICS.md A5).
_EARLIER_WEEKS = 6


@dataclass(frozen=True)
class Summary:
    """One week of support, in the order in which it is read."""

    account: Account
    period: Period
    cards: tuple[Card, ...]
    groups: tuple[Group, ...]
    alerts: tuple[Alert, ...] | None
    notes: Notes

    @property
    def open_alerts(self) -> tuple[Alert, ...]:
        """The incidents that ask for something."""
        return tuple(alert for alert in self.alerts or () if not alert.is_suppressed)

    @property
    def explained_alerts(self) -> tuple[Alert, ...]:
        """The incidents that the calendar explains."""
        return tuple(alert for alert in self.alerts or () if alert.is_suppressed)


def build_summary(connection: duckdb.DuckDBPyConnection, period: str | None = None) -> Summary:
    """The summary of a week ("2026-W46"; None: the latest complete one) of the published copy."""
    week = weekly_period(connection, period)
    account = read_account(connection)
    statuses = read_statuses(connection)
    catalog = read_catalog(connection)
    since = week.back(TREND_WEEKS + _EARLIER_WEEKS).starts_on
    figures = read_figures(connection, since, week.starts_on)
    return Summary(
        account=account,
        period=week,
        cards=read_cards(catalog, figures, statuses, week),
        groups=read_groups(catalog, figures, statuses, week),
        alerts=read_alerts(connection, catalog, account),
        notes=read_notes(connection, catalog, statuses, account, week),
    )


def default_period(connection: duckdb.DuckDBPyConnection) -> Period:
    """The latest week that is complete in the data."""
    starts_on = latest_complete_week(connection)
    if starts_on is None:
        as_of = read_account(connection).data_as_of
        raise PeriodError(
            f"There is no complete week yet: the data end on {as_of:%Y-%m-%d %H:%M}. A weekly "
            "report needs one whole week; load more data, or set an earlier start_date."
        )
    return week_from(starts_on)


def weekly_period(connection: duckdb.DuckDBPyConnection, period: str | None) -> Period:
    """The week asked for, which must be complete and lie within the data."""
    require_tables(connection)
    latest = default_period(connection)
    if period is None:
        return latest
    week = week_named(period, read_account(connection).week_start)
    if week.starts_on > latest.starts_on:
        raise PeriodError(
            f"The week {week.label} ({week.starts_on} to before {week.ends_on}) is not complete in "
            f"the data. The latest complete week is {latest.label}."
        )
    if not read_figures(connection, week.starts_on, week.starts_on):
        raise PeriodError(
            f"The data have no complete week {week.label} ({week.starts_on} to before "
            f"{week.ends_on}): they begin later. The latest complete week is {latest.label}."
        )
    return week
