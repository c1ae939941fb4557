"""Who is who: one key per person over ids, merges and e-mail addresses (traps X13).

Ids of the customers file are joined by `merged_into` and by equal addresses. A ticket or an order
is linked by its customer id, else by its address. Names are never compared.
"""

from __future__ import annotations

from .export import Customer


class Identities:
    """The persons behind the customer ids and addresses of one shop."""

    def __init__(self, customers: list[Customer]) -> None:
        self._parent: dict[str, str] = {}
        for row in customers:
            self._join(f"id:{row.customer_id}", f"id:{row.customer_id}")
            if row.merged_into:
                self._join(f"id:{row.customer_id}", f"id:{row.merged_into}")
            if row.email:
                self._join(f"id:{row.customer_id}", _address(row.email))
        self._test = {
            self._root(f"id:{row.customer_id}")
            for row in customers
            if row.is_test or row.is_internal
        }

    def key(self, customer_id: str | None, email: str | None) -> str | None:
        """The person of a ticket or an order; None when it names nobody."""
        if customer_id:
            return self._root(f"id:{customer_id}")
        return self._root(_address(email)) if email else None

    def is_test(self, key: str | None) -> bool:
        """Whether the person is the shop's own or a test one (X6)."""
        return key in self._test

    def _root(self, name: str) -> str:
        while self._parent.get(name, name) != name:
            name = self._parent[name]
        return name

    def _join(self, one: str, other: str) -> None:
        one, other = sorted((self._root(one), self._root(other)))
        self._parent[other] = one


def _address(email: str) -> str:
    return f"email:{email.strip().lower()}"
