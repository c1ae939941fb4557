"""What customers wrote about: tickets by category, and the headlines of each.

Only slices that have something are rows of `marts.kpi_values`: a side that has none of a category's
tickets took none of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from reports.cards import HEADLINES
from reports.formats import plain
from reports.periods import Period
from reports.published import HANDLINGS, Figure, Kpi, read_figures
from reports.reading import rows

VOLUME = ("tickets_created", "count")
# Names of MODEL.md that are no words.
_LABELS = {"wismo": "Where is my order"}
OTHER_DIMENSIONS = "channel = 'all' and team = 'all' and customer_segment = 'all'"


@dataclass(frozen=True)
class Category:
    """Tickets of a category that were created in a period, those of the period before (None where
    that is not whole in the data), and how many of them the AI and people handled. `headlines` are
    the category's own, by KPI.
    """

    label: str
    tickets: int
    previous: int | None
    ai: int
    human: int
    headlines: dict[str, Figure]


def read_categories(
    connection: duckdb.DuckDBPyConnection, catalog: dict[str, Kpi], period: Period
) -> tuple[Category, ...]:
    """The categories of a period, the largest first; none where tickets have none."""
    wanted = dict([VOLUME])
    wanted |= {name: catalog[name].stats[0].name for name in HEADLINES}
    sql = f"""
        select category, kpi, handling, cast(period_start as date) as starts_on, value, numerator,
            denominator, n, is_mature, is_low_sample
        from marts.kpi_values
        where grain = ? and period_start in (?, ?) and not is_partial and category <> 'all'
            and {OTHER_DIMENSIONS} and handling in {HANDLINGS}
            and (kpi, stat) in ({", ".join("(?, ?)" for _ in wanted)})
    """
    before = period.back(1)
    values = [part for pair in wanted.items() for part in pair]
    found: dict[str, dict[tuple[str, str, bool], Figure]] = {}
    for row in rows(connection, sql, [period.grain, period.start, before.start, *values]):
        category, kpi, handling = row.pop("category"), row.pop("kpi"), row.pop("handling")
        figure = Figure(**{**row, "n": row["n"] or 0})
        is_now = figure.starts_on == period.starts_on
        found.setdefault(category, {})[kpi, handling, is_now] = figure
    has_before = bool(read_figures(connection, period.grain, before.starts_on, before.starts_on))
    made = [_category(name, figures, has_before) for name, figures in found.items()]
    return tuple(
        sorted((one for one in made if one.tickets), key=lambda one: (-one.tickets, one.label))
    )


def _category(
    name: str, figures: dict[tuple[str, str, bool], Figure], has_before: bool
) -> Category:
    def count(handling: str, *, is_now: bool = True) -> int:
        figure = figures.get((VOLUME[0], handling, is_now))
        return round(figure.value) if figure and figure.value is not None else 0

    return Category(
        label=_LABELS.get(name) or plain(name).replace("_", " ").capitalize(),
        tickets=count("all"),
        previous=count("all", is_now=False) if has_before else None,
        ai=count("ai_handled"),
        human=count("human_handled"),
        headlines={
            kpi: figure
            for (kpi, handling, is_now), figure in figures.items()
            if kpi in HEADLINES and handling == "all" and is_now
        },
    )
