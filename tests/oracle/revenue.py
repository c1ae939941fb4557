"""Rows of money that support kept or brought in (R2, R3). The two are never added up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from .export import OrderLine
from .orders import REFUND_WINDOW, Placed
from .tally import NOTHING, Calendar, Cell, Fact, Measure, Row, Slices, count, ratio, tabulate
from .tickets import Case
from .world import Contact, Dims, Family, World

SAVING = timedelta(days=30)
DIRECT = frozenset({"cancel_request", "chargeback_threat"})
RECOVERY = DIRECT | {"return_request"}
KEPT = "saved"


class Saved(NamedTuple):
    """An order that a recovery kept, and what of it was left 30 days later; None: not known."""

    amount: Decimal | None


class Credit(NamedTuple):
    """An order, or one line of it, that a recommendation brought."""

    order_id: str
    amount: Decimal | None


class Advice(NamedTuple):
    """A reply in which the AI recommended something."""

    sent_at: datetime
    message_id: str
    skus: tuple[str, ...]
    family: Family


def revenue_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    yield from _saved(world, calendar)
    yield from _recommended(world, calendar)


def tags_of(case: Case) -> frozenset[str]:
    """The tags that a ticket has: as its last event about each says, else as its column does."""
    tags = set(case.ticket.tags)
    for event in case.events:
        if event.to_value and event.event_type == "tag_added":
            tags.add(event.to_value)
        if event.to_value and event.event_type == "tag_removed":
            tags.discard(event.to_value)
    return frozenset(tags)


def is_recovery(contact: Contact) -> bool:
    """Whether somebody tried to keep the customer's order, with success or without."""
    return bool(tags_of(contact.case) & RECOVERY)


def _saved(world: World, calendar: Calendar) -> Iterator[Row]:
    """R2: each order once, by the first episode that is about it."""
    orders = {order.order_id: order for order in world.orders if order.is_countable}
    tried: dict[str, Contact] = {}
    kept: dict[str, Contact] = {}
    for contact in sorted(world.contacts, key=lambda one: (one.opened_at, one.judged.key)):
        tags = tags_of(contact.case)
        if contact.order_id not in orders or not tags & RECOVERY:
            continue
        tried.setdefault(contact.order_id, contact)
        if tags & DIRECT or KEPT in tags:
            kept.setdefault(contact.order_id, contact)

    def facts(grain: str) -> Iterator[Fact]:
        for contact in tried.values():
            yield calendar.period(grain, contact.opened_at), contact.dims, contact
        for order_id, contact in kept.items():
            until = contact.opened_at + SAVING
            if _stands(orders[order_id], until):
                saved = Saved(orders[order_id].net_at(until))
                yield calendar.period(grain, contact.opened_at), contact.dims, saved

    def saved_of(facts: Iterable[object]) -> list[Saved]:
        return [fact for fact in facts if isinstance(fact, Saved)]

    def attempted(facts: Iterable[object]) -> int:
        return sum(isinstance(fact, Contact) for fact in facts)

    stats: dict[str, Measure] = {
        "value": lambda _, facts: total(fact.amount for fact in saved_of(facts)),
        "attempted": lambda _, facts: count(attempted(facts)),
        "saved": lambda _, facts: count(len(saved_of(facts))),
        "save_rate": lambda _, facts: ratio(len(saved_of(facts)), attempted(facts)),
    }
    if not world.orders or not _tags_recoveries(world):
        stats = dict.fromkeys(stats, lambda *_: NOTHING)
    yield from tabulate("revenue_saved", stats, {"month": calendar.periods("month")}, facts)


def _stands(order: Placed, until: datetime) -> bool:
    """Neither cancelled, nor given back in full, nor charged back at all, by then."""
    cancelled = order.cancelled_at is not None and order.cancelled_at <= until
    charged_back = any(row.kind == "chargeback" and row.at <= until for row in order.refunds)
    emptied = order.total is not None and order.given_back(until) >= order.total
    return not (cancelled or charged_back or emptied)


def _tags_recoveries(world: World) -> bool:
    """Whether a recovery tag was ever put on anything: else it is not known what was tried."""
    put_on = any(
        row.event_type == "tag_added" and row.to_value in RECOVERY for row in world.shop.events
    )
    return put_on or any(RECOVERY & {*row.tags} for row in world.shop.tickets.values())


def total(amounts: Iterable[Decimal | None]) -> Cell:
    """A sum; one part that is not known leaves it unknown."""
    parts = list(amounts)
    known = [part for part in parts if part is not None]
    if not parts or len(known) < len(parts):
        return Cell(None, None, None, len(parts))
    return Cell(float(sum(known)), None, None, len(parts))


def _recommended(world: World, calendar: Calendar) -> Iterator[Row]:
    """R3."""
    lines: dict[str, list[OrderLine]] = {}
    for line in world.shop.lines:
        lines.setdefault(line.order_id, []).append(line)
    credited = list(_credits(world, lines))

    def of_lines(grain: str) -> Iterator[Fact]:
        for order, advice, line in credited:
            amount = _line_net(order, line, lines[order.order_id])
            period = calendar.period(grain, order.placed_at)
            yield period, _dims(advice), Credit(order.order_id, amount)

    def of_orders(grain: str) -> Iterator[Fact]:
        last: dict[str, tuple[Advice, Placed]] = {}
        for order, advice, _ in credited:
            told = last.get(order.order_id)
            if told is None or told[0][:2] < advice[:2]:
                last[order.order_id] = (advice, order)
        for advice, order in last.values():
            net = order.net_at(order.placed_at + REFUND_WINDOW)
            period = calendar.period(grain, order.placed_at)
            yield period, _dims(advice), Credit(order.order_id, net)

    def amount(_: object, facts: Sequence[Credit]) -> Cell:
        return total(fact.amount for fact in facts)

    value: dict[str, Measure] = {"value": amount}
    wholes: dict[str, Measure] = {
        "influenced": amount,
        "orders": lambda _, facts: count(len(facts)),
    }
    if not lines or not any(message.recommended_skus for message in world.shop.messages):
        value, wholes = (dict.fromkeys(stats, lambda *_: NOTHING) for stats in (value, wholes))
    kpi, cuts = "ai_recommended_revenue", Slices(("channel", "category"), ())
    periods = {"month": calendar.periods("month")}
    yield from tabulate(kpi, value, periods, of_lines, cuts)
    yield from tabulate(kpi, wholes, periods, of_orders, cuts)


def _credits(
    world: World, lines: dict[str, list[OrderLine]]
) -> Iterator[tuple[Placed, Advice, OrderLine]]:
    """Each line with the last reply that recommended it in time to this customer."""
    window = timedelta(seconds=world.account.recommendation_window_s)
    given: dict[str, list[Advice]] = {}
    for family in world.countable:
        for message in family.case.messages:
            if message.side == "ai" and message.recommended_skus and family.case.customer:
                advice = Advice(
                    message.at, message.message_id or "", message.recommended_skus, family
                )
                given.setdefault(family.case.customer, []).append(advice)
    for order in world.orders:
        if not order.is_countable or not order.customer:
            continue
        in_time = [
            advice
            for advice in given.get(order.customer, [])
            if timedelta(0) <= order.placed_at - advice.sent_at <= window
        ]
        for line in lines.get(order.order_id, []):
            fitting = [advice for advice in in_time if line.sku in advice.skus]
            if fitting:
                yield order, max(fitting, key=lambda advice: advice[:2]), line


def _line_net(order: Placed, line: OrderLine, lines: list[OrderLine]) -> Decimal | None:
    """A line's own amount less its share of what was given back within 30 days of placing."""
    whole = sum((one.net for one in lines if one.net is not None), Decimal(0))
    if line.net is None or order.rate is None:
        return None
    back = order.given_back(order.placed_at + REFUND_WINDOW)
    part = line.net / whole if whole else Decimal(0)
    return (line.net - part * back) * order.rate


def _dims(advice: Advice) -> Dims:
    """Of the episode that holds the reply; the ticket's where it came before any."""
    begun = [one for one in advice.family.contacts if one.opened_at <= advice.sent_at]
    return begun[-1].dims if begun else advice.family.dims
