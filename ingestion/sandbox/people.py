"""Who writes to the shop: customers as a helpdesk knows them, one for each e-mail address.

A helpdesk merges users and forgets the losers, so a merged or doubled account never shows: its
tickets are its survivor's. Whoever writes without an account is a person all the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ingestion.sandbox.replay import Row
from ingestion.sandbox.rows import number


@dataclass(frozen=True, slots=True)
class Customer:
    """`external_id` is the shop's customer_id, None for strangers; instants are in seconds.

    `wrote_at` is when their first ticket was opened, None if they never wrote.
    """

    number: int
    external_id: str | None
    name: str
    email: str | None
    phone: str | None
    created_at: int
    wrote_at: int | None
    is_test: bool = False
    is_internal: bool = False


class People:
    """Every customer once, and the way from a ticket or an order to its customer."""

    def __init__(self, customers: list[Row], tickets: Iterable[Row]) -> None:
        self._rows = {row["customer_id"]: row for row in customers}
        self._owner: dict[str, str] = {}
        for row in customers:
            if row.get("email") and not row.get("merged_into"):
                self._owner.setdefault(row["email"].lower(), row["customer_id"])
        self._found: dict[str, Customer] = {}
        self._of_ticket: dict[str, str] = {}
        for row in customers:
            self._met(self.key(row["customer_id"], row.get("email")), row)
        for row in tickets:
            key = self.key(row.get("customer_id"), row.get("customer_email"))
            key = key or f"visitor {row['ticket_id']}"
            self._of_ticket[row["ticket_id"]] = key
            self._met(key, row)
            known = self._found[key]
            first = min(known.wrote_at or row["created_at"], row["created_at"])
            self._found[key] = replace(known, wrote_at=first)
        self.by_number = {person.number: person for person in self._found.values()}

    def key(self, customer_id: str | None, email: str | None) -> str:
        """The natural id of whom the two point to; empty for nobody."""
        seen = set()
        while customer_id in self._rows and self._rows[customer_id].get("merged_into"):
            if customer_id in seen:
                raise ValueError(f"customers: {customer_id} is merged into itself")
            seen.add(customer_id)
            customer_id = self._rows[customer_id]["merged_into"]
        if customer_id in self._rows:
            email = self._rows[customer_id].get("email") or email
        if email and email.lower() in self._owner:
            return self._owner[email.lower()]
        return customer_id or (email or "").lower()

    def _met(self, key: str, row: Row) -> None:
        if key in self._found:
            return
        account = self._rows.get(key)
        email = account.get("email") if account else row.get("customer_email")
        has_id = account is not None or key == row.get("customer_id")
        self._found[key] = Customer(
            number=number("customer", key),
            external_id=key if has_id else None,
            name=(email or key).split("@")[0].capitalize(),
            email=email,
            phone=account.get("phone") if account else None,
            created_at=account["created_at"] if account and account.get("created_at")
            else row["created_at"],
            wrote_at=None,
            is_test=bool(account and account.get("is_test")),
            is_internal=bool(account and account.get("is_internal")),
        )  # fmt: skip

    def of_ticket(self, ticket_id: str) -> Customer:
        return self._found[self._of_ticket[ticket_id]]

    def of_order(self, customer_id: str | None, email: str | None) -> Customer | None:
        """None for a guest whom the shop knows from nowhere else."""
        return self._found.get(self.key(customer_id, email))
