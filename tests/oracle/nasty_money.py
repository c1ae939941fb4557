"""The money of a nasty shop: orders with lines, refunds and currencies, and what support costs.

Many orders stand at the edge of some window: of a recommendation, a repurchase, a churn, a save.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .nasty_people import People
from .nasty_script import DAY, HOUR, SECOND, SKUS, Cells, Script

PAYMENTS = ["paid", "paid", "partially_paid", "refunded", "pending", "unpaid", "failed", "voided"]
CURRENCIES = ["", "EUR", "EUR", "USD", "USD", "GBP"]  # of pounds there is no rate
TOTALS = ["10.00", "25.50", "99.99", "0.00"]
PAID_AFTER_S = [0, 60, 86400, 6 * 86400]
EDGES = (-SECOND, 0 * SECOND, SECOND)


class Money:
    """Collects the orders, then what hangs on them. No two orders are placed at one instant."""

    def __init__(self, script: Script, people: People) -> None:
        self._script = script
        self._people = people
        self._rng = script.options.rng("orders")
        self._limit = max(script.last, script.end)
        self._orders: dict[datetime, Cells] = {}
        self._has_status = self._rng.random() < 0.5
        self._fills_paid_at = self._rng.random() < 0.8

    def tables(self, ratings: list[Cells], crowd: list[Cells]) -> dict[str, list[Cells]]:
        self._scattered()
        self._recommended()
        self._after(ratings)
        self._of_a_crowd(crowd)
        self._linked()
        orders = list(self._orders.values())
        tables = {"orders": orders}
        if self._script.has("currencies"):
            tables["fx_rates"] = self._rates_of(orders)
        if self._script.has("refunds"):
            tables["refunds"] = self._refunds(orders)
        if self._script.has("lines"):
            tables["order_lines"] = self._lines(orders)
        return tables

    def _place(
        self, placed: datetime, who: Cells, after_s: int, sku: str = "", is_plain: bool = False
    ) -> None:
        """One order; a plain one is paid, and nothing is wrong with it."""
        rng = self._rng
        row: Cells = {
            "order_id": f"O{len(self._orders)}",
            "placed_at": placed,
            "paid_at": placed + after_s * SECOND if rng.random() < 0.8 else "",
            "cancelled_at": placed + HOUR if rng.random() < 0.15 else "",
            "total": rng.choice(TOTALS),
            "currency": rng.choice(CURRENCIES),
            "is_test": rng.random() < 0.05,
            "is_replacement": rng.random() < 0.05,
            "is_deleted": rng.random() < 0.05,
            "wanted_sku": sku,
            **who,
        }
        status = rng.choice([*PAYMENTS, ""])
        if self._has_status:
            row["payment_status"] = status
        if not self._fills_paid_at or row.get("payment_status") == "pending":
            row["paid_at"] = ""
        if not self._script.has("currencies"):
            row["currency"] = rng.choice(["", "EUR"])
        if is_plain:
            row |= dict.fromkeys(("is_test", "is_replacement", "is_deleted"), False)
            row |= {"paid_at": placed} if self._fills_paid_at else {}
            row |= {"payment_status": "paid"} if self._has_status else {}
        if placed <= self._limit:
            self._orders.setdefault(placed, row)

    def _scattered(self) -> None:
        """Here and there; with a history also in rows of paid ones, long before the tickets."""
        rng, script = self._rng, self._script
        back = rng.choice([[0], [0, 0, 20], [0, 20, 80, 100]] if script.has("history") else [[0]])
        for number in range(rng.choice([3, 15, 30])):
            placed = script.some_instant(rng) - rng.choice(back) * DAY + number * SECOND
            self._place(placed, self._people.who(rng), rng.choice(PAID_AFTER_S))
        if not script.has("history"):
            return
        # A very long history makes many empty periods: rare.
        earliest = script.start - rng.choice([*9 * [60, 100], 20, 380]) * DAY
        for name in rng.sample(self._people.names, k=2):
            placed = script.some_instant(rng)
            while placed > earliest:
                self._place(placed, {"customer_id": name}, 0)
                placed -= rng.choice([7, 30, 45, 90]) * DAY + rng.choice(EDGES)

    def _recommended(self) -> None:
        """Orders of what the AI recommended, around the three days after it."""
        rng = self._rng
        for ticket, at, sku in self._script.advice:
            gap = rng.choice([0, 0, 1, 3, 3]) * DAY + rng.choice([*EDGES, HOUR])
            if rng.random() < 0.6:
                self._place(at + gap, _owner(ticket), rng.choice(PAID_AFTER_S), sku)

    def _after(self, ratings: list[Cells]) -> None:
        """Orders around the windows that a resolve or a rating opens."""
        rng = self._rng
        owners = {row["ticket_id"]: _owner(row) for row in self._script.tickets}
        anchors = [(row["ticket_id"], row["occurred_at"]) for row in self._script.resolves]
        anchors += [(row["ticket_id"], row["rated_at"]) for row in ratings]
        for ticket_id, at in rng.sample(anchors, k=min(len(anchors), 12)):
            for gap in (rng.choice([-40, -1, 0]), rng.choice([0, 30, 60, 90, 180])):
                placed = at + gap * DAY + rng.choice(EDGES)
                if owners.get(ticket_id) and placed > self._script.start - 41 * DAY:
                    self._place(placed, owners[ticket_id], 0)

    def _of_a_crowd(self, crowd: list[Cells]) -> None:
        rng = self._rng
        for number, ticket in enumerate(crowd):
            at = self._script.opened[ticket["ticket_id"]]
            who = _owner(ticket)
            self._place(self._script.start + number * SECOND, who, 0, is_plain=True)
            if rng.random() < 0.4:
                again = at + rng.randint(1, 20) * DAY + number * SECOND
                self._place(again, who, 0, is_plain=True)

    def _linked(self) -> None:
        """Tickets name an order of before; some of these are cancelled 30 days after the ticket."""
        rng, opened = self._rng, self._script.opened
        for ticket in self._script.tickets:
            at = opened[ticket["ticket_id"]]
            known = [row for placed, row in self._orders.items() if placed <= at]
            if known and rng.random() < 0.3:
                order = rng.choice(known)
                ticket["order_id"] = order["order_id"]
                cancelled = at + 30 * DAY + rng.choice(EDGES)
                if rng.random() < 0.2 and cancelled <= self._limit:
                    order["cancelled_at"] = cancelled

    def _rates_of(self, orders: list[Cells]) -> list[Cells]:
        """Of the local day of most orders, and other rates of the days beside it."""
        rng = self._script.options.rng("currencies")
        zone = ZoneInfo(self._script.options.zone)
        rows: dict[object, Cells] = {}
        for order in orders:
            on = order["placed_at"].astimezone(zone).date()
            for day in (on, on - DAY, on + DAY):
                if order["currency"] == "USD" and rng.random() < 0.7:
                    rate = rng.choice(["0.90", "1.10", "1.25"])
                    rows.setdefault(day, {"date": day, "currency": "USD", "rate": rate})
        return list(rows.values())

    def _refunds(self, orders: list[Cells]) -> list[Cells]:
        """In parts or whole, by the shop or the bank, around 30 days after order or ticket."""
        rng = self._script.options.rng("refunds")
        asked: dict[Any, datetime] = {}
        for ticket in self._script.tickets:
            asked.setdefault(ticket.get("order_id"), self._script.opened[ticket["ticket_id"]])
        rows: list[Cells] = []
        for order in orders:
            for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
                gap = rng.choice([1, 5, 29, 30, 30, 31]) * DAY + rng.choice(EDGES)
                since = rng.choice([order["placed_at"], asked.get(order["order_id"])])
                row = {
                    "refund_id": f"R{len(rows)}",
                    "order_id": order["order_id"],
                    "refunded_at": (since or order["placed_at"]) + gap,
                    "amount": rng.choice(["5", "10.00", "3.33", order["total"]]),
                    "kind": rng.choice(["", "refund", "refund", "chargeback"]),
                }
                if row["refunded_at"] <= self._limit:
                    rows.append(row)
        return rows

    def _lines(self, orders: list[Cells]) -> list[Cells]:
        """Of most orders; some of these leave their total to the lines."""
        rng = self._script.options.rng("lines")
        rows: list[Cells] = []
        for order in orders:
            if rng.random() < 0.3 and not order["wanted_sku"]:
                continue
            for number in range(rng.choice([1, 1, 2, 3])):
                price = rng.choice(["5.00", "10.00", "0.00", "33.33"])
                rows.append(
                    {
                        "order_id": order["order_id"],
                        "line_no": number,
                        "sku": (order["wanted_sku"] if number == 0 else "")
                        or rng.choice([*SKUS, ""]),
                        "quantity": rng.choice(["1", "2"]),
                        rng.choice(["net_amount", "unit_price"]): price,
                    }
                )
            if rng.random() < 0.2:
                order["total"] = ""
        return rows


def cost_rates(script: Script) -> list[Cells]:
    """Sometimes a new rate, sometimes a gap between the two, never near a resolve."""
    rng = script.options.rng("rates")
    resolves = [row["occurred_at"] for row in script.resolves]
    days = [script.start + number * DAY for number in range(script.span.days)]
    quiet = [day for day in days if all(abs(day - at) > 26 * HOUR for at in resolves)]
    rows: list[Cells] = [
        {"handling": side, "unit_cost": cost, "valid_from": "2020-01-01", "valid_to": ""}
        for side, cost in (("ai", "0.90"), ("human", "6.25"))
    ]
    if quiet:
        gone, back = sorted(rng.choices(quiet, k=2))
        row = rng.choice(rows)
        row["valid_to"] = gone.date()
        rows.append({**row, "unit_cost": "7.5", "valid_from": back.date(), "valid_to": ""})
    return rows


def support_costs(script: Script) -> list[Cells]:
    """Of some months and teams, of others not."""
    rng = script.options.rng("costs")
    first, months = script.start - timedelta(days=31), script.options.days // 30 + 3
    return [
        {
            "month": f"{first + number * 30 * DAY:%Y-%m}",
            "kind": rng.choice(["payroll", "tools", "ai"]),
            "amount": rng.choice(["100.00", "12.50", "0"]),
            "team": rng.choice(["", "", "returns", "night", "all", "ghost"]),
        }
        for number in range(months)
        for _ in range(rng.choice([0, 1, 2, 3]))
    ]


def _owner(row: Cells) -> Cells:
    """How a ticket names its customer, for an order of the same one."""
    return {name: row[name] for name in ("customer_id", "customer_email") if row.get(name)}
