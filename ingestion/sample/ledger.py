"""The ledger of what was said and done: columns appended step by step, sorted once at the end.

The steps of many tickets are written together (all second replies, all handoffs), because a loop
over tickets would take minutes where columns take a second.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ingestion.sample.dice import Bools, Ints

AUTHORS = ("customer", "human_agent", "ai_agent", "automation", "system")
CUSTOMER, HUMAN, AI, AUTOMATION, SYSTEM = range(len(AUTHORS))
NOBODY = -1
NOTHING = -1

Value = int | Ints
Flag = bool | Bools


class Words:
    """Values of events as numbers; those below NOTHING are tickets (-2 is the first)."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def code(self, word: str) -> int:
        return self._codes.setdefault(word, len(self._codes))

    def codes(self, words: npt.ArrayLike) -> Ints:
        return np.array([self.code(str(word)) for word in np.asarray(words)], dtype=np.int64)

    def listed(self) -> list[str]:
        return list(self._codes)


def ticket_value(tickets: Ints) -> Ints:
    return -2 - tickets


class Ledger:
    """Messages and events as they are made; `closed` gives them in order, cut at an instant."""

    def __init__(self) -> None:
        self.words = Words()
        self._messages: list[dict[str, npt.NDArray[Any]]] = []
        self._events: list[dict[str, npt.NDArray[Any]]] = []

    def say(
        self,
        ticket: Ints,
        at: Ints,
        author: int,
        body: Ints,
        *,
        author_id: Value = NOBODY,
        public: Flag = True,
        auto: Flag = False,
        gratitude: Flag = False,
        substantive: Flag = True,
        assisted: Flag = False,
        mention: Value = NOTHING,
        sku: Value = NOTHING,
    ) -> None:
        """Add a message to each of `ticket`; `mention` is an order whose number the body names."""
        size = len(ticket)
        if size:
            self._messages.append(
                {
                    "ticket": ticket.astype(np.int32),
                    "at": at.astype(np.int64),
                    "author": np.full(size, author, dtype=np.int8),
                    "body": body.astype(np.int16),
                    "author_id": np.full(size, author_id, dtype=np.int32),
                    "public": np.full(size, public, dtype=bool),
                    "auto": np.full(size, auto, dtype=bool),
                    "gratitude": np.full(size, gratitude, dtype=bool),
                    "substantive": np.full(size, substantive, dtype=bool),
                    "assisted": np.full(size, assisted, dtype=bool),
                    "mention": np.full(size, mention, dtype=np.int64),
                    "sku": np.full(size, sku, dtype=np.int32),
                }
            )

    def note(
        self,
        ticket: Ints,
        at: Ints,
        event: str,
        actor: int,
        *,
        actor_id: Value = NOBODY,
        was: Value = NOTHING,
        to: Value = NOTHING,
        reason: Value = NOTHING,
    ) -> None:
        """Add an event to each of `ticket`; values are codes of `words` or `ticket_value`."""
        size = len(ticket)
        if size:
            self._events.append(
                {
                    "ticket": ticket.astype(np.int32),
                    "at": at.astype(np.int64),
                    "event": np.full(size, self.words.code(event), dtype=np.int32),
                    "actor": np.full(size, actor, dtype=np.int8),
                    "actor_id": np.full(size, actor_id, dtype=np.int32),
                    "was": np.full(size, was, dtype=np.int32),
                    "to": np.full(size, to, dtype=np.int32),
                    "reason": np.full(size, reason, dtype=np.int32),
                }
            )

    def status(
        self, ticket: Ints, at: Ints, was: str, to: str, actor: int, actor_id: Value = NOBODY
    ) -> None:
        self.note(
            ticket,
            at,
            "status_changed",
            actor,
            actor_id=actor_id,
            was=self.words.code(was),
            to=self.words.code(to),
        )

    def closed(
        self, kind: str, end_at: int, ticket_key: npt.NDArray[np.uint64]
    ) -> dict[str, npt.NDArray[Any]]:
        """`messages` or `events` up to `end_at`, by instant, with `seq` counting in each ticket."""
        chunks = self._messages if kind == "messages" else self._events
        if not chunks:
            raise ValueError(f"sample shop: no {kind} were made; give more tickets or days")
        columns = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
        kept = np.flatnonzero(columns["at"] <= end_at)
        ticket, at = columns["ticket"][kept], columns["at"][kept]
        ranked = kept[np.lexsort((kept, ticket_key[ticket], at))]
        columns = {name: values[ranked] for name, values in columns.items()}
        by_ticket = np.argsort(columns["ticket"], kind="stable")
        sorted_ticket = columns["ticket"][by_ticket]
        starts = np.flatnonzero(np.diff(sorted_ticket, prepend=-1))
        runs = np.diff(np.append(starts, len(sorted_ticket)))
        seq = np.empty(len(by_ticket), dtype=np.int64)
        seq[by_ticket] = np.arange(len(by_ticket)) - np.repeat(starts, runs) + 1
        return {**columns, "seq": seq}
