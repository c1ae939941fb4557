"""The rows of the export format as dataclasses: its columns, its defaults, nothing judged.

What a row says of itself without knowing another (K4's customer message, K6's reply, the state that
an event enters) is a property here; everything else is decided where its rule is followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

RESOLVED_STATES = frozenset({"resolved", "closed"})


@dataclass(frozen=True)
class Account:
    """The `[account]` of bookbag.toml; `week_start` 1 = Monday; `as_of` None = the newest row."""

    id: str
    timezone: str
    currency: str = "USD"
    week_start: int = 1
    as_of: datetime | None = None
    ai_coverage_complete_from: date | None = None
    source_timezone: str = "UTC"
    recommendation_window_s: int = 3 * 86400
    churn_window_s: int | None = None  # None: by the account's own rhythm (R4)
    resolution_window_s: int = 168 * 3600


@dataclass(frozen=True)
class Ticket:
    ticket_id: str
    created_at: datetime | None = None
    updated_at: datetime | None = None
    customer_id: str | None = None
    customer_email: str | None = None
    channel: str | None = None
    is_sync: bool | None = None
    category: str | None = None
    priority: str | None = None
    tags: tuple[str, ...] = ()
    team: str | None = None
    assignee_id: str | None = None
    order_id: str | None = None
    is_spam: bool = False
    is_deleted: bool = False
    deleted_at: datetime | None = None
    is_test: bool = False
    merged_into: str | None = None
    first_reply_at: datetime | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True)
class Message:
    ticket_id: str
    sent_at: datetime
    author_kind: str
    message_id: str | None = None
    author_id: str | None = None
    is_public: bool = True
    is_auto: bool = False
    is_gratitude: bool = False
    is_substantive: bool = True
    recommended_skus: tuple[str, ...] = ()
    seq: int | None = None
    is_misdated: bool = False  # K2: it said that it was well before its ticket

    @property
    def at(self) -> datetime:
        return self.sent_at

    @property
    def is_from_customer(self) -> bool:
        """K4: what the other rules call a customer message."""
        own = self.author_kind == "customer" and self.is_public
        return own and not self.is_auto and not self.is_gratitude

    @property
    def side(self) -> str | None:
        """K6: "ai" or "human" when this is a reply, else None."""
        if not self.is_public or self.is_auto:
            return None
        return {"ai_agent": "ai", "human_agent": "human"}.get(self.author_kind)


@dataclass(frozen=True)
class Event:
    ticket_id: str
    occurred_at: datetime
    event_type: str
    event_id: str | None = None
    from_value: str | None = None
    to_value: str | None = None
    reason: str | None = None
    actor_kind: str | None = None
    actor_id: str | None = None
    seq: int | None = None
    is_misdated: bool = False  # K2: it said that it was well before its ticket

    @property
    def at(self) -> datetime:
        return self.occurred_at

    @property
    def state(self) -> str | None:
        """The state that the source says the ticket enters, None when it says nothing of it."""
        if self.event_type == "status_changed":
            return "resolved" if self.to_value == "solved" else self.to_value
        return {
            "resolved": "resolved",
            "closed": "closed",
            "reopened": "open",
            "snoozed": "snoozed",
            "unsnoozed": "open",
        }.get(self.event_type)


@dataclass(frozen=True)
class Rating:
    ticket_id: str
    rated_at: datetime
    score: str
    scale: str = "1-5"
    target: str = "ticket"
    survey_sent_at: datetime | None = None
    episode_seq: int | None = None


@dataclass(frozen=True)
class Agent:
    agent_id: str
    kind: str = "human_agent"
    team: str | None = None


@dataclass(frozen=True)
class Customer:
    customer_id: str
    email: str | None = None
    merged_into: str | None = None
    is_test: bool = False
    is_internal: bool = False


@dataclass(frozen=True)
class Order:
    order_id: str
    placed_at: datetime
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    payment_status: str | None = None
    customer_id: str | None = None
    customer_email: str | None = None
    total: Decimal | None = None
    currency: str | None = None
    is_test: bool = False
    is_replacement: bool = False
    is_deleted: bool = False
    updated_at: datetime | None = None


@dataclass(frozen=True)
class Refund:
    order_id: str
    refunded_at: datetime
    amount: Decimal
    refund_id: str | None = None
    kind: str = "refund"

    @property
    def at(self) -> datetime:
        return self.refunded_at


@dataclass(frozen=True)
class OrderLine:
    order_id: str
    quantity: Decimal
    line_no: int | None = None
    sku: str | None = None
    net_amount: Decimal | None = None
    unit_price: Decimal | None = None

    @property
    def net(self) -> Decimal | None:
        if self.net_amount is None and self.unit_price is not None:
            return self.quantity * self.unit_price
        return self.net_amount


@dataclass(frozen=True)
class FxRate:
    """Account currency for one unit of `currency`."""

    date: date
    currency: str
    rate: Decimal


@dataclass(frozen=True)
class NpsResponse:
    customer_id: str
    responded_at: datetime
    score: int

    @property
    def at(self) -> datetime:
        return self.responded_at


@dataclass(frozen=True)
class Review:
    """A row of `qa_reviews`; without `episode_seq` it is about the ticket's last episode."""

    ticket_id: str
    reviewed_at: datetime
    is_correct: bool
    reviewer: str | None = None
    episode_seq: int | None = None

    @property
    def at(self) -> datetime:
        return self.reviewed_at


@dataclass(frozen=True)
class CostRate:
    handling: str
    unit_cost: Decimal
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True)
class Hours:
    schedule: str
    timezone: str
    weekday: int
    opens: str
    closes: str


@dataclass(frozen=True)
class Holiday:
    schedule: str
    date: date


@dataclass(frozen=True)
class TimeEntry:
    ticket_id: str
    agent_id: str
    started_at: datetime
    seconds: int
    method: str | None = None  # tracked; two rows are one only where they say the same
    entry_id: str | None = None

    @property
    def at(self) -> datetime:
        return self.started_at


@dataclass(frozen=True)
class Shift:
    """A row of `roster`."""

    agent_id: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class SupportCost:
    """A row of `support_costs`; `month` is YYYY-MM."""

    month: str
    kind: str
    amount: Decimal
    team: str | None = None


@dataclass(frozen=True)
class Target:
    """A row of `targets`, as far as a KPI reads one; an empty segment is `all`."""

    kpi: str
    stat: str | None = None
    good: Decimal | None = None
    valid_from: date | None = None
    handling: str = "all"
    channel: str = "all"
    category: str = "all"
    team: str = "all"
    customer_segment: str = "all"
