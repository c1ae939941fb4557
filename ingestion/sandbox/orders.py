"""Orders with their lines and refunds, as they stand at any instant.

The export holds an order as it ended; payment, cancellation and refunds are undone again for an
instant before they happened.
"""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass

from ingestion.sandbox.replay import Row
from ingestion.sandbox.rows import number

TURNED_BY_REFUND = ("refunded", "partially_refunded")
TURNED_BY_PAYMENT = ("paid", "partially_paid", *TURNED_BY_REFUND)


@dataclass(frozen=True)
class OrderState:
    """`payment_status` is a word of the export; `updated_at` the last change seen."""

    payment_status: str
    paid_at: int | None
    cancelled_at: int | None
    refunds: tuple[Row, ...]
    is_deleted: bool
    updated_at: int


@dataclass(frozen=True)
class Order:
    """An order as the export has it; `changes` are the instants at which it changed, ascending."""

    number: int
    row: Row
    lines: tuple[Row, ...]
    refunds: tuple[Row, ...]
    changes: tuple[int, ...]

    def as_of(self, at: int) -> OrderState:
        """The order at `at`; ValueError before it was placed."""
        seen = bisect_right(self.changes, at)
        if not seen:
            raise ValueError(f"order {self.row['order_id']} is not placed yet")
        paid, cancelled = (
            instant if (instant := self.row.get(name)) is not None and instant <= at else None
            for name in ("paid_at", "cancelled_at")
        )
        refunds = tuple(refund for refund in self.refunds if refund["refunded_at"] <= at)
        return OrderState(
            payment_status=self._payment(at, refunds, ended=seen == len(self.changes)),
            paid_at=paid,
            cancelled_at=cancelled,
            refunds=refunds,
            is_deleted=bool(self.row.get("is_deleted")) and seen == len(self.changes),
            updated_at=self.changes[seen - 1],
        )

    def _payment(self, at: int, refunds: tuple[Row, ...], *, ended: bool) -> str:
        final = self.row.get("payment_status") or "pending"
        if ended:
            return final
        paid_at = self.row.get("paid_at")
        if final in TURNED_BY_PAYMENT and paid_at is not None and paid_at > at:
            return "pending"
        if final in TURNED_BY_REFUND:
            back = sum(refund["amount"] for refund in refunds)
            return "partially_refunded" if back > 0 else "paid"
        return final if final in TURNED_BY_PAYMENT else "pending"


def orders_of(orders: list[Row], lines: list[Row], refunds: list[Row]) -> dict[int, Order]:
    """Orders by number."""
    lines_of: dict[str, list[Row]] = defaultdict(list)
    refunds_of: dict[str, list[Row]] = defaultdict(list)
    for line in lines:
        lines_of[line["order_id"]].append(line)
    for refund in sorted(refunds, key=lambda row: row["refunded_at"]):
        refunds_of[refund["order_id"]].append(refund)
    found: dict[int, Order] = {}
    for row in orders:
        natural = row["order_id"]
        mine = refunds_of.get(natural, [])
        changes = {row.get(name) for name in ("placed_at", "paid_at", "cancelled_at", "updated_at")}
        changes |= {refund["refunded_at"] for refund in mine}
        order = Order(
            number("order", natural),
            row,
            tuple(lines_of.get(natural, ())),
            tuple(mine),
            tuple(sorted(at for at in changes if at is not None and at >= row["placed_at"])),
        )
        if order.number in found:
            other = found[order.number].row["order_id"]
            raise ValueError(f"orders {natural} and {other} share an id")
        found[order.number] = order
    return found
