"""Rows of handle time (S8): what humans spent on a ticket up to its last resolve in a period.

As tracked by agents, else as the helpdesk measured it, else estimated from what agents did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .agent_days import humans
from .export import Message
from .tally import Calendar, Cell, Fact, Measure, Place, Row, mean, quantile, tabulate
from .tickets import Item
from .volume import Resolved, resolved
from .world import Family, World

METHODS = ("tracked", "helpdesk", "estimated")  # the best first
SESSION_GAP = timedelta(minutes=10)
TAIL_S = 120  # after the last action of a session
LONGEST_S = 3600


@dataclass(frozen=True)
class Work:
    """A stretch of human work on a ticket."""

    method: str
    started_at: datetime
    seconds: int


@dataclass(frozen=True)
class Handled:
    """What a ticket took, and how that is known."""

    method: str
    seconds: int


class HandleTimes:
    """The human work on every countable ticket of a world."""

    def __init__(self, world: World) -> None:
        self._work = {
            family.case.ticket.ticket_id: list(_sessions(world, family))
            for family in world.countable
        }
        is_human = humans(world)
        for entry in world.shop.time_entries:  # those of a merged ticket drop out with it
            if entry.ticket_id in self._work and is_human(entry.agent_id):
                work = Work(entry.method or "tracked", entry.started_at, entry.seconds)
                self._work[entry.ticket_id].append(work)

    def of(self, family: Family, until: datetime) -> Handled | None:
        """By the best method that the ticket has, of what began by `until`; None: no such work."""
        work = self._work[family.case.ticket.ticket_id]
        if family.handling == "ai_only" or not work:
            return None
        best = min((one.method for one in work), key=METHODS.index)
        spent = [one.seconds for one in work if one.method == best and one.started_at <= until]
        return Handled(best, sum(spent)) if spent else None


def handling_time_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    times = HandleTimes(world)

    def handled(grain: str) -> Iterator[Fact]:
        for period, dims, fact in resolved(world, calendar, grain):
            found = handled_of(times, fact)
            if found:
                yield period, dims, found

    def by(method: str) -> Measure:
        return lambda _, facts: mean(fact.seconds for fact in facts if fact.method == method)

    def middle(_: Place, facts: Sequence[Handled]) -> Cell:
        return quantile((fact.seconds for fact in facts), 0.5)

    stats: dict[str, Measure] = {
        "mean": lambda _, facts: mean(fact.seconds for fact in facts),
        "median": middle,
        **{f"mean_{method}": by(method) for method in METHODS},
    }
    periods = {grain: calendar.periods(grain) for grain in ("day", "week", "month")}
    yield from tabulate("handle_time", stats, periods, handled)


def handled_of(times: HandleTimes, fact: Resolved) -> Handled | None:
    """Of a ticket that V2 counts: what it took up to its last resolve of those."""
    if not fact.is_resolved_at_end:
        return None
    return times.of(fact.family, fact.resolves[-1][1].at)


def sessions(instants: Iterable[datetime]) -> list[tuple[datetime, int]]:
    """When each session began and its seconds; actions at most ten minutes apart are one."""
    found: list[list[datetime]] = []
    for at in sorted(instants):
        if found and at - found[-1][-1] <= SESSION_GAP:
            found[-1].append(at)
        else:
            found.append([at])
    return [
        (one[0], min(int((one[-1] - one[0]).total_seconds()) + TAIL_S, LONGEST_S)) for one in found
    ]


def _sessions(world: World, family: Family) -> Iterator[Work]:
    """An agent's messages, seen by the customer or not, and events; all unknown ones are one."""
    actions: dict[str | None, list[datetime]] = {}
    for item in family.case.timeline:
        if _is_human(item) and (world.shop.has_messages or not isinstance(item, Message)):
            agent_id = item.author_id if isinstance(item, Message) else item.actor_id
            actions.setdefault(agent_id, []).append(item.at)
    for instants in actions.values():
        for started_at, spent in sessions(instants):
            yield Work("estimated", started_at, spent)


def _is_human(item: Item) -> bool:
    kind = item.author_kind if isinstance(item, Message) else item.actor_kind
    return kind == "human_agent"
