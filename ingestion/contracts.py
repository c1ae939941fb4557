"""The open export format as data: every entity, its columns, their types and allowed values.

One table of contracts is read by the parser (what a cell must be), by the landing (which columns a
raw table has) and by the configuration (which names a mapping may use), so that a column is added
in one place. Defaults are not here: an absent value lands as NULL and staging gives it its default.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

TYPES = (
    "text",
    "instant",
    "date",
    "boolean",
    "integer",
    "decimal",
    "double",
    "list",
    "score",
    "month",
    "clock",
)

AUTHOR_KINDS = ("customer", "human_agent", "ai_agent", "automation", "system")
EVENT_TYPES = (
    "created",
    "status_changed",
    "resolved",
    "closed",
    "reopened",
    "assigned",
    "unassigned",
    "handoff",
    "merged_into",
    "unmerged",
    "split_from",
    "tag_added",
    "tag_removed",
    "category_set",
    "priority_set",
    "snoozed",
    "unsnoozed",
    "spam_marked",
    "spam_unmarked",
    "trashed",
    "restored",
    "deleted",
    "survey_sent",
    "survey_answered",
    "ai_outcome",
    "schedule_set",
)
STATUSES = ("new", "open", "pending", "on_hold", "snoozed", "solved", "resolved", "closed")
PAYMENT_STATUSES = (
    "paid",
    "partially_paid",
    "refunded",
    "partially_refunded",
    "pending",
    "unpaid",
    "failed",
    "expired",
    "voided",
)
GOOD_BAD = "good_bad"
SCALES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"1-5": (1, 5), "1-3": (1, 3), "1-10": (1, 10)}
)

# Plans may lie ahead; everything else that claims to have happened may not.
PLANNED = frozenset({"starts_at", "ends_at", "active_from", "active_to"})


@dataclass(frozen=True)
class Column:
    """One column: `type` is one of TYPES; `allowed` words are matched without regard to case."""

    name: str
    type: str = "text"
    is_required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None

    @property
    def is_event_time(self) -> bool:
        """True where an instant after now cannot be right."""
        return self.type == "instant" and self.name not in PLANNED


@dataclass(frozen=True)
class Entity:
    """One table; `key` is empty where only the hash of the row tells rows apart.

    `identity` names what is hashed instead where a row gives no key; empty = the whole row.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.is_required)

    @property
    def has_updated_at(self) -> bool:
        return "updated_at" in self.names


def _columns(text: str, **details: Column) -> tuple[Column, ...]:
    """Columns from `name`, `name*` (required) and `name:type`, `details` replacing some by name."""
    columns = []
    for word in text.split():
        name, _, kind = word.partition(":")
        plain = name.rstrip("*")
        kind = kind or ("instant" if plain.endswith("_at") else "")
        kind = kind or ("boolean" if plain.startswith("is_") else "text")
        column = Column(plain, kind, is_required=name.endswith("*"))
        if plain in details:
            column = details[plain]
        columns.append(column)
    return tuple(columns)


def _entity(name: str, key: str, text: str, identity: str = "", **details: Column) -> Entity:
    return Entity(name, _columns(text, **details), tuple(key.split()), tuple(identity.split()))


def _word(name: str, *allowed: str, is_required: bool = False) -> Column:
    return Column(name, "text", is_required, allowed)


def _count(name: str, minimum: int, maximum: int | None = None) -> Column:
    return Column(name, "integer", True, (), minimum, maximum)


_ENTITIES = (
    _entity(
        "tickets",
        "ticket_id",
        "ticket_id* created_at updated_at customer_id customer_email channel is_sync category"
        " subcategory status priority team assignee_id brand subject tags:list language"
        " product_sku order_id is_spam is_deleted deleted_at is_test merged_into first_reply_at"
        " resolved_at",
    ),
    _entity(
        "messages",
        "message_id",
        "message_id ticket_id* sent_at* author_kind* author_id is_public is_auto is_gratitude"
        " is_substantive is_ai_assisted recommended_skus:list body seq:integer",
        author_kind=_word("author_kind", *AUTHOR_KINDS, is_required=True),
    ),
    _entity(
        "ticket_events",
        "event_id",
        "event_id ticket_id* occurred_at* event_type* from_value to_value reason actor_kind"
        " actor_id seq:integer",
        # The same event out of two exports may be numbered anew.
        identity="ticket_id occurred_at event_type from_value to_value actor_kind actor_id",
        event_type=_word("event_type", *EVENT_TYPES, is_required=True),
        actor_kind=_word("actor_kind", *AUTHOR_KINDS),
    ),
    _entity(
        "csat_responses",
        "",
        "ticket_id* rated_at* score*:score scale target survey_sent_at episode_seq:integer",
        scale=_word("scale", *SCALES, GOOD_BAD),
        target=_word("target", "ai", "human", "ticket"),
    ),
    _entity(
        "agents",
        "agent_id",
        "agent_id* name kind team active_from:instant active_to:instant",
        kind=_word("kind", *AUTHOR_KINDS[1:]),
    ),
    _entity(
        "customers",
        "customer_id",
        "customer_id* email phone merged_into created_at is_test is_internal",
    ),
    _entity(
        "orders",
        "order_id",
        "order_id* placed_at* paid_at cancelled_at payment_status customer_id customer_email"
        " total:decimal discount:decimal tax:decimal shipping:decimal currency sales_channel"
        " country is_test is_replacement is_deleted updated_at",
        payment_status=_word("payment_status", *PAYMENT_STATUSES),
    ),
    _entity(
        "order_lines",
        "order_id line_no",
        "order_id* line_no:integer sku product_type quantity*:decimal net_amount:decimal"
        " unit_price:decimal placed_at customer_id customer_email currency country",
    ),
    _entity(
        "refunds",
        "refund_id",
        "refund_id order_id* refunded_at* amount*:decimal reason kind",
        kind=_word("kind", "refund", "chargeback"),
    ),
    _entity(
        "time_entries",
        "entry_id",
        "entry_id ticket_id* agent_id* started_at* seconds*:integer method",
        seconds=_count("seconds", 0),
        method=_word("method", "tracked", "helpdesk"),
    ),
    _entity(
        "nps_responses",
        "",
        "customer_id* responded_at* score* survey",
        score=_count("score", 0, 10),
    ),
    _entity(
        "qa_reviews",
        "",
        "ticket_id* reviewed_at* is_correct* reviewer category episode_seq:integer",
    ),
    _entity(
        "cost_rates",
        "",
        "handling* unit_cost*:decimal valid_from*:date valid_to:date",
        handling=_word("handling", "ai", "human", is_required=True),
    ),
    _entity("support_costs", "", "month*:month kind* amount*:decimal team"),
    _entity("fx_rates", "", "date*:date currency* rate*:double"),
    _entity("roster", "", "agent_id* starts_at* ends_at*"),
    _entity(
        "calendar_context",
        "",
        "name* kind* starts_on*:date ends_on*:date channel category kpi expected_direction",
        kind=_word("kind", "peak", "promo", "closure", "outage", "launch", is_required=True),
        expected_direction=_word("expected_direction", "up", "down"),
    ),
    _entity(
        "schedules",
        "",
        "schedule* timezone* weekday* opens*:clock closes*:clock",
        weekday=_count("weekday", 1, 7),
    ),
    _entity("holidays", "", "schedule* date*:date name"),
    _entity(
        "targets",
        "",
        "kpi* stat good:double better:double best:double alert_below:double alert_above:double"
        " valid_from:date handling channel category team customer_segment",
    ),
)

ENTITIES: Mapping[str, Entity] = MappingProxyType({entity.name: entity for entity in _ENTITIES})
