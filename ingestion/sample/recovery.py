"""What tickets do to orders: cancellations, returns, replacements, chargebacks, rescued sales.

Orders are changed only by what happened to them earlier, and an order is refunded by one cause at
most, so that the money adds up.
"""

from dataclasses import dataclass

import numpy as np

from ingestion.sample.catalogue import DAMAGED, ORDER_CHANGE, PAYMENT, RETURNS
from ingestion.sample.clocks import DAY_S, HOUR_S
from ingestion.sample.conversations import Lives
from ingestion.sample.dice import Bools, Dice, Ints
from ingestion.sample.episodes import NEVER, Scene
from ingestion.sample.ledger import HUMAN
from ingestion.sample.orders import PAID

REASONS = ("cancelled", "return", "damaged", "goodwill", "chargeback", "no_reason")
CANCELLED, RETURNED, BROKEN, GOODWILL, CHARGEBACK, NO_REASON = range(len(REASONS))
SAVED = 0.36
REFUND_S = 300  # from a cancellation to its refund


@dataclass
class Aftermath:
    """Refund rows, and further orders: `origin` = the order replaced, or -1 for a tip of the AI."""

    order: Ints
    at: Ints
    cents: Ints
    reason: Ints
    extra_at: Ints
    extra_origin: Ints
    extra_customer: Ints
    extra_sku: Ints
    extra_about: Ints  # an order of the same customer, for country and currency


class _Refunds:
    """What might be refunded; of several causes of an order the earliest comes true."""

    def __init__(self) -> None:
        self._parts: list[tuple[Ints, Ints, Ints, Ints]] = []

    def add(self, order: Ints, at: Ints, cents: Ints, reason: int) -> None:
        self._parts.append((order, at, cents, np.full(len(order), reason)))

    def settled(self) -> tuple[Ints, Ints, Ints, Ints]:
        order, at, cents, reason = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        ranked = np.lexsort((cents, reason, at, order))
        _, first = np.unique(order[ranked], return_index=True)
        kept = ranked[first]
        return order[kept], at[kept], cents[kept], reason[kept]


def _tag(scene: Scene, ticket: Ints, at: Ints, tag: str) -> None:
    word = scene.ledger.words.code(tag)
    scene.ledger.note(ticket, at, "tag_added", HUMAN, to=word)


def settle(scene: Scene, lives: Lives) -> Aftermath:
    """Tag recovery tickets (events) and let orders take their course."""
    dice, orders = scene.dice, scene.orders
    tickets = lives.tickets
    first = np.flatnonzero((lives.episodes.seq == 1) & (lives.ends.resolved_at < NEVER))
    ticket, done = lives.episodes.ticket[first], lives.ends.resolved_at[first]
    has_order = tickets.order[ticket] >= 0
    ticket, done = ticket[has_order], done[has_order]
    kind = tickets.category[ticket] * 10 + tickets.subcategory[ticket]
    key, order = tickets.key[ticket], tickets.order[ticket]
    saved = dice.below("saved", key, SAVED)
    goods = orders.payment[order] == PAID
    refunds = _Refunds()
    total = orders.total[order]

    cancels = (kind == ORDER_CHANGE * 10) & goods
    _tag(scene, ticket[cancels], done[cancels] - 4, "cancel_request")
    lost = np.flatnonzero(cancels & ~saved)
    refunds.add(order[lost], done[lost] + REFUND_S, total[lost], CANCELLED)

    threat = (kind == PAYMENT * 10 + 3) & goods
    _tag(scene, ticket[threat], done[threat] - 4, "chargeback_threat")
    lost = np.flatnonzero(threat & ~saved)
    wait = (DAY_S * (4 + 12 * dice.uniform("charged_back", key[lost]))).astype(np.int64)
    refunds.add(order[lost], done[lost] + wait, total[lost], CHARGEBACK)

    asks = (kind == RETURNS * 10) & goods
    _tag(scene, ticket[asks], done[asks] - 4, "return_request")
    kept = (asks & saved) | (cancels & saved) | (threat & saved)
    _tag(scene, ticket[kept], done[kept] - 3, "saved")
    swaps = np.flatnonzero((asks & saved) | ((kind == RETURNS * 10 + 2) & goods))
    back = np.flatnonzero(asks & ~saved)
    wait = (DAY_S * (5 + 8 * dice.uniform("sent_back", key[back]))).astype(np.int64)
    refunds.add(order[back], done[back] + wait, orders.goods[order[back]], RETURNED)

    broken = np.flatnonzero((tickets.category[ticket] == DAMAGED) & goods)
    remedy = dice.choice("remedy", key[broken], (5, 2, 3))
    small = broken[remedy == 1]
    refunds.add(order[small], done[small] + 60, orders.goods[order[small]] // 5, GOODWILL)
    full = broken[remedy == 2]
    refunds.add(order[full], done[full] + DAY_S, orders.goods[order[full]], BROKEN)
    new = broken[remedy == 0]

    _without_ticket(dice, scene, refunds)
    replaced = np.concatenate([swaps, new])
    tips = _tips(scene, lives)
    wait = (HOUR_S * (1 + 20 * dice.uniform("sent_anew", key[replaced]))).astype(np.int64)
    refund = refunds.settled()
    cancelled = refund[3] == CANCELLED
    orders.cancelled_at[refund[0][cancelled]] = refund[1][cancelled] - REFUND_S
    return Aftermath(
        order=refund[0],
        at=refund[1],
        cents=refund[2],
        reason=refund[3],
        extra_at=np.concatenate([done[replaced] + wait, tips[0]]),
        extra_origin=np.concatenate([order[replaced], np.full(len(tips[0]), -1)]),
        extra_customer=np.concatenate([orders.customer[order[replaced]], tips[1]]),
        extra_sku=np.concatenate([orders.first_sku[order[replaced]], tips[2]]),
        extra_about=np.concatenate([order[replaced], tips[3]]),
    )


def _without_ticket(dice: Dice, scene: Scene, refunds: _Refunds) -> None:
    """Most customers send things back, cancel or dispute without writing to anyone."""
    orders = scene.orders
    goods = orders.payment == PAID
    cancels = np.flatnonzero(goods & dice.below("cancels", orders.key, 0.008))
    wait = 600 + dice.exponential("cancels_at", orders.key[cancels], 3.0 * HOUR_S)
    at = orders.at[cancels] + wait.astype(np.int64)
    refunds.add(cancels, at + REFUND_S, orders.total[cancels], CANCELLED)

    returns = np.flatnonzero(goods & dice.below("sends_back", orders.key, 0.045))
    wait = DAY_S * (7 + 14 * dice.uniform("sends_back_at", orders.key[returns]))
    share = np.where(dice.below("all_of_it", orders.key[returns], 0.45), 1.0, 0.5)
    cents = (orders.goods[returns] * share).astype(np.int64)
    refunds.add(returns, orders.delivered_at[returns] + wait.astype(np.int64), cents, NO_REASON)

    disputes = np.flatnonzero(goods & dice.below("disputes", orders.key, 0.0012))
    wait = DAY_S * (9 + 30 * dice.uniform("disputes_at", orders.key[disputes]))
    at = orders.at[disputes] + wait.astype(np.int64)
    refunds.add(disputes, at, orders.total[disputes], CHARGEBACK)


def _tips(scene: Scene, lives: Lives) -> tuple[Ints, Ints, Ints, Ints]:
    """Instant, customer, sku and an earlier order of sales that the AI's advice led to."""
    dice, orders = scene.dice, scene.orders
    ticket, sku, at = lives.recommended
    key = dice.child("tip", lives.tickets.key[ticket])
    customer = lives.tickets.customer[ticket]
    known: Bools = (customer >= 0) & lives.tickets.has_customer[ticket]
    buys = known & dice.below("buys", key, 0.3)
    wait = DAY_S * (0.05 + 2.4 * dice.uniform("buys_at", key))
    _, first = np.unique(orders.customer, return_index=True)
    about = first[np.clip(customer, 0, len(first) - 1)]
    bought = (at + wait.astype(np.int64))[buys]
    return bought, customer[buys], sku[buys], about[buys]
