"""Rows of the backlog at the end of each period: how many wait, in which state, how long (V9, V10).

A stock is what was true just before `period_end`; in the period that is still running, at
`data_as_of`. Segments and priority are the ticket's own of today.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .clock import seconds
from .episodes import NEEDS_US
from .export import RESOLVED_STATES
from .tally import Calendar, Cell, Fact, Measure, Row, count, greatest, mean, quantile, tabulate
from .volume import size, with_events, with_resolves
from .world import Family, World

HOUR, DAY = 3600, 86400
STATISTICS: dict[str, Callable[[list[int | None]], Cell]] = {
    "mean": mean,
    "median": lambda values: quantile(values, 0.5),
    "p90": lambda values: quantile(values, 0.9),
    "max": greatest,
}
AGES = {
    "age_0_4h": (0, 4 * HOUR),
    "age_4_24h": (4 * HOUR, DAY),
    "age_1_3d": (DAY, 3 * DAY),
    "age_3_7d": (3 * DAY, 7 * DAY),
    "age_7d": (7 * DAY, None),
}


@dataclass(frozen=True)
class Waiting:
    """A countable ticket that is unresolved at the end of a period (V9, V10)."""

    state: str
    age_s: int | None
    age_biz_s: int | None
    since_created_s: int | None
    is_standard: bool


def backlog_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    periods = {grain: calendar.stocks(grain) for grain in ("hour", "day", "week", "month")}

    now = calendar.data_as_of
    # At midnight no day is running: the last known stock is that of the day that has just ended.
    is_between_days = calendar.period("day", now).start_at == now

    def waiting(grain: str) -> Iterator[Fact]:
        for period in periods[grain]:
            at = min(period.end_at, now)  # a running period ends now
            for family in world.countable:
                span = family.life.state_before(at if is_between_days else period.end_at)
                if span is None or span.state in RESOLVED_STATES:
                    continue
                yield (
                    period,
                    family.dims,
                    Waiting(
                        state=span.state,
                        age_s=seconds(span.since, at),
                        age_biz_s=family.case.clock.seconds(span.since, at),
                        since_created_s=seconds(family.case.starts_at, at),
                        is_standard=_priority(family) != "urgent",
                    ),
                )

    known = {grain: list(waiting(grain)) for grain in periods}
    states, ages = with_resolves(world, _states()), with_resolves(world, _ages())
    between = ("waiting_customer", "on_hold", "snoozed")
    states |= with_events(world, {name: states[name] for name in between})
    yield from tabulate("backlog", states, periods, known.__getitem__)
    ours = {grain: [one for one in known[grain] if one[2].state in NEEDS_US] for grain in periods}
    yield from tabulate("backlog_age", ages, periods, ours.__getitem__)


def _states() -> dict[str, Measure]:
    def in_state(*states: str) -> Measure:
        return lambda _, facts: count(sum(fact.state in states for fact in facts))

    def aged(low: int, high: int | None) -> Measure:
        return lambda _, facts: count(
            sum(
                fact.age_s is not None and low <= fact.age_s and (high is None or fact.age_s < high)
                for fact in facts
                if fact.state in NEEDS_US
            )
        )

    return {
        "count": in_state(*NEEDS_US),
        "unresolved": size,
        "waiting_customer": in_state("pending"),
        "on_hold": in_state("on_hold"),
        "snoozed": in_state("snoozed"),
        **{name: aged(*bounds) for name, bounds in AGES.items()},
    }


def _ages() -> dict[str, Measure]:
    stats = {"since_created": _over("since_created_s", mean)}
    for suffix, column in (("", "age_s"), ("_biz", "age_biz_s")):
        for name, statistic in STATISTICS.items():
            stats[name + suffix] = _over(column, statistic)
        for name in ("mean", "median"):
            own = _over(column, STATISTICS[name], lambda fact: fact.is_standard)
            stats[f"{name}_standard{suffix}"] = own
    return stats


def _over(
    column: str,
    statistic: Callable[[list[int | None]], Cell],
    belongs: Callable[[Waiting], bool] = lambda fact: True,
) -> Measure:
    return lambda _, facts: statistic([getattr(fact, column) for fact in facts if belongs(fact)])


def _priority(family: Family) -> str | None:
    """As the last `priority_set` says, else the column."""
    sets = [item.to_value for item in family.case.events if item.event_type == "priority_set"]
    return sets[-1] if sets else family.case.ticket.priority
