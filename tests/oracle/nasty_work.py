"""The work in a nasty shop: opening hours, time entries, shifts, and what an agent should do."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from .nasty_options import ZONES
from .nasty_people import LISTED
from .nasty_script import DAY, GAPS_S, SECOND, Cells, Script

TEAMS = ["", "", "returns", "night", "all_"]  # as reports call a team named all


def schedules(script: Script) -> dict[str, list[Cells]]:
    """One or several: whole days, breaks, nights over the change of clocks, holidays."""
    rng = script.options.rng("schedules")
    names = rng.choice([["support"], ["default", "night"], ["returns", "default", "night"]])
    hours = {
        "support": [("09:00", "17:00")],
        "default": rng.choice([[("00:00", "24:00")], [("09:00", "12:30"), ("13:15", "18:00")]]),
        "night": [("00:00", "06:00"), ("22:00", "24:00")],
        "returns": [("08:00", "16:00"), ("15:00", "20:00")],
    }
    rows = [
        {"schedule": name, "timezone": zone, "weekday": day, "opens": opens, "closes": closes}
        for name in names
        for zone in [rng.choice(list(ZONES))]
        for day in range(1, rng.choice([5, 7]) + 1)
        for opens, closes in hours[name]
    ]
    off = [
        {"schedule": name, "date": (script.start + rng.randint(0, 15) * DAY).date()}
        for name in names
        for _ in range(rng.choice([0, 1, 3]))
    ]
    if len(names) > 1:
        for row in script.tickets:
            if rng.random() < 0.3:
                at = script.some_instant(rng)
                script.event(row, at, "schedule_set", to_value=rng.choice(names))
    return {"schedules": rows, "holidays": off}


def time_entries(script: Script) -> list[Cells]:
    """Around the resolves, where a second decides whether one is counted; by anyone."""
    rng = script.options.rng("time")
    rows: list[Cells] = []
    for ticket in script.tickets:
        key = ticket["ticket_id"]
        own = [row["occurred_at"] for row in script.events if row["ticket_id"] == key]
        methods = rng.choice([["tracked", ""], ["helpdesk"], ["tracked", "helpdesk", ""]])
        for _ in range(rng.choice([0, 0, 1, 2, 3])):
            gap = rng.choice([-1, 0, 0, 1, *GAPS_S])
            at = max(rng.choice([script.opened[key], *own]) + gap * SECOND, script.opened[key])
            rows.append(
                {
                    "entry_id": f"W{len(rows)}",
                    "ticket_id": key,
                    "agent_id": rng.choice([*LISTED, *LISTED, "AI", "BOT", "X9"]),
                    "started_at": min(at, max(script.last, script.end)),
                    "seconds": rng.choice([0, 1, 30, 600, 5000]),
                    "method": rng.choice(methods),
                }
            )
    return rows


def roster(script: Script) -> list[Cells]:
    """Over part of the span or beyond both ends; nights, overlaps, some who are no humans."""
    rng = script.options.rng("roster")
    zone = ZoneInfo(script.options.zone)
    first = rng.choice([script.start + rng.randint(-3, 10) * DAY, script.change - 2 * DAY]).date()
    rows: list[Cells] = []
    for number in range(rng.choice([1, 4, 10, 30])):
        for agent_id in ["A", "B", "E", rng.choice(["D", "AI", "BOT", "X9"])]:
            if rng.random() < 0.6:
                continue
            opens = rng.choice([time(0), time(2, 30), time(8), time(22), time(23, 59, 59)])
            at = datetime.combine(first + number * DAY, opens, zone).astimezone(script.start.tzinfo)
            shift: Cells = {"agent_id": agent_id, "starts_at": at}
            rows.append({**shift, "ends_at": at + timedelta(hours=rng.choice([1, 4, 8, 12]))})
            if rng.random() < 0.2:
                rows.append({**shift, "ends_at": at + timedelta(hours=6)})
    return rows


def targets(script: Script) -> list[Cells]:
    """Capacities: some from the beginning, some from a day on; and a target of another figure."""
    rng = script.options.rng("targets")
    monday = (script.change - script.change.weekday() * DAY).date()
    rows: dict[tuple[object, str], Cells] = {}
    for _ in range(rng.randint(1, 6)):
        since = rng.choice(["", script.start.date(), script.change.date(), monday])
        team = rng.choice(TEAMS)
        rows[since, team] = {
            "kpi": "tickets_per_agent_day",
            "stat": rng.choice(["", "mean"]),
            "good": rng.choice(["0.5", "2", "40"]),
            "valid_from": since,
            "team": team,
        }
    return [*rows.values(), {"kpi": "csat", "stat": "mean", "good": "4.1"}]
