"""The summary as data: what the page, the mail and the workbook show.

Built once from the published copy, then only rendered, so that the outputs cannot disagree. It
takes no clock: "now" is the data's own `data_as_of`. A headline never shows a figure that can still
change (METRICS.md K10): it falls back to the newest period that is final, and says which one.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from reports.cards import Card, read_cards
from reports.categories import Category, read_categories
from reports.diagnostics import Group, read_groups
from reports.errors import NotCompleteError, PeriodError
from reports.notes import Alert, Notes, read_alerts, read_notes
from reports.periods import TREND, Period, Rhythm, period_from, period_named
from reports.published import (
    Account,
    Kpi,
    latest_complete,
    read_account,
    read_catalog,
    read_figures,
    read_statuses,
)
from reports.reading import require_tables
from reports.scorecard import ScorecardRow, read_scorecard

# Periods read before the trend: the longest look-ahead of a figure is 30 days (METRICS.md A5).
_EARLIER = 6
# What each headline is made of, as in `Source.feeds`.
MADE_OF = {
    "csat": frozenset({"tickets", "ratings"}),
    "deflection_rate": frozenset({"tickets"}),
    "first_contact_resolution": frozenset({"tickets"}),
    "tickets_per_order": frozenset({"tickets", "orders"}),
}


@dataclass(frozen=True)
class Summary:
    """One week or month of support, in the order in which it is read."""

    rhythm: Rhythm
    account: Account
    period: Period
    cards: tuple[Card, ...]
    groups: tuple[Group, ...]
    categories: tuple[Category, ...]
    alerts: tuple[Alert, ...] | None
    notes: Notes
    scorecard: tuple[ScorecardRow, ...]
    catalog: tuple[Kpi, ...]

    @property
    def title(self) -> str:
        """Weekly support summary."""
        return f"{self.rhythm.name.capitalize()} support summary"

    @property
    def headline(self) -> str:
        """Weekly support summary 2026-W47, acme."""
        return f"{self.title} {self.period.label}, {self.account.account_id}"

    @property
    def waits(self) -> dict[str, tuple[Card, ...]]:
        """The headlines that each late source feeds: while there are any, the report is held."""
        late = [source for source in self.notes.sources or () if source.is_stale]
        waiting = {
            source.source: tuple(
                card for card in self.cards if source.feeds & MADE_OF[card.line.kpi.kpi]
            )
            for source in late
        }
        return {source: cards for source, cards in waiting.items() if cards}

    @property
    def open_alerts(self) -> tuple[Alert, ...]:
        """The incidents that ask for something."""
        return tuple(alert for alert in self.alerts or () if not alert.is_suppressed)

    @property
    def explained_alerts(self) -> tuple[Alert, ...]:
        """The incidents that the calendar explains."""
        return tuple(alert for alert in self.alerts or () if alert.is_suppressed)


def build_summary(
    connection: duckdb.DuckDBPyConnection, rhythm: Rhythm, name: str | None = None
) -> Summary:
    """The summary of a week ("2026-W46") or month ("2026-10") of the published copy; None: the
    latest complete one.
    """
    period = period_asked(connection, rhythm, name)
    account = read_account(connection)
    statuses = read_statuses(connection, rhythm.grain)
    catalog = read_catalog(connection)
    since = period.back(TREND + _EARLIER).starts_on
    figures = read_figures(connection, rhythm.grain, since, period.starts_on)
    return Summary(
        rhythm=rhythm,
        account=account,
        period=period,
        cards=read_cards(catalog, figures, statuses, period),
        groups=read_groups(catalog, figures, statuses, rhythm, period),
        categories=read_categories(connection, catalog, period),
        alerts=read_alerts(connection, catalog, account),
        notes=read_notes(connection, catalog, statuses, account, rhythm, period),
        scorecard=tuple(read_scorecard(connection, catalog, statuses, period)),
        catalog=tuple(catalog.values()),
    )


def default_period(connection: duckdb.DuckDBPyConnection, rhythm: Rhythm) -> Period:
    """The latest period that is complete in the data."""
    starts_on = latest_complete(connection, rhythm.grain)
    if starts_on is None:
        as_of = read_account(connection).data_as_of
        raise NotCompleteError(
            f"There is no complete {rhythm.grain} yet: the data end on {as_of:%Y-%m-%d %H:%M}. A "
            f"{rhythm.name} report needs one whole {rhythm.grain}; load more data, or set an "
            "earlier start_date."
        )
    return period_from(starts_on, rhythm.grain)


def period_asked(connection: duckdb.DuckDBPyConnection, rhythm: Rhythm, name: str | None) -> Period:
    """The period asked for, which must be complete and lie within the data."""
    require_tables(connection)
    if name is None:
        return default_period(connection, rhythm)
    account, grain = read_account(connection), rhythm.grain
    period = period_named(name, grain, account.week_start)
    days = f"{period.label} ({period.starts_on} to before {period.ends_on})"
    starts_on = latest_complete(connection, grain)
    latest = (
        f"The latest complete {grain} is {period_from(starts_on, grain).label}."
        if starts_on
        else f"There is no complete {grain} yet."
    )
    if account.data_as_of.date() < period.ends_on:
        raise NotCompleteError(f"The {grain} {days} is not complete in the data. {latest}")
    if not read_figures(connection, grain, period.starts_on, period.starts_on):
        raise PeriodError(f"The data have no complete {grain} {days}: they begin later. {latest}")
    return period
