"""Tickets, messages, events and what hangs on them, as a helpdesk would export them at the end.

Every column of a ticket that can change is read back from its events, so that the two always agree.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.sample import columns
from ingestion.sample.catalogue import (
    BRANDS,
    CATEGORIES,
    CHANNELS,
    LANGUAGES,
    SUBCATEGORIES,
    TEAMS,
    products,
)
from ingestion.sample.conversations import uncategorised
from ingestion.sample.customers import Identities
from ingestion.sample.demand import LINKED, Tickets
from ingestion.sample.dice import Bools, Ints
from ingestion.sample.episodes import Scene
from ingestion.sample.ledger import AI, AUTHORS, HUMAN
from ingestion.sample.order_tables import OrderBook
from ingestion.sample.texts import BODIES

FIRST_NUMBER = 100_001
PRIORITIES = ("low", "normal", "high", "urgent")
STATES = ("new", "open", "pending", "on_hold", "snoozed", "solved", "closed")
SUBJECTS = (
    "Where is my order?", "Return or refund", "Question about a product", "Change my order",
    "Payment", "Something is wrong with my item", "Other",
)  # fmt: skip
STATE_OF_EVENT = {
    "created": "new",
    "resolved": "solved",
    "closed": "closed",
    "reopened": "open",
    "snoozed": "snoozed",
    "unsnoozed": "open",
}

Columns = dict[str, npt.NDArray[Any]]


@dataclass
class Desk:
    """The cut ledger with the tickets that can be seen, and their numbers (0 = unseen)."""

    scene: Scene
    tickets: Tickets
    is_test: Bools
    messages: Columns
    events: Columns
    number: Ints

    @property
    def words(self) -> list[str]:
        return self.scene.ledger.words.listed()

    def ids(self, ticket: Ints, present: Bools | None = None) -> pa.Array:
        return columns.ids("T", self.number[ticket], present)

    def latest(self, **kinds: int) -> tuple[Ints, Ints, Ints]:
        """Value, instant and `to` of each ticket's last event of the kinds; -1 without one."""
        codes = {self.scene.ledger.words.code(event): value for event, value in kinds.items()}
        event = self.events["event"].astype(np.int64)
        rows = np.flatnonzero(np.isin(event, list(codes)))
        last = np.full(len(self.tickets), -1)
        last[self.events["ticket"][rows]] = rows
        found = last >= 0
        lookup = np.full(max(codes) + 1, -1)
        lookup[list(codes)] = list(codes.values())
        value = np.where(found, lookup[np.minimum(event[last], len(lookup) - 1)], -1)
        at = np.where(found, self.events["at"][last], -1)
        to = np.where(found, self.events["to"][last], -1)
        return value, at, to


def open_desk(scene: Scene, tickets: Tickets, is_test: Bools) -> Desk:
    story = scene.story
    messages = scene.ledger.closed("messages", story.end_at, tickets.key)
    events = scene.ledger.closed("events", story.end_at, tickets.key)
    seen = (tickets.at >= story.start_at) & (tickets.at < story.end_at)
    merges = events["event"] == scene.ledger.words.code("merged_into")
    source = events["ticket"][merges].astype(np.int64)
    target = -2 - events["to"][merges].astype(np.int64)
    for _ in range(3):  # a chain is no longer than that
        seen[source[~seen[target]]] = False
    rows = np.flatnonzero(seen)
    rank = rows[np.lexsort((tickets.key[rows], tickets.at[rows]))]
    number = np.zeros(len(tickets), dtype=np.int64)
    number[rank] = np.arange(len(rank)) + FIRST_NUMBER
    messages = {name: values[seen[messages["ticket"]]] for name, values in messages.items()}
    events = {name: values[seen[events["ticket"]]] for name, values in events.items()}
    return Desk(scene, tickets, is_test, messages, events, number)


def author_ids(scene: Scene) -> list[str]:
    return ["ai-1", "rules", *(agent.agent_id for agent in scene.staff.agents)]


def message_table(desk: Desk, book: OrderBook) -> pa.Table:
    rows = desk.messages
    size = len(rows["at"])
    mention = rows["mention"].astype(np.int64)
    number = np.where(mention >= 0, book.number[np.maximum(mention, 0)], 0)
    body = columns.words(rows["body"], BODIES)
    named = pc.binary_join_element_wise(body, columns.ids("#", number), " My order is ")
    body = pc.if_else(pa.array(number > 0), pc.binary_join_element_wise(named, ".", ""), body)
    skus = [f'["{sku}"]' for sku in products().sku]
    return pa.table(
        {
            "message_id": columns.ids("M", np.arange(1, size + 1)),
            "ticket_id": desk.ids(rows["ticket"]),
            "sent_at": columns.instants(rows["at"].astype(np.int64)),
            "author_kind": columns.words(rows["author"], AUTHORS),
            "author_id": columns.words(rows["author_id"], author_ids(desk.scene)),
            "is_public": columns.flags(rows["public"]),
            "is_auto": columns.flags(rows["auto"]),
            "is_gratitude": columns.flags(rows["gratitude"]),
            "is_substantive": columns.flags(rows["substantive"]),
            "is_ai_assisted": columns.flags(rows["assisted"]),
            "recommended_skus": columns.words(rows["sku"], skus),
            "body": body,
            "seq": columns.numbers(rows["seq"].astype(np.int64)),
        }
    )


def _values(desk: Desk, codes: Ints) -> pa.Array:
    """Words, or the id of a ticket."""
    about = codes <= -2
    ids = desk.ids(np.where(about, -2 - codes, 0), about)
    return pc.coalesce(columns.words(codes, desk.words), ids)


def event_table(desk: Desk) -> pa.Table:
    rows = desk.events
    size = len(rows["at"])
    return pa.table(
        {
            "event_id": columns.ids("E", np.arange(1, size + 1)),
            "ticket_id": desk.ids(rows["ticket"]),
            "occurred_at": columns.instants(rows["at"].astype(np.int64)),
            "event_type": columns.words(rows["event"], desk.words),
            "from_value": _values(desk, rows["was"].astype(np.int64)),
            "to_value": _values(desk, rows["to"].astype(np.int64)),
            "reason": columns.words(rows["reason"], desk.words),
            "actor_kind": columns.words(rows["actor"], AUTHORS),
            "actor_id": columns.words(rows["actor_id"], author_ids(desk.scene)),
            "seq": columns.numbers(rows["seq"].astype(np.int64)),
        }
    )


def _states(desk: Desk) -> tuple[Ints, Ints]:
    """Position in STATES of each ticket, and when it was last resolved."""
    words = desk.scene.ledger.words
    event, to = (desk.events[name].astype(np.int64) for name in ("event", "to"))
    state_of_word = np.full(len(words.listed()) + 1, -1)
    for place, name in enumerate(STATES):
        state_of_word[words.code(name)] = place
    state_of_word[words.code("resolved")] = STATES.index("solved")
    becomes = np.full(len(words.listed()) + 1, -1)
    for name, becoming in STATE_OF_EVENT.items():
        becomes[words.code(name)] = STATES.index(becoming)
    changes = event == words.code("status_changed")
    state = np.where(changes, state_of_word[np.where(changes, to, 0)], becomes[event])
    last = np.zeros(len(desk.tickets), dtype=np.int64)
    rows = np.flatnonzero(state >= 0)
    ticket, state = desk.events["ticket"][rows].astype(np.int64), state[rows]
    last[ticket] = state
    order = np.argsort(ticket, kind="stable")
    done = state[order] >= STATES.index("solved")
    before = np.roll(done, 1) & (np.roll(ticket[order], 1) == ticket[order])
    before[:1] = False
    enters = rows[order][done & ~before]
    resolved = np.full(len(desk.tickets), -1)
    np.maximum.at(resolved, desk.events["ticket"][enters], desk.events["at"][enters])
    return last, np.where(last >= STATES.index("solved"), resolved, -1)


def _first_reply(desk: Desk) -> Ints:
    rows = desk.messages
    replies = np.isin(rows["author"], (HUMAN, AI)) & rows["public"] & ~rows["auto"].astype(bool)
    first = np.full(len(desk.tickets), -1)
    ticket, at = rows["ticket"][replies][::-1], rows["at"][replies][::-1]
    first[ticket] = at
    return first


def _updated(desk: Desk) -> Ints:
    updated = desk.tickets.at.copy()
    for rows in (desk.messages, desk.events):
        np.maximum.at(updated, rows["ticket"], rows["at"])
    return updated


def _tags(desk: Desk) -> list[str]:
    """The tags of each ticket as JSON text."""
    rows = np.flatnonzero(desk.events["event"] == desk.scene.ledger.words.code("tag_added"))
    words, tags = desk.words, [""] * len(desk.tickets)
    for ticket, code in zip(desk.events["ticket"][rows], desk.events["to"][rows], strict=True):
        tags[ticket] += f',"{words[code]}"' if tags[ticket] else f'"{words[code]}"'
    return [f"[{listed}]" for listed in tags]


def ticket_table(desk: Desk, book: OrderBook, people: Identities) -> pa.Table:
    tickets, scene = desk.tickets, desk.scene
    rank = np.argsort(desk.number, kind="stable")
    rank = rank[desk.number[rank] > 0]
    some = tickets.take(rank)
    state, resolved = (column[rank] for column in _states(desk))
    _, _, assigned = desk.latest(assigned=1)
    codes = {scene.ledger.words.code(agent.agent_id): n for n, agent in enumerate(
        scene.staff.agents)}  # fmt: skip
    agent = np.array([codes.get(int(code), -1) for code in assigned[rank]])
    spam, _, _ = desk.latest(spam_marked=1, spam_unmarked=0)
    deleted, deleted_at, _ = desk.latest(deleted=1, restored=0)
    merged, _, target = desk.latest(merged_into=1, unmerged=0)
    is_merged = merged[rank] == 1
    survivor = np.where(is_merged, -2 - target[rank], 0)
    sorted_in = ~uncategorised(scene, some) & (some.category >= 0)
    category = np.where(sorted_in, some.category, -1)
    flat = [sub for group in SUBCATEGORIES for sub in group]
    starts = np.cumsum([0, *(len(group) for group in SUBCATEGORIES)])
    subcategory = np.where(sorted_in, starts[some.category] + some.subcategory, -1)
    order = np.where(some.order >= 0, book.number[np.maximum(some.order, 0)], 0)
    first_reply = _first_reply(desk)[rank]
    is_deleted = deleted[rank] == 1
    number = people.id_at(np.where(some.has_customer, some.customer, -1), some.at)
    stranger = columns.ids("visitor", (some.key % np.uint64(10**9)).astype(np.int64))
    stranger = pc.binary_join_element_wise(stranger, "mail.example", "@")
    email = pc.if_else(pa.array(some.customer >= 0), people.emails(some.customer), stranger)
    tags = _tags(desk)
    return pa.table(
        {
            "ticket_id": desk.ids(rank),
            "created_at": columns.instants(some.at),
            "updated_at": columns.instants(_updated(desk)[rank]),
            "customer_id": people.ids(number),
            "customer_email": columns.where(some.has_email, email),
            "channel": columns.words(some.channel, CHANNELS),
            "is_sync": columns.flags(some.is_sync),
            "category": columns.words(category, CATEGORIES),
            "subcategory": columns.words(subcategory, flat),
            "status": columns.words(state, STATES),
            "priority": columns.words(some.priority, PRIORITIES),
            "team": columns.words(some.team, TEAMS),
            "assignee_id": columns.words(agent, [who.agent_id for who in scene.staff.agents]),
            "brand": columns.words(some.brand, BRANDS),
            "subject": columns.words(category, SUBJECTS),
            "tags": columns.texts([tags[ticket] for ticket in rank]),
            "language": columns.words(some.language, LANGUAGES),
            "product_sku": columns.words(some.sku, products().sku),
            "order_id": columns.ids("#", order, (order > 0) & (some.link == LINKED)),
            "is_spam": columns.flags(spam[rank] == 1),
            "is_deleted": columns.flags(is_deleted),
            "deleted_at": columns.instants(deleted_at[rank], is_deleted),
            "is_test": columns.flags(desk.is_test[rank]),
            "merged_into": desk.ids(survivor, is_merged),
            "first_reply_at": columns.instants(first_reply, first_reply >= 0),
            "resolved_at": columns.instants(resolved, resolved >= 0),
        }
    )
