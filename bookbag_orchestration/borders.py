"""The borders at which data is judged: what landed, what is about to be published, what adds up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from expectations.landing import landing_suites
from expectations.marts import mart_suites
from expectations.reconciliation import FACTS, reconciliation_suites
from expectations.suites import Suite

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


def marts(*, is_live: bool = False) -> Border:
    """The published border, on the table that everything after it reads; after a build that
    `is_live`, what that made anew.
    """
    return Border(
        name=MARTS,
        subject="marts",
        told="marts",
        description="Keys, ranges and owners of what is about to be published.",
        tables=[("marts", name) for name in CHECKED_MARTS],
        suites=partial(mart_suites, is_live=is_live),
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
