"""Rows of agent capacity (V12): tickets per agent and local day on which the agent worked.

Where a roster is loaded, its days say who worked; before its first and after its last shift, what
agents did says it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from .clock import instant_of
from .tally import NOTHING, Calendar, Cell, Fact, Period, Place, Row, Slices, ratio, tabulate
from .tickets import assignee_of, unnamed
from .volume import with_messages
from .world import Family, World, local_day

KPI = "tickets_per_agent_day"


@dataclass
class AgentDay:
    """The tickets of one agent on one local day, by channel."""

    agent_id: str
    on: date
    tickets: dict[str, set[str]] = field(default_factory=dict)

    def count(self, channel: str) -> int:
        if channel != "all":
            return len(self.tickets[channel])
        return sum(map(len, self.tickets.values()))


def agent_day_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    periods = {grain: calendar.periods(grain) for grain in ("week", "month")}
    days = agent_days(world)

    def worked(grain: str) -> Iterator[Fact]:
        for day in days:
            noon = instant_of(datetime.combine(day.on, time(12)), world.zone)
            period = calendar.period(grain, noon)
            agent = world.shop.agents.get(day.agent_id)
            team = unnamed(agent.team if agent else None, "unassigned")
            if period in periods[grain] or period.start_at == calendar.data_as_of:
                yield period, {"channel": tuple(day.tickets), "team": (team,)}, day

    def mean(place: Place, facts: Sequence[AgentDay]) -> Cell:
        return ratio(sum(day.count(place.cut[1]) for day in facts), len(facts))

    def utilisation(place: Place, facts: Sequence[AgentDay]) -> Cell:
        load = mean(place, facts).value
        most = capacity(world, place.cut[3], place.period)
        if load is None or most is None:
            return NOTHING
        return Cell(load / most if most else None, load, most, len(facts))

    stats = with_messages(world, {"mean": mean})
    yield from tabulate(KPI, stats, periods, worked, Slices(("channel", "team"), ()))
    stats = with_messages(world, {"utilisation": utilisation})
    yield from tabulate(KPI, stats, periods, worked, Slices(("team",), ()))


def agent_days(world: World) -> list[AgentDay]:
    """Days with work of an agent; within the roster's span the rostered ones, worked or not."""
    is_human = humans(world)
    shifts = [shift for shift in world.shop.roster if is_human(shift.agent_id)]
    plan = [local_day(world, shift.starts_at) for shift in shifts]
    days = {
        (shift.agent_id, on): AgentDay(shift.agent_id, on)
        for shift, on in zip(shifts, plan, strict=True)
        if shift.starts_at <= world.shop.data_as_of
    }
    for family in world.countable:
        for agent_id, at in _actions(world, is_human, family):
            on = local_day(world, at)
            if not plan or not min(plan) <= on <= max(plan):
                days.setdefault((agent_id, on), AgentDay(agent_id, on))
            if (agent_id, on) in days:
                own = days[agent_id, on].tickets.setdefault(family.case.channel, set())
                own.add(family.case.ticket.ticket_id)
    return list(days.values())


def humans(world: World) -> Callable[[str], bool]:
    """Who is human: by the agents file, else by what is seen of an id; of nothing else, humans."""
    kinds: dict[str | None, set[str | None]] = {}
    for message in world.shop.messages:
        kinds.setdefault(message.author_id, set()).add(message.author_kind)
    for event in world.shop.events:
        kinds.setdefault(event.actor_id, set()).add(event.actor_kind)

    def is_human(agent_id: str) -> bool:
        agent = world.shop.agents.get(agent_id)
        if agent is not None:
            return agent.kind == "human_agent"
        seen = kinds.get(agent_id, set()) - {None}
        return not seen or "human_agent" in seen

    return is_human


def capacity(world: World, team: str, period: Period) -> float | None:
    """The `good` target in force when a period began: the team's own, else that of all."""
    on = period.start.date()
    for whose in (team, "all"):
        told = [
            target
            for target in world.shop.targets
            if target.kpi == KPI
            and target.stat in (None, "mean")
            and target.good is not None
            and (target.valid_from is None or target.valid_from <= on)
            and target.team == whose
            and {target.handling, target.channel, target.category, target.customer_segment}
            == {"all"}
        ]
        if told:
            latest = max(told, key=lambda target: target.valid_from or date.min)
            return float(latest.good or 0)
    return None


def _actions(
    world: World, is_human: Callable[[str], bool], family: Family
) -> Iterator[tuple[str, datetime]]:
    """Replies and resolves by humans that are known by their id."""
    for item in family.case.messages:
        if item.side == "human" and item.author_id:
            yield item.author_id, item.at
    for _, event in family.life.resolves:
        if event.actor_kind or event.actor_id:
            if event.actor_id and event.actor_kind == "human_agent":
                yield event.actor_id, event.at
            continue
        # Where nothing is said of who resolved, the ticket's assignee then is credited (X17), but
        # not a team that it is assigned to.
        assignee = assignee_of(family.case.ticket, family.case.events, event.at)
        if assignee and assignee in world.shop.agent_ids and is_human(assignee):
            yield assignee, event.at
