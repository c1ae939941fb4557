"""The forecast of contacts and the headcount gap (V13), day by day, as one would do it by hand.

How it is done is told in the block of headcount_gap; here it is done once more, team by team and
origin by origin. An origin is the first local day that the forecast made there does not know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import sqrt
from statistics import NormalDist

from .clock import instant_of, local_of
from .handling_time import HandleTimes
from .tally import Calendar, Cell, Period, Row, mean, quantile
from .tickets import unnamed
from .world import World, local_day

HUMAN = ("human_only", "hybrid", "none")
FTE_HOURS, SHRINKAGE = 8, 0.3  # the defaults of [definitions]
WEEK = timedelta(days=7)
HORIZON = 28
BACKTEST = 12
LEAST = 4
NORMAL_80 = NormalDist().inv_cdf(0.9)
STEADY = 50  # contacts of the whole week that a weekday's hours are steadied by


@dataclass(frozen=True)
class Told:
    """What the mart says of one day or hour."""

    expected: float
    low: float | None
    high: float | None
    mape: float | None
    mape_seasonal_naive: float | None


class Contacts:
    """Contacts for humans by local day and hour, of each team and of all."""

    def __init__(self, world: World) -> None:
        self.days: dict[str, Counter[date]] = {}
        self.hours: dict[str, Counter[datetime]] = {}
        for contact in world.contacts:
            if contact.judged.handling not in HUMAN:
                continue
            opened = local_of(contact.opened_at, world.zone)
            for team in ("all", *contact.dims["team"]):
                self.days.setdefault(team, Counter())[opened.date()] += 1
                hour = opened.replace(minute=0, second=0, microsecond=0)
                self.hours.setdefault(team, Counter())[hour] += 1
        first = local_of(world.shop.first_loaded, world.zone)
        self.first = first.date() + timedelta(days=first.time() > time(0))
        self.end = local_day(world, world.shop.data_as_of)

    def before(self, team: str, origin: date) -> list[list[int]]:
        """The whole weeks before an origin, at most eight, the newest first."""
        weeks: list[list[int]] = []
        while len(weeks) < 8 and origin - WEEK >= self.first:
            origin -= WEEK
            weeks.append([self.days[team][origin + timedelta(days=day)] for day in range(7)])
        return weeks

    def forecast(self, team: str, origin: date) -> list[float] | None:
        """The 28 days from an origin on; None where too little is known."""
        weeks = self.before(team, origin)
        total = sum(map(sum, weeks))
        if len(weeks) < 4 or not total:
            return None
        weights = [0.6**back for back in range(len(weeks))]
        weighed = sum(weight * sum(week) for weight, week in zip(weights, weeks, strict=True))
        level = weighed / sum(weights)
        newer, older = (sum(map(sum, half)) / 4 for half in (weeks[:4], weeks[4:]))
        drift = (newer - older) / 4 if len(weeks) == 8 else 0.0
        told = []
        for ahead in range(1, 5):
            drifted = sum(drift * 0.5**step for step in range(1, ahead + 1))
            for day in range(7):
                part = sum(week[day] for week in weeks) / total
                told.append(max(level + drifted, 0.0) * part)
        return told

    def hourly(self, team: str, origin: date) -> dict[datetime, float] | None:
        """The same by hour."""
        daily = self.forecast(team, origin)
        if daily is None:
            return None
        known = 7 * len(self.before(team, origin))
        past = [origin - timedelta(days=back) for back in range(1, known + 1)]
        whole = Counter[int]()
        own: dict[int, Counter[int]] = {weekday: Counter() for weekday in range(1, 8)}
        for at, found in self.hours[team].items():
            if past[-1] <= at.date() <= past[0]:
                whole[at.hour] += found
                own[at.isoweekday()][at.hour] += found
        told = {}
        for day, expected in enumerate(daily):
            on = origin + timedelta(days=day)
            hours = own[on.isoweekday()]
            for hour in range(24):
                steadied = hours[hour] + STEADY * whole[hour] / whole.total()
                share = steadied / (hours.total() + STEADY)
                told[datetime.combine(on, time(hour))] = expected * share
        return told


def planning_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    """V13. The whole has a row for every week, known or not."""
    contacts, times = Contacts(world), HandleTimes(world)
    for period in calendar.periods("week"):
        for team in ("all", *(name for name in contacts.days if name != "all")):
            told = {}
            if period.end_at <= world.shop.data_as_of and team in contacts.days:
                told = _gap(world, contacts, times, team, period)
            for stat in ("value", "low", "high", "forecast", "mape"):
                cell = told.get(stat, Cell(None, None, None, 0))
                if team == "all" or told:
                    cut = ("all", "all", "all", team, "all")
                    yield Row("headcount_gap", stat, "week", period.start, period.end, *cut, *cell)


def daily_forecast(world: World) -> dict[tuple[str, datetime], Told]:
    """The days of the mart, by team and midnight."""
    contacts = Contacts(world)
    found = {}
    for team in contacts.days:
        made = {
            back: contacts.forecast(team, contacts.end - back * WEEK)
            for back in range(BACKTEST + 1)
        }

        by_day = {
            back: {
                datetime.combine(contacts.end - back * WEEK, time()) + timedelta(days=day): expected
                for day, expected in enumerate(days)
            }
            for back, days in made.items()
            if days is not None
        }
        came = {datetime.combine(on, time()): n for on, n in contacts.days[team].items()}
        found.update(_told(contacts, team, by_day, came))
    return found


def hourly_forecast(world: World) -> dict[tuple[str, datetime], Told]:
    """The hours of the mart, by team and start; an hour that DST skips is none."""
    contacts = Contacts(world)
    found = {}
    for team in contacts.days:
        made = {}
        for back in range(BACKTEST + 1):
            hours = contacts.hourly(team, contacts.end - back * WEEK)
            if hours is not None:
                made[back] = {
                    hour: expected
                    for hour, expected in hours.items()
                    if local_of(instant_of(hour, world.zone), world.zone) == hour
                }
        found.update(_told(contacts, team, made, contacts.hours[team]))
    return found


def _told(
    contacts: Contacts,
    team: str,
    made: dict[int, dict[datetime, float]],
    came: dict[datetime, int],
) -> dict[tuple[str, datetime], Told]:
    errors: dict[int, list[float]] = {}
    tries: dict[int, set[int]] = {}
    misses: list[float] = []
    naive_misses: list[float] = []
    for back, forecast in made.items():
        origin = contacts.end - back * WEEK
        for at, expected in forecast.items():
            if at.date() >= contacts.end:
                continue
            actual = came.get(at, 0)
            ahead = (at.date() - origin).days // 7
            tries.setdefault(ahead, set()).add(back)
            if expected > 0:
                errors.setdefault(ahead, []).append((actual - expected) / sqrt(expected))
            if actual:
                last = datetime.combine(_last_like(at.date(), origin), at.time())
                misses.append(abs(actual - expected) / actual)
                naive_misses.append(abs(actual - came.get(last, 0)) / actual)
    is_tried = len(set[int]().union(*tries.values())) >= LEAST
    told = {}
    for at, expected in made.get(0, {}).items():
        ahead = (at.date() - contacts.end).days // 7
        low = high = None
        if len(tries.get(ahead, ())) >= LEAST:
            low, high = _bounds(expected, errors.get(ahead, []))
            # Where mostly nothing comes the bounds may both lie below what is expected.
            low = low if low is None else min(low, expected)
            high = high if high is None else max(high, expected)
        told[team, at] = Told(
            expected,
            low,
            high,
            _mean(misses) if is_tried else None,
            _mean(naive_misses) if is_tried else None,
        )
    return told


def _gap(
    world: World, contacts: Contacts, times: HandleTimes, team: str, period: Period
) -> dict[str, Cell]:
    origin = period.end.date()
    made = contacts.forecast(team, origin)
    if made is None:
        return {}
    expected = sum(made[:7])
    tried = []
    for back in range(1, BACKTEST + 1):
        earlier = contacts.forecast(team, origin - back * WEEK)
        if earlier is not None:
            days = [origin - back * WEEK + timedelta(days=day) for day in range(7)]
            tried.append((sum(earlier[:7]), sum(contacts.days[team][on] for on in days)))
    errors = [(came - told) / sqrt(told) for told, came in tried if told > 0]
    misses = [abs(came - told) / came for told, came in tried if came]
    low = high = None
    if len(errors) >= LEAST:
        usual = sqrt(sum(error**2 for error in errors) / len(errors) * expected)
        low, high = max(expected - NORMAL_80 * usual, 0), expected + NORMAL_80 * usual
    working_days = _working_days(world, team)
    n = sum(map(sum, contacts.before(team, origin)))
    handle_time = _handle_time(world, times, team, period)
    planned = _planned_hours(world, team, origin)

    def gap(number: float | None) -> Cell:
        if number is None or handle_time is None or planned is None:
            return Cell(None, None, None, n)
        needed = number / working_days * handle_time / (FTE_HOURS * 3600 * (1 - SHRINKAGE))
        return Cell(needed - planned / FTE_HOURS / working_days, None, None, n)

    return {
        "value": gap(expected),
        "low": gap(low),
        "high": gap(high),
        "forecast": Cell(expected / working_days, None, None, n),
        "mape": mean(misses) if len(misses) >= LEAST else Cell(None, None, None, 0),
    }


def _handle_time(world: World, times: HandleTimes, team: str, period: Period) -> float | None:
    """S8's mean over the 90 days that end with a period."""
    since = period.end - timedelta(days=90)
    spent = []
    for family in world.countable:
        if team not in ("all", family.case.team):
            continue
        span = family.life.state_before(period.end_at)
        resolves = [
            event.at
            for _, event in family.life.resolves
            if since <= local_of(event.at, world.zone) < period.end
        ]
        if resolves and span is not None and span.state in ("resolved", "closed"):
            handled = times.of(family, resolves[-1])
            if handled:
                spent.append(handled.seconds)
    return _mean(spent)


def _planned_hours(world: World, team: str, origin: date) -> float | None:
    """Of a team in the week from an origin on; None where nobody is planned in it."""
    planned: Counter[str] = Counter()
    for shift in world.shop.roster:
        agent = world.shop.agents.get(shift.agent_id)
        if agent is not None and agent.kind != "human_agent":
            continue
        if origin <= local_day(world, shift.starts_at) < origin + WEEK:
            own = unnamed(agent.team if agent else None, "unassigned")
            for name in ("all", own):
                planned[name] += max(int((shift.ends_at - shift.starts_at).total_seconds()), 0)
    return planned[team] / 3600 if "all" in planned else None


def _working_days(world: World, team: str) -> int:
    """Weekdays of the schedule that is the team's, else the default one, else the only one."""
    open_on: dict[str, set[int]] = {}
    for hours in world.shop.hours:
        open_on.setdefault(hours.schedule, set()).add(hours.weekday)
    for name in (team, "default"):
        if name in open_on:
            return len(open_on[name])
    return len(next(iter(open_on.values()))) if len(open_on) == 1 else 5


def _last_like(on: date, origin: date) -> date:
    """The same weekday in the last week before an origin."""
    while on >= origin:
        on -= WEEK
    return on


def _bounds(expected: float, errors: list[float]) -> tuple[float | None, float | None]:
    found = [quantile(errors, place).value for place in (0.1, 0.9)]
    low, high = (None if one is None else max(expected + one * sqrt(expected), 0) for one in found)
    return low, high


def _mean(values: Iterable[float]) -> float | None:
    return mean(values).value
