"""Who answers: teams, shifts, opening hours, and how much work each team can take.

Staffing follows the volume one would expect from the calendar, the season and the AI's progress,
never the volume that comes: so an incident makes a queue, as it does in life.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from ingestion.sample.catalogue import CARE_TEAM, CHAT_TEAM, RETURNS_TEAM, TEAMS
from ingestion.sample.clocks import DAY_S, HOUR_S, OpenTime, day_number, holidays, open_time
from ingestion.sample.dice import Bools, Dice, Floats, Ints, Keys
from ingestion.sample.story import Story

AI_AGENT, RULES = 0, 1
FIRST_HUMAN = 2
NAMES = (
    "Amara Cole", "Ben Ortiz", "Chloe Park", "Dev Mehta", "Elena Rossi", "Finn Gallagher",
    "Grace Liu", "Hugo Braun", "Iris Novak", "Jonah Reed", "Kira Sato", "Liam Walsh",
)  # fmt: skip
HOURS = {
    "default": dict.fromkeys(range(5), (9 * 60, 18 * 60)),
    "chat": dict.fromkeys(range(7), (8 * 60, 20 * 60)),
}
SCHEDULE_OF_TEAM = {CARE_TEAM: "default", RETURNS_TEAM: "default", CHAT_TEAM: "chat"}
CHAT_CLOSED = ("New Year's Day", "Thanksgiving", "Christmas Day")
UTILISATION = {CARE_TEAM: 0.4, RETURNS_TEAM: 0.36, CHAT_TEAM: 0.34}
WORK_S = 620.0  # expected handle time of a ticket that a person works on
TEAM_SHARE = {CARE_TEAM: 0.5, RETURNS_TEAM: 0.22, CHAT_TEAM: 0.28}
BUSY_PART_OF_SHIFT = 0.62
LONGEST_SHIFT_H = 8.0


@dataclass(frozen=True)
class Agent:
    """A person on the roster; `off` are the weekdays without a shift (0 Monday)."""

    agent_id: str
    name: str
    team: int
    first: date | None
    last: date | None
    off: tuple[int, ...]


@dataclass
class Staff:
    """The people of a shop and their time."""

    story: Story
    dice: Dice

    @cached_property
    def closed(self) -> dict[str, dict[date, str]]:
        """Holidays by schedule."""
        dates = self.story.days.dates
        found: dict[str, dict[date, str]] = {"default": {}, "chat": {}}
        for year in range(dates[0].year, dates[-1].year + 1):
            for day, name in holidays(year).items():
                found["default"][day] = name
                if name in CHAT_CLOSED:
                    found["chat"][day] = name
        return found

    @cached_property
    def human_share(self) -> Floats:
        """Expected share of tickets that reach a person, for each day."""
        return np.asarray(0.95 - 0.47 * self.story.ai_age)

    @cached_property
    def human_tickets(self) -> Floats:
        """Expected tickets a day that reach a person, without any incident."""
        story = self.story
        daily = story.orders_per_day * story.tickets_per_order
        lagged = np.concatenate([np.full(4, daily[0]), daily[:-4]])
        week = np.ones(7) / 7
        smooth = np.convolve(np.pad(lagged, 3, mode="edge"), week, mode="valid")
        return np.asarray(smooth * self.human_share)

    @cached_property
    def open(self) -> dict[int, OpenTime]:
        """Opening seconds by team."""
        ones = np.ones(len(self.story.days.numbers))
        return {team: self._hours(team, ones) for team in range(len(TEAMS))}

    @cached_property
    def capacity(self) -> dict[int, OpenTime]:
        """Seconds of work that a team can do, by team."""
        return {team: self._hours(team, self._rate(team)) for team in range(len(TEAMS))}

    def _rate(self, team: int) -> Floats:
        hours = HOURS[SCHEDULE_OF_TEAM[team]]
        open_s = sum(last - first for first, last in hours.values()) * 60
        work = self.human_tickets * TEAM_SHARE[team] * WORK_S * 7
        floor = 0.45 if team == CHAT_TEAM else 0.0
        return np.asarray(np.maximum(work / open_s / UTILISATION[team], max(floor, 1e-4)))

    def _hours(self, team: int, rates: Floats) -> OpenTime:
        schedule = SCHEDULE_OF_TEAM[team]
        return open_time(self.story.days, HOURS[schedule], set(self.closed[schedule]), rates)

    @cached_property
    def agents(self) -> list[Agent]:
        found: list[Agent] = []
        scale = float(self.human_tickets.max()) * WORK_S / BUSY_PART_OF_SHIFT / HOUR_S
        for team in range(len(TEAMS)):
            need = scale * TEAM_SHARE[team] / (LONGEST_SHIFT_H * 5 / 7)
            size = max(3 if team != RETURNS_TEAM else 2, round(need + 0.5))
            for number in range(size):
                place = len(found)
                name = NAMES[place % len(NAMES)]
                if place >= len(NAMES):
                    name = f"{name} {place // len(NAMES) + 1}"
                first, last = None, None
                if number == size - 1 and team == CARE_TEAM:
                    last = self.story._back(190)
                if number == size - 1 and team == CHAT_TEAM:
                    first = self.story._back(340)
                off = ((2 * number) % 7, (2 * number + 1) % 7) if team == CHAT_TEAM else (5, 6)
                found.append(Agent(f"agent-{place + 1}", name, team, first, last, off))
        return found

    @cached_property
    def working(self) -> Bools:
        """Day × agent: who has a shift."""
        days = self.story.days
        grid = np.zeros((len(days.numbers), len(self.agents)), dtype=bool)
        for column, agent in enumerate(self.agents):
            schedule = SCHEDULE_OF_TEAM[agent.team]
            shut = np.isin(days.numbers, [day_number(day) for day in self.closed[schedule]])
            on = ~np.isin(days.weekdays, agent.off) & ~shut
            on &= ~self._vacation(column)
            if agent.first:
                on &= days.numbers >= day_number(agent.first)
            if agent.last:
                on &= days.numbers <= day_number(agent.last)
            grid[:, column] = on
        return grid

    def _vacation(self, column: int) -> Bools:
        """The first of each team never leaves, so that someone is always there."""
        days = self.story.days
        team = self.agents[column].team
        if column == [agent.team for agent in self.agents].index(team) or team == CHAT_TEAM:
            return np.zeros(len(days.numbers), dtype=bool)
        return np.asarray((days.numbers + 53 * column) % 182 < 9)

    def pick(self, draw: str, keys: Keys, team: Ints, at: Ints) -> Ints:
        """Who of the team takes each piece of work: position in the agents' table."""
        day = self.story.days.index(at)
        picked = np.full(len(keys), FIRST_HUMAN, dtype=np.int64)
        drawn = self.dice.uniform(f"agent/{draw}", keys)
        teams = np.array([agent.team for agent in self.agents])
        for code in range(len(TEAMS)):
            rows = np.flatnonzero(team == code)
            members = np.flatnonzero(teams == code)
            on = self.working[:, members]
            is_manned = np.asarray(on.any(axis=1))
            on = np.where(is_manned[:, None], on, members == members[0])
            order = np.argsort(~on, axis=1, kind="stable")
            chosen = (drawn[rows] * on.sum(axis=1)[day[rows]]).astype(np.int64)
            picked[rows] = members[order[day[rows], chosen]] + FIRST_HUMAN
        return picked

    def shift_hours(self, team: int) -> Floats:
        """Length of a shift of the team on each day, in half hours."""
        teams = np.array([agent.team for agent in self.agents])
        on = np.maximum(self.working[:, teams == team].sum(axis=1), 1)
        per_week = len(HOURS[SCHEDULE_OF_TEAM[team]])
        work_h = self.human_tickets * TEAM_SHARE[team] * WORK_S / HOUR_S * 7 / per_week
        hours = np.round(2 * work_h / BUSY_PART_OF_SHIFT / on) / 2
        return np.asarray(np.clip(hours, 1.0, LONGEST_SHIFT_H))

    def shifts(self) -> tuple[Ints, Ints, Ints]:
        """Agent (position among the people), start and end of each shift, a fortnight ahead."""
        story = self.story
        start_of_day = story.days.starts[:-1]
        shown = (start_of_day >= story.start_at) & (start_of_day < story.end_at + 14 * DAY_S)
        day, agent = np.nonzero(self.working & shown[:, None])
        teams = np.array([member.team for member in self.agents])[agent]
        hours = np.stack([self.shift_hours(team) for team in range(len(TEAMS))])[teams, day]
        opens = np.where(teams == CHAT_TEAM, 8, 9)
        closes = np.where(teams == CHAT_TEAM, 20, 18)
        slack = np.maximum(closes - opens - hours, 0)
        start = opens + np.round(slack * ((agent * 3) % 5) / 4)
        starts = story.days.at(day, start / 24)
        return agent, starts, starts + (hours * HOUR_S).astype(np.int64)
