"""The four headline cards.

The four and their order are fixed (CAPABILITIES.md F10); all else about them is the catalogue's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reports.errors import PublishedError
from reports.formats import number
from reports.lines import Line, read_line
from reports.periods import Period
from reports.published import Figure, Figures, Kpi, Stat, Statuses

# What each counts, in words: the catalogue has the figures' names, not those of their parts.
BASIS = {
    "csat": "{n} ratings",
    "deflection_rate": "{numerator} of {denominator} contacts",
    "first_contact_resolution": "{numerator} of {denominator} resolved contacts",
    "tickets_per_order": "{numerator} tickets, {denominator} orders",
}
HEADLINES = tuple(BASIS)
# The slice by handling is empty of meaning here, and a reader who is not told would be misled.
HUMAN_NOTE = {"deflection_rate": "human is 0 by definition"}


@dataclass(frozen=True)
class Point:
    """A period of a trend; `value` None where there is none."""

    period: Period
    value: float | None
    is_mature: bool
    is_low_sample: bool


@dataclass(frozen=True)
class Card:
    """A headline: the line of the newest final period up to the report's, and its trend.

    `pending` is the report's own period where that is not final yet; `split` stands beside CSAT.
    """

    line: Line
    is_earlier: bool
    pending: Figure | None
    trend: tuple[Point, ...]
    split: Line | None

    @property
    def basis(self) -> str:
        """What the value rests on: "2,251 of 3,881 contacts"."""
        figure = self.line.figure
        if figure is None or figure.value is None:
            return ""
        if figure.numerator is None or figure.denominator is None:
            return f"n = {number(figure.n)}"
        return BASIS[self.line.kpi.kpi].format(
            n=number(figure.n),
            numerator=number(figure.numerator),
            denominator=number(figure.denominator),
        )

    @property
    def human_note(self) -> str:
        """What a reader must know about the human side."""
        is_zero = self.line.human is not None and self.line.human.value == 0
        return HUMAN_NOTE.get(self.line.kpi.kpi, "") if is_zero else ""


def read_cards(
    catalog: dict[str, Kpi], figures: Figures, statuses: Statuses, period: Period
) -> tuple[Card, ...]:
    """The core four, in their order."""
    missing = [name for name in HEADLINES if name not in catalog or not catalog[name].stats]
    if missing:
        raise PublishedError(
            f"marts.kpi_catalog lacks the headline KPI {', '.join(missing)} or its stats. "
            "Run `bookbag run --only transform`, then publish."
        )
    return tuple(_card(catalog[name], catalog, figures, statuses, period) for name in HEADLINES)


def _card(
    kpi: Kpi, catalog: dict[str, Kpi], figures: Figures, statuses: Statuses, period: Period
) -> Card:
    stat = kpi.stats[0]
    own = figures.get((kpi.kpi, stat.name, "all", period.starts_on))
    is_pending = own is not None and not own.is_mature
    shown = _latest_final(kpi, stat, figures, period) if is_pending else period
    line = read_line(kpi, stat, figures, statuses, shown or period)
    if shown is None:
        line = replace(
            line,
            figure=None,
            ai=None,
            human=None,
            change=None,
            target=None,
            reason=f"no {period.grain} is final yet",
        )
    parity = catalog.get("csat_parity") if kpi.kpi == "csat" else None
    return Card(
        line=line,
        is_earlier=shown is not None and shown != period,
        pending=own if is_pending else None,
        trend=tuple(_point(kpi, stat, figures, one) for one in period.trend()),
        split=read_line(parity, parity.stats[0], figures, statuses, line.period)
        if parity
        else None,
    )


def _latest_final(kpi: Kpi, stat: Stat, figures: Figures, period: Period) -> Period | None:
    """The newest period before this one whose figure can no longer change, within the trend."""
    for earlier in reversed(period.trend()[:-1]):
        figure = figures.get((kpi.kpi, stat.name, "all", earlier.starts_on))
        if figure is not None and figure.is_mature:
            return earlier
    return None


def _point(kpi: Kpi, stat: Stat, figures: Figures, period: Period) -> Point:
    figure = figures.get((kpi.kpi, stat.name, "all", period.starts_on))
    if figure is None:
        return Point(period, None, is_mature=True, is_low_sample=False)
    return Point(period, figure.value, figure.is_mature, figure.is_low_sample)
