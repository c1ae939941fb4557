"""A folder of export files as typed rows, each key once, as a run at one instant sees them.

EXPORT_FORMAT.md says what a file is called and what an empty cell means; K15 which of two rows of a
key wins; K10 which rows a run sees. All instants leave this module as aware datetimes in UTC.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import tomllib
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from .export import (
    RESOLVED_STATES,
    Account,
    Agent,
    CostRate,
    Customer,
    Event,
    FxRate,
    Holiday,
    Hours,
    Message,
    NpsResponse,
    Order,
    OrderLine,
    Rating,
    Refund,
    Review,
    Shift,
    SupportCost,
    Target,
    Ticket,
    TimeEntry,
)

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
R = TypeVar("R")


@dataclass(frozen=True)
class Shop:
    """What one run sees: every row has its key once and no instant after `data_as_of`."""

    tickets: dict[str, Ticket]
    messages: list[Message]
    events: list[Event]
    ratings: list[Rating]
    agents: dict[str, Agent]
    customers: list[Customer]
    orders: list[Order]
    refunds: list[Refund]
    rates: list[CostRate]
    hours: list[Hours]
    holidays: list[Holiday]
    time_entries: list[TimeEntry]
    roster: list[Shift]
    support_costs: list[SupportCost]
    targets: list[Target]
    lines: list[OrderLine]
    fx_rates: list[FxRate]
    nps: list[NpsResponse]
    reviews: list[Review]
    first_loaded: datetime
    data_as_of: datetime

    @property
    def has_messages(self) -> bool:
        return bool(self.messages)

    @cached_property
    def agent_ids(self) -> frozenset[str | None]:
        """Everybody who is listed, speaks, acts, is assigned, logs time or has a shift."""
        staff = ("human_agent", "ai_agent")
        return frozenset(self.agents).union(
            (row.author_id for row in self.messages if row.author_kind in staff),
            (row.actor_id for row in self.events if row.actor_kind in staff),
            (row.assignee_id for row in self.tickets.values()),
            (row.agent_id for row in self.time_entries),
            (row.agent_id for row in self.roster),
        )

    @property
    def has_events(self) -> bool:
        return bool(self.events)

    @property
    def has_handoff_reasons(self) -> bool:
        """False for a source that says that the AI hands over, and never why."""
        handoffs = [event for event in self.events if event.event_type == "handoff"]
        return not handoffs or any(event.to_value or event.reason for event in handoffs)

    @property
    def has_reopens(self) -> bool:
        """Whether a return after a resolve would be seen."""
        return self.has_resolves and (self.has_messages or self.has_events)

    @property
    def has_resolves(self) -> bool:
        """False for a source that gives none at all: rates that need one are NULL (K5)."""
        told = any(event.state in RESOLVED_STATES for event in self.events)
        return told or any(ticket.resolved_at for ticket in self.tickets.values())


def read_shop(folder: Path, account: Account) -> Shop:
    """The rows of `folder` that a run at the account's `as_of` sees, each key once."""

    def rows(entity: str, kind: type[R]) -> list[R]:
        zone = ZoneInfo(account.source_timezone)
        return [_typed(kind, cells, zone) for cells in _lines(folder, entity)]

    tickets = _newest(rows("tickets", Ticket), lambda row: row.ticket_id, _updated)
    messages = _newest(rows("messages", Message), lambda row: row.message_id or row)
    events = _newest(rows("ticket_events", Event), _event_key)
    ratings = _newest(rows("csat_responses", Rating), lambda row: row)
    orders = _newest(rows("orders", Order), lambda row: row.order_id, _updated)
    refunds = _newest(rows("refunds", Refund), lambda row: row.refund_id or row)
    agents = {row.agent_id: row for row in rows("agents", Agent)}
    nps = _newest(rows("nps_responses", NpsResponse), lambda row: row)
    reviews = _newest(rows("qa_reviews", Review), lambda row: row)
    entries = _newest(rows("time_entries", TimeEntry), lambda row: row.entry_id or row)

    happened: list[list[Any]] = [tickets, messages, events, ratings, orders, refunds]
    # K10, "newest instant in the files": of what happened; not of plans and validities (rates,
    # schedules, agents) nor of the customers' sign-up, which would open years of empty periods.
    newest = max(instant for entity in happened for row in entity for instant in _instants(row))
    as_of = account.as_of or newest
    seen = [[row for row in entity if _instant(row) <= as_of] for entity in happened]
    first = min(instant for entity in seen for row in entity for instant in _instants(row))
    return Shop(
        tickets={row.ticket_id: row for row in seen[0]} or _tickets_of(seen[2]),
        messages=seen[1],
        events=[_with_actor(row, agents) for row in seen[2]],
        ratings=seen[3],
        agents=agents,
        customers=_newest(rows("customers", Customer), lambda row: row.customer_id),
        orders=seen[4],
        refunds=seen[5],
        rates=_newest(rows("cost_rates", CostRate), lambda row: row),
        hours=_newest(rows("schedules", Hours), lambda row: row),
        holidays=_newest(rows("holidays", Holiday), lambda row: row),
        time_entries=[row for row in entries if row.started_at <= as_of],
        roster=_newest(rows("roster", Shift), lambda row: row),
        support_costs=_newest(rows("support_costs", SupportCost), lambda row: row),
        targets=_newest(rows("targets", Target), lambda row: row),
        lines=_newest(rows("order_lines", OrderLine), _line_key),
        fx_rates=_newest(rows("fx_rates", FxRate), lambda row: row),
        nps=[row for row in nps if row.at <= as_of],
        reviews=[row for row in reviews if row.at <= as_of],
        first_loaded=first,
        data_as_of=as_of,
    )


def account_of(config: Path) -> Account:
    """The account of a bookbag.toml with one `files` source."""
    told = tomllib.loads(config.read_text())
    account = told["account"]
    return Account(
        id=account["id"],
        timezone=account["timezone"],
        currency=account["currency"],
        week_start=WEEKDAYS.index(account.get("week_start", "monday")) + 1,
        as_of=datetime.fromisoformat(told["as_of"]) if "as_of" in told else None,
        ai_coverage_complete_from=account.get("ai_coverage_complete_from"),
        source_timezone=told["source"][0].get("timezone", "UTC"),
        **_windows(told.get("definitions", {})),
        resolution_window_s=int(told.get("definitions", {}).get("resolution_window_h", 168) * 3600),
    )


def _windows(told: dict[str, float]) -> dict[str, int]:
    """The windows that `[definitions]` sets in days, in seconds."""
    names = ("recommendation_window", "churn_window")
    return {f"{name}_s": int(told[f"{name}_d"] * 86400) for name in names if f"{name}_d" in told}


def _lines(folder: Path, entity: str) -> Iterator[dict[str, str]]:
    names = [folder / f"{entity}.csv", *sorted(folder.glob(f"{entity}_*.csv"))]
    for path in [*names, *sorted((folder / entity).glob("*.csv"))]:
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                yield from csv.DictReader(file)


def _typed(kind: type[R], cells: dict[str, str], zone: ZoneInfo) -> R:
    """One row: an absent column or an empty cell takes the field's default."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        cell = (cells.get(field.name) or "").strip()
        if cell:
            values[field.name] = _parsed(cell, str(field.type).removesuffix(" | None"), zone)
    return kind(**values)


def _parsed(cell: str, kind: str, zone: ZoneInfo) -> Any:
    if kind == "datetime":
        instant = datetime.fromisoformat(cell)
        return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)
    if kind.startswith("tuple"):
        listed = json.loads(cell) if cell.startswith("[") else cell.split(";")
        return tuple(word.strip() for word in listed if word.strip())
    if kind == "bool":
        return {"true": True, "1": True, "yes": True}.get(cell.lower(), False)
    if kind == "date":
        return date.fromisoformat(cell[:10])
    return {"int": int, "Decimal": Decimal, "str": str}[kind](cell)


def _newest(
    rows: Iterable[R],
    key: Callable[[R], Hashable],
    stamp: Callable[[R], datetime] = lambda row: datetime.min.replace(tzinfo=UTC),
) -> list[R]:
    """K15: of each key the row with the latest stamp, at equal stamps the one loaded last."""
    kept: dict[Hashable, R] = {}
    for row in rows:
        old = kept.get(key(row))
        if old is None or stamp(row) >= stamp(old):
            kept[key(row)] = row
    return list(kept.values())


def _updated(row: Ticket | Order) -> datetime:
    return row.updated_at or datetime.min.replace(tzinfo=UTC)


def _event_key(row: Event) -> Hashable:
    told = (row.ticket_id, row.event_type, row.occurred_at, row.from_value, row.to_value)
    return row.event_id or (*told, row.actor_kind, row.actor_id)


def _line_key(row: OrderLine) -> Hashable:
    return row if row.line_no is None else (row.order_id, row.line_no)


def _with_actor(row: Event, agents: dict[str, Agent]) -> Event:
    """An event that names its actor but not the actor's kind takes it from `agents`."""
    if row.actor_kind or row.actor_id not in agents:
        return row
    return dataclasses.replace(row, actor_kind=agents[row.actor_id].kind)


def _instants(row: Any) -> list[datetime]:
    return [value for value in dataclasses.astuple(row) if isinstance(value, datetime)]


def _instant(row: Any) -> datetime:
    """When the row's thing happened: what decides whether a run sees it (K10)."""
    if isinstance(row, Ticket):
        return row.created_at or datetime.min.replace(tzinfo=UTC)
    if isinstance(row, Order):
        return row.placed_at
    return row.rated_at if isinstance(row, Rating) else row.at


def _tickets_of(events: list[Event]) -> dict[str, Ticket]:
    """No tickets file: they are derived from their first event."""
    first: dict[str, datetime] = {}
    for event in events:
        first[event.ticket_id] = min(event.at, first.get(event.ticket_id, event.at))
    return {key: Ticket(ticket_id=key, created_at=at) for key, at in first.items()}
