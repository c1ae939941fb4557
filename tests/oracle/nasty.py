"""Small random export folders full of trouble, the same for the same seed.

A shop is a few weeks around a change of clocks somewhere on earth. Tickets live random lives
(nasty_tickets.py); here are the frame around them (customers, agents, orders, surveys, schedules,
rates), the merges between them, and the files: shuffled, with doubles, in every accepted notation.

Left out on purpose, as the specification does not settle them: rows of unknown tickets (but
ratings), two ratings or two orders of a customer at one instant, a rate that changes within a day
of a resolve, cells later than `as_of` in a row that is not.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .export import Account
from .nasty_files import write_files
from .nasty_people import People
from .nasty_tickets import HOUR, Script, live_a_life

# Zone and the days on which its clocks change.
ZONES: list[tuple[str, list[date]]] = [
    ("Pacific/Auckland", [date(2026, 4, 5), date(2026, 9, 27)]),
    ("Pacific/Honolulu", [date(2026, 3, 1), date(2026, 11, 1)]),
    ("America/New_York", [date(2026, 3, 8), date(2026, 11, 1)]),
    ("Europe/Berlin", [date(2026, 3, 29), date(2026, 10, 25)]),
    ("Australia/Lord_Howe", [date(2026, 4, 5), date(2026, 10, 4)]),  # by half an hour
    ("America/St_Johns", [date(2026, 3, 8), date(2026, 11, 1)]),
    ("America/Santiago", [date(2026, 4, 5), date(2026, 9, 6)]),  # at midnight
    ("America/Havana", [date(2026, 3, 8), date(2026, 11, 1)]),  # at midnight
    ("Asia/Kathmandu", [date(2026, 2, 1), date(2026, 5, 31)]),
    ("UTC", [date(2026, 12, 31), date(2026, 3, 1)]),
]
DAY = timedelta(days=1)
SCORES = {"1-5": "12345", "1-3": "123", "good_bad": ("good", "bad"), "1-10": range(1, 11)}
PAYMENTS = ["paid", "paid", "partially_paid", "refunded", "pending", "unpaid", "failed", "voided"]


def nasty_shop(seed: int, folder: Path) -> Account:
    """Writes the export of shop `seed` into `folder` and returns its account."""
    rng = random.Random(seed)
    zone, changes = rng.choice(ZONES)
    change = datetime.combine(rng.choice(changes), datetime.min.time(), UTC)
    start = change - rng.randint(2, 12) * DAY
    script = Script(rng, start, change, span=rng.randint(9, 40) * DAY)
    frame = _Frame(script)
    for number in range(1, rng.randint(5, 40) + 1):
        if len(script.messages) > 190 or len(script.events) > 180:
            break
        live_a_life(script, frame.ticket(number))
    frame.merges()
    frame.ratings()
    frame.orders()
    frame.schedules()
    as_of = frame.as_of()
    frame.rates()
    frame.age()
    write_files(rng, folder, frame.tables, ZoneInfo(zone))
    complete = change.date() + timedelta(days=rng.randint(-6, 6))
    return Account(
        id=f"nasty{seed}",
        timezone=zone,
        currency="EUR",
        week_start=rng.choice([1, 1, 7, 6, 3]),
        as_of=as_of,
        ai_coverage_complete_from=complete if rng.random() < 0.3 else None,
    )


class _Frame:
    """What stands around the lives of a shop's tickets."""

    def __init__(self, script: Script) -> None:
        self._rng = script.rng
        self._script = script
        self._people = People(script.rng)
        self.tables: dict[str, list[dict[str, Any]]] = {
            "tickets": script.tickets,
            "messages": script.messages,
            "ticket_events": script.events,
            "agents": [
                {"agent_id": "AI", "kind": "ai_agent"},
                {"agent_id": "A", "kind": "human_agent", "team": "returns"},
                {"agent_id": "B", "kind": "human_agent", "team": "all"},
                {"agent_id": "D"},
                {"agent_id": "BOT", "kind": "automation"},
            ],
            "customers": self._people.rows(),
        }

    def ticket(self, number: int) -> dict[str, Any]:
        rng = self._rng
        row = {
            "ticket_id": f"T{number}",
            "channel": rng.choice(["chat", "Chat", "email", "email", "phone", "all", "", "form"]),
            "is_sync": rng.choice(["", "", "", True, False]),
            "category": rng.choice(["wismo", "wismo", "returns", "all", ""]),
            "priority": rng.choice(["", "normal", "urgent"]),
            "team": rng.choice(["", "", "returns", "night", "all"]),
            "assignee_id": rng.choice(["", "A", "B", "D"]),
            "is_spam": rng.random() < 0.05,
            "is_deleted": rng.random() < 0.04,
            "is_test": rng.random() < 0.03,
            **self._people.who(),
        }
        self._script.tickets.append(row)
        return row

    def merges(self) -> None:
        """Pairs, chains and cycles, by event or by column, some undone."""
        rng, script = self._rng, self._script
        names = [row["ticket_id"] for row in script.tickets]
        for _ in range(rng.choice([0, 1, 2, 3, 5])):
            row = rng.choice(script.tickets)
            into, at = rng.choice(names), script.some_instant()
            how = rng.random()
            if how < 0.7:
                script.event(row, at, "merged_into", to_value=into, actor_kind="human_agent")
            if how > 0.4:
                row["merged_into"] = into
            if rng.random() < 0.2:
                script.event(row, script.some_instant(), "unmerged", actor_kind="human_agent")

    def ratings(self) -> None:
        """Re-ratings around the seven days, several targets and scales, one of no ticket."""
        rng, script = self._rng, self._script
        rows: list[dict[str, Any]] = []
        for number in range(rng.choice([0, 2, 6, 12])):
            at = script.some_instant() + timedelta(seconds=7 * number + 1)
            scale = rng.choice(list(SCORES))
            row = {
                "ticket_id": rng.choice(script.tickets)["ticket_id"],
                "target": rng.choice(["ai", "human", "ticket", ""]),
                "episode_seq": rng.choice(["", "", "", 1]),
                "scale": scale if scale != "1-5" else rng.choice(["", "1-5"]),
            }
            if rng.random() < 0.05:
                row["ticket_id"] = "T999"
            for later in rng.choice([[0], [0], [0, 3600], [0, 7 * 86400], [0, 60, 7 * 86400 + 1]]):
                score = rng.choice(list(SCORES[scale]))
                rated_at = at + timedelta(seconds=later)
                rows.append({**row, "rated_at": rated_at, "score": score})
        self.tables["csat_responses"] = list({row["rated_at"]: row for row in rows}.values())

    def orders(self) -> None:
        rng, script = self._rng, self._script
        rows: list[dict[str, Any]] = []
        refunds: list[dict[str, Any]] = []
        has_status, fills_paid_at = rng.random() < 0.5, rng.random() < 0.8
        # A long history makes many empty periods: rare.
        years = rng.choice([*9 * [[0], [0, 0, 20], [0, 20, 80, 100]], [0, 20, 80, 100, 370]])
        for number in range(rng.choice([0, 3, 15, 40])):
            back = rng.choice(years)
            placed = script.some_instant() - back * DAY + timedelta(seconds=number)
            if any(row["placed_at"] == placed for row in rows):
                continue
            paid = placed + rng.choice([0, 60, 86400, 6 * 86400]) * timedelta(seconds=1)
            row = {
                "order_id": f"O{number}",
                "placed_at": placed,
                "paid_at": paid if fills_paid_at and rng.random() < 0.8 else "",
                "cancelled_at": placed + HOUR if rng.random() < 0.15 else "",
                "total": rng.choice(["10.00", "25.50", "99.99", "0.00"]),
                "currency": rng.choice(["", "EUR"]),
                "is_test": rng.random() < 0.05,
                "is_replacement": rng.random() < 0.05,
                "is_deleted": rng.random() < 0.05,
                **self._people.who(),
            }
            if has_status:
                row["payment_status"] = rng.choice([*PAYMENTS, ""])
                if row["payment_status"] == "pending":
                    row["paid_at"] = ""
            rows.append(row)
            if rng.random() < 0.2:
                at = placed + rng.choice([1, 5, 29, 30, 31]) * DAY
                name = {"refund_id": f"R{number}", "order_id": row["order_id"]}
                refunds.append({**name, "refunded_at": at, "amount": rng.choice(["5", "10.00"])})
        for ticket in script.tickets:
            known = [row for row in rows if row["placed_at"] <= script.opened[ticket["ticket_id"]]]
            if known and rng.random() < 0.2:
                ticket["order_id"] = rng.choice(known)["order_id"]
        self.tables |= {"orders": rows, "refunds": refunds}

    def schedules(self) -> None:
        """None, one, or several: whole days, breaks, nights over the change of clocks, holidays."""
        rng = self._rng
        names = rng.choice([[], ["support"], ["default", "night"], ["returns", "default", "night"]])
        hours = {
            "support": [("09:00", "17:00")],
            "default": rng.choice([[("00:00", "24:00")], [("09:00", "12:30"), ("13:15", "18:00")]]),
            "night": [("00:00", "06:00"), ("22:00", "24:00")],
            "returns": [("08:00", "16:00"), ("15:00", "20:00")],
        }
        rows = [
            {"schedule": name, "timezone": zone, "weekday": day, "opens": opens, "closes": closes}
            for name in names
            for zone in [rng.choice([zone for zone, _ in ZONES])]
            for day in range(1, rng.choice([5, 7]) + 1)
            for opens, closes in hours[name]
        ]
        off = [
            {"schedule": name, "date": (self._script.start + rng.randint(0, 15) * DAY).date()}
            for name in names
            for _ in range(rng.choice([0, 1, 3]))
        ]
        self.tables |= {"schedules": rows, "holidays": off}
        if len(names) > 1:
            for row in self._script.tickets:
                if rng.random() < 0.3:
                    at = self._script.some_instant()
                    self._script.event(row, at, "schedule_set", to_value=rng.choice(names))

    def as_of(self) -> datetime | None:
        """Half the shops are seen at an instant before their end."""
        rng, script = self._rng, self._script
        resolves = sorted(row["occurred_at"] for row in script.events if row["is_resolve"])
        if rng.random() < 0.5 or not resolves or not script.messages:
            return None
        some = script.start + timedelta(seconds=int(script.span.total_seconds() * rng.random()))
        late: list[datetime] = [
            rng.choice([some, *resolves]),
            resolves[len(resolves) // 3],
            script.talk[0],
        ]
        self._forget(max(late))
        return max(late)

    def _forget(self, as_of: datetime) -> None:
        """What is not later than `as_of` says nothing of what is."""
        later = {name for name, at in self._script.opened.items() if at > as_of}
        for row in self._script.tickets:
            if row["ticket_id"] not in later and (row["created_at"] or as_of) > as_of:
                row["created_at"] = ""
            if row.get("merged_into") in later:
                row["merged_into"] = ""
        events = self._script.events
        events[:] = [
            row
            for row in events
            if row["occurred_at"] > as_of or not {row["ticket_id"], row.get("to_value")} & later
        ]
        self.tables["csat_responses"] = [
            row for row in self.tables["csat_responses"] if row["ticket_id"] not in later
        ]
        for row in self.tables["orders"]:
            for name in ("paid_at", "cancelled_at"):
                if row[name] and row[name] > as_of:
                    row[name] = ""

    def rates(self) -> None:
        """Sometimes none, sometimes a new rate, sometimes a gap between the two."""
        rng, script = self._rng, self._script
        resolves = [row["occurred_at"] for row in script.events if row["is_resolve"]]
        days = [script.start + number * DAY for number in range(script.span.days)]
        quiet = [day for day in days if all(abs(day - at) > 26 * HOUR for at in resolves)]
        if rng.random() < 0.1:
            return
        rows: list[dict[str, Any]] = [
            {"handling": side, "unit_cost": cost, "valid_from": "2020-01-01", "valid_to": ""}
            for side, cost in (("ai", "0.90"), ("human", "6.25"))
        ]
        if quiet:
            gone, back = sorted(rng.choices(quiet, k=2))
            row = rng.choice(rows)
            row["valid_to"] = gone.date()
            rows.append({**row, "unit_cost": "7.5", "valid_from": back.date(), "valid_to": ""})
        self.tables["cost_rates"] = rows

    def age(self) -> None:
        """Adds older versions of some tickets; the newest by `updated_at` counts."""
        rows = self._script.tickets
        for row in rows:  # neither the first nor the newest instant of the files
            row["updated_at"] = self._script.first + timedelta(seconds=100)
        old = [dict(row) for row in rows if self._rng.random() < 0.15]
        for row in old:
            row |= {"category": "old", "is_spam": True, "team": "old"}
            row["updated_at"] -= timedelta(seconds=self._rng.choice([1, 50]))
        self._script.tickets.extend(old)
