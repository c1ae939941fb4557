"""What a shop enters by hand: agents, hours, costs, context, targets, roster, exchange rates.

Costs are booked when a month is over and the context knows only what was planned or has begun.
"""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from ingestion.sample import columns
from ingestion.sample.catalogue import TEAMS
from ingestion.sample.clocks import HOUR_S, add_months, day_number
from ingestion.sample.episodes import Scene
from ingestion.sample.order_tables import rates
from ingestion.sample.staff import HOURS, WORK_S, Staff

HOURLY_PAY = 25.0
KNOWN_AHEAD = timedelta(days=60)


def agents(staff: Staff) -> pa.Table:
    story = staff.story
    rows: list[tuple[str, str, str, str | None, date | None, date | None]] = [
        ("ai-1", "Paige (AI)", "ai_agent", None, story.ai_launch_on, None),
        ("rules", "Helpdesk rules", "automation", None, None, None),
    ]
    for agent in staff.agents:
        last = agent.last if agent.last and agent.last <= story.ends_on else None
        if agent.first is None or agent.first <= story.ends_on:
            rows.append(
                (agent.agent_id, agent.name, "human_agent", TEAMS[agent.team], agent.first, last)
            )
    ids, names, kinds, teams, first, last_days = zip(*rows, strict=True)
    return pa.table(
        {
            "agent_id": columns.texts(ids),
            "name": columns.texts(names),
            "kind": columns.texts(kinds),
            "team": columns.texts(teams),
            "active_from": columns.dates(first),
            "active_to": columns.dates(last_days),
        }
    )


def schedules(staff: Staff) -> pa.Table:
    rows = [
        (name, weekday + 1, *span) for name, week in HOURS.items() for weekday, span in week.items()
    ]
    clock = [f"{minute // 60:02}:{minute % 60:02}" for *_, first, last in rows
             for minute in (first, last)]  # fmt: skip
    return pa.table(
        {
            "schedule": columns.texts([name for name, *_ in rows]),
            "timezone": columns.texts([staff.story.spec.timezone] * len(rows)),
            "weekday": columns.numbers(np.array([weekday for _, weekday, *_ in rows])),
            "opens": columns.texts(clock[::2]),
            "closes": columns.texts(clock[1::2]),
        }
    )


def holidays(staff: Staff) -> pa.Table:
    rows = [
        (schedule, day, name)
        for schedule, closed in staff.closed.items()
        for day, name in sorted(closed.items())
        if day <= staff.story.ends_on + KNOWN_AHEAD
    ]
    return pa.table(
        {
            "schedule": columns.texts([row[0] for row in rows]),
            "date": columns.dates([row[1] for row in rows]),
            "name": columns.texts([row[2] for row in rows]),
        }
    )


def roster(staff: Staff) -> pa.Table:
    agent, starts, ends = staff.shifts()
    rank = np.lexsort((agent, starts))
    names = [member.agent_id for member in staff.agents]
    return pa.table(
        {
            "agent_id": columns.words(agent[rank], names),
            "starts_at": columns.instants(starts[rank]),
            "ends_at": columns.instants(ends[rank]),
        }
    )


def cost_rates(staff: Staff) -> pa.Table:
    story = staff.story
    raised = add_months(story.nominal_end, -7)
    rows = [
        ("ai", 0.92, story.starts_on, raised - timedelta(days=1)),
        ("human", 6.1, story.starts_on, raised - timedelta(days=1)),
        ("ai", 0.79, raised, None),
        ("human", 6.4, raised, None),
    ]
    rows = [row for row in rows if row[2] <= story.ends_on]
    return pa.table(
        {
            "handling": columns.texts([row[0] for row in rows]),
            "unit_cost": pa.array([row[1] for row in rows], type=pa.float64()),
            "valid_from": columns.dates([row[2] for row in rows]),
            "valid_to": columns.dates([row[3] for row in rows]),
        }
    )


def support_costs(staff: Staff) -> pa.Table:
    """Payroll by team from the roster's hours, tools and the AI's bill of each full month."""
    story = staff.story
    agent, starts, ends = staff.shifts()
    team = np.array([member.team for member in staff.agents])[agent]
    day = story.days.index(starts)
    hours = np.zeros((len(TEAMS), len(story.days.numbers)))
    np.add.at(hours, (team, day), (ends - starts) / HOUR_S)
    expected = story.orders_per_day * story.tickets_per_order
    ai_bill = expected * 0.72 * np.where(story.ai_live, story.ai_age, 0.0) * 0.8
    rows: list[tuple[str, str, float, str | None]] = []
    month = add_months(story.starts_on, 0)
    while add_months(month, 1) <= story.ends_on + timedelta(days=1):
        span = slice(
            max(0, day_number(month) - story.days.first),
            day_number(add_months(month, 1)) - story.days.first,
        )
        name = f"{month:%Y-%m}"
        for place, team_name in enumerate(TEAMS):
            pay = float(hours[place, span].sum()) * HOURLY_PAY
            rows.append((name, "payroll", round(pay, 2), team_name))
        rows.append((name, "tools", round(60 + 0.55 * float(expected[span].sum()), 2), None))
        if ai_bill[span].sum() > 0:
            rows.append((name, "ai", round(float(ai_bill[span].sum()), 2), None))
        month = add_months(month, 1)
    return pa.table(
        {
            "month": columns.texts([row[0] for row in rows]),
            "kind": columns.texts([row[1] for row in rows]),
            "amount": pa.array([row[2] for row in rows], type=pa.float64()),
            "team": columns.texts([row[3] for row in rows]),
        }
    )


def fx_rates(scene: Scene) -> pa.Table:
    story = scene.story
    numbers = np.arange(day_number(story.starts_on), day_number(story.ends_on) + 1)
    return pa.table(
        {
            "date": pa.array(numbers.astype(np.int32), type=pa.int32()).cast(pa.date32()),
            "currency": columns.texts(["EUR"] * len(numbers)),
            "rate": pa.array(rates(numbers.astype(np.float64)), type=pa.float64()),
        }
    )


def calendar_context(scene: Scene) -> pa.Table:
    """Peaks, promos and launches as planned; outages once they have begun. Not the carrier's."""
    story = scene.story
    rows: list[tuple[str, str, date, date, str | None, str | None]] = []
    for window in story.bfcm:
        rows.append(("BFCM", "peak", window.first, window.last, None, None))
        after = window.last + timedelta(days=1)
        rows.append(("BFCM deliveries", "peak", after, after + timedelta(days=11), None, None))
    rows += [(name, "promo", window.first, window.last, None, None)
             for name, window in story.promos]  # fmt: skip
    rows.append(("AI launch", "launch", story.ai_launch_on, story.ai_launch_on, None, None))
    for day in staff_closures(scene):
        rows.append(("Offices closed", "closure", day, day, None, None))
    limit = story.ends_on + KNOWN_AHEAD
    rows = [row for row in rows if story.starts_on <= row[2] <= limit]
    rows += [("Payment provider down", "outage", window.first, window.last, None, "payment")
             for window in story.outage
             if story.starts_on <= window.first <= story.ends_on]  # fmt: skip
    rows.sort(key=lambda row: (row[2], row[0]))
    up = [None if row[1] in ("launch", "closure") else "up" for row in rows]
    return pa.table(
        {
            "name": columns.texts([row[0] for row in rows]),
            "kind": columns.texts([row[1] for row in rows]),
            "starts_on": columns.dates([row[2] for row in rows]),
            "ends_on": columns.dates([row[3] for row in rows]),
            "channel": columns.texts([row[4] for row in rows]),
            "category": columns.texts([row[5] for row in rows]),
            "kpi": columns.texts([None] * len(rows)),
            "expected_direction": columns.texts(up),
        }
    )


def staff_closures(scene: Scene) -> list[date]:
    return sorted(scene.staff.closed["chat"])


def targets(staff: Staff) -> pa.Table:
    """A few goals of its own, some raised along the way, and what a team can take in a day."""
    story = staff.story
    later = add_months(story.nominal_end, -6)
    rows: list[tuple[str, str | None, float, float, float, date, str | None]] = [
        ("csat", "mean", 4.0, 4.25, 4.5, story.starts_on, None),
        ("csat", "mean", 4.1, 4.3, 4.6, later, None),
        ("tickets_per_order", "ratio", 0.14, 0.12, 0.1, story.starts_on, None),
        ("tickets_per_order", "ratio", 0.12, 0.105, 0.09, later, None),
        ("deflection_rate", "ratio", 0.25, 0.4, 0.55, story.ai_launch_on, None),
        ("cost_per_contact", "value", 5.5, 4.5, 3.5, story.starts_on, None),
    ]
    for team, name in enumerate(TEAMS):
        per_day = staff.shift_hours(team).mean() * HOUR_S / WORK_S
        capacity = max(1.0, round(2 * float(per_day)) / 2)
        rows.append(("tickets_per_agent_day", "mean", capacity, capacity + 1, capacity + 2,
                     story.starts_on, name))  # fmt: skip
    rows = [row for row in rows if row[5] <= story.ends_on]
    return pa.table(
        {
            "kpi": columns.texts([row[0] for row in rows]),
            "stat": columns.texts([row[1] for row in rows]),
            "good": pa.array([row[2] for row in rows], type=pa.float64()),
            "better": pa.array([row[3] for row in rows], type=pa.float64()),
            "best": pa.array([row[4] for row in rows], type=pa.float64()),
            "valid_from": columns.dates([row[5] for row in rows]),
            "team": columns.texts([row[6] for row in rows]),
        }
    )
