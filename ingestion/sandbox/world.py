"""The sample shop as a world in which time passes: who did what when, and what can be seen now.

Every vendor's module reads this one model, so the vendors tell the same story and differ only in
how they tell it. Nothing in here knows a vendor.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby

import pyarrow as pa

from ingestion.sandbox.clock import LiveClock, last_instant, shifted, weeks_to
from ingestion.sandbox.log import Log
from ingestion.sandbox.orders import Order, orders_of
from ingestion.sandbox.people import Customer, People
from ingestion.sandbox.replay import (
    EVENT,
    MESSAGE,
    RATING,
    WORK,
    Happening,
    Moment,
    Row,
    State,
    states,
)
from ingestion.sandbox.rows import number, rows_of

RANK = {MESSAGE: 1, EVENT: 2, RATING: 3, WORK: 4}
BEST, WORST = 5.0, 1.0


@dataclass(frozen=True)
class Ticket:
    """A ticket with all that ever happens to it, in order. `row` is its row of the export.

    `states`: how it stands after each of its moments.
    """

    number: int
    row: Row
    requester: Customer
    moments: tuple[Moment, ...]
    states: list[State]
    agents: dict[str, Row]

    @property
    def id(self) -> str:
        return str(self.row["ticket_id"])

    @property
    def created_at(self) -> int:
        return self.moments[0].at

    def seen(self, at: int) -> int:
        """How many of its moments have passed at `at`; 0 before it was created."""
        return bisect_right(self.moments, at, key=lambda moment: moment.at)

    def as_of(self, at: int) -> State:
        """Its state at `at`; ValueError before it was created."""
        if not (seen := self.seen(at)):
            raise ValueError(f"ticket {self.id} is not created yet")
        return self.states[seen - 1]

    def happened(self, kind: str, upto: int) -> Iterator[Happening]:
        """Its messages (events, ratings, work) up to an instant."""
        for moment in self.moments[: self.seen(upto)]:
            yield from (done for done in moment.happenings if done.kind == kind)


@dataclass(frozen=True)
class World:
    """Tickets and orders are keyed by number, agents by the shop's own id."""

    tickets: dict[int, Ticket]
    orders: dict[int, Order]
    agents: dict[str, Row]
    people: People
    ticket_log: Log
    order_log: Log

    @classmethod
    def of(cls, tables: Mapping[str, pa.Table]) -> "World":
        """The world of an export's tables; instants must be timestamps.

        ValueError if two tickets or orders would get one number.
        """
        agents = {row["agent_id"]: row for row in rows_of(tables, "agents")}
        ticket_rows = rows_of(tables, "tickets")
        people = People(rows_of(tables, "customers"), ticket_rows)
        done = _happenings(tables, ticket_rows)
        tickets: dict[int, Ticket] = {}
        for row in ticket_rows:
            key = number("ticket", row["ticket_id"])
            if key in tickets:
                raise ValueError(f"tickets {row['ticket_id']} and {tickets[key].id} share an id")
            moments = _moments(done[row["ticket_id"]])
            requester = people.of_ticket(row["ticket_id"])
            lived = states(row, moments, agents)
            tickets[key] = Ticket(key, row, requester, moments, lived, agents)
        parts = (rows_of(tables, name) for name in ("orders", "order_lines", "refunds"))
        orders = orders_of(*parts)
        return cls(
            tickets,
            orders,
            agents,
            people,
            Log.of(
                (moment.at, ticket.number, n)
                for ticket in tickets.values()
                for n, moment in enumerate(ticket.moments)
            ),
            Log.of(
                (at, order.number, n)
                for order in orders.values()
                for n, at in enumerate(order.changes)
            ),
        )

    @cached_property
    def teams(self) -> list[str]:
        named = [*self.agents.values(), *(ticket.row for ticket in self.tickets.values())]
        return sorted({row["team"] for row in named if row.get("team")})

    @cached_property
    def brands(self) -> list[str]:
        rows = (ticket.row for ticket in self.tickets.values())
        return sorted({row["brand"] for row in rows if row.get("brand")})


def live_world(
    tables: Mapping[str, pa.Table], *, speed: float = 1.0, start: datetime | None = None
) -> tuple[World, LiveClock]:
    """The world moved to the present (`start`), and the clock that runs in it.

    It ends about 8 days later, so that tickets go on arriving for as long, or for less with `speed`
    above 1.
    """
    clock = LiveClock(speed, start)
    return World.of(present(tables, clock.now())), clock


def present(tables: Mapping[str, pa.Table], now: datetime) -> dict[str, pa.Table]:
    """The shop moved by whole weeks, so that it ends about 8 days after `now`."""
    return shifted(tables, weeks_to(now, last_instant(tables)))


def _moments(done: list[tuple[int, Happening]]) -> tuple[Moment, ...]:
    done.sort(key=lambda placed: (placed[1].at, placed[0]))
    acts = groupby(
        (happening for _, happening in done),
        key=lambda happening: (happening.at, happening.actor_kind, happening.actor_id),
    )
    return tuple(Moment(*act, tuple(happenings)) for act, happenings in acts)


def _happenings(
    tables: Mapping[str, pa.Table], tickets: list[Row]
) -> dict[str, list[tuple[int, Happening]]]:
    """What happens to each ticket, with its place among what happens at one instant.

    Events that a ticket's own columns tell of, but no event, are added.
    """
    found: dict[str, list[tuple[int, Happening]]] = defaultdict(list)
    types: dict[str, set[str]] = defaultdict(set)
    asked: set[tuple[str, int]] = set()

    def add(kind: str, at: int, actor: str, actor_id: str | None, row: Row) -> None:
        place = RANK[kind] * 1_000_000 + (row.get("seq") or 0)
        if row.get("event_type") == "created":
            place = 0
        if actor in ("customer", "system"):
            actor_id = None
        found[row["ticket_id"]].append((place, Happening(kind, at, actor, actor_id, row)))

    for row in rows_of(tables, "messages"):
        add(MESSAGE, row["sent_at"], row["author_kind"], row.get("author_id"), row)
    for row in rows_of(tables, "ticket_events"):
        actor = row.get("actor_kind") or "system"
        types[row["ticket_id"]].add(row["event_type"])
        if row["event_type"] == "survey_sent":
            asked.add((row["ticket_id"], row["occurred_at"]))
        add(EVENT, row["occurred_at"], actor, row.get("actor_id"), row)
    for row in rows_of(tables, "csat_responses"):
        rating = {**row, "score_5": score_5(row["score"], row.get("scale") or "1-5")}
        sent_at = row.get("survey_sent_at")
        if sent_at is not None and (row["ticket_id"], sent_at) not in asked:
            asked.add((row["ticket_id"], sent_at))
            event = _event(row["ticket_id"], sent_at, "survey_sent")
            add(EVENT, sent_at, "system", None, event)
        add(RATING, row["rated_at"], "customer", None, rating)
    for row in rows_of(tables, "time_entries"):
        add(WORK, row["started_at"] + row["seconds"], "human_agent", row["agent_id"], row)
    for row in tickets:
        for at, kind, value in _untold(row, types[row["ticket_id"]]):
            actor = "customer" if kind == "created" else "system"
            add(EVENT, at, actor, None, _event(row["ticket_id"], at, kind, value))
    return found


def _untold(row: Row, told: set[str]) -> Iterator[tuple[int, str, str | None]]:
    """Instant, type and to_value of what only the ticket's columns tell."""
    if "created" not in told:
        yield row["created_at"], "created", None
    if row.get("resolved_at") is not None and not told & {"status_changed", "resolved", "closed"}:
        yield row["resolved_at"], "status_changed", row.get("status") or "solved"
    if row.get("deleted_at") is not None and not told & {"deleted", "trashed"}:
        yield row["deleted_at"], "deleted", None


def _event(ticket_id: str, at: int, kind: str, to: str | None = None) -> Row:
    return {
        "event_id": f"{ticket_id} {kind} {at}",
        "ticket_id": ticket_id,
        "occurred_at": at,
        "event_type": kind,
        "from_value": None,
        "to_value": to,
    }


def score_5(score: str | float, scale: str) -> float:
    """A score as one from 1 to 5."""
    if scale == "good_bad":
        return BEST if score == "good" else WORST
    top = float(scale.split("-")[1])
    return WORST + (float(score) - 1) * (BEST - WORST) / (top - 1)
