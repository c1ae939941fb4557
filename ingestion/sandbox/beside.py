"""What the shop keeps beside its helpdesk and its orders: rosters, reviews, surveys, costs, plans.

No vendor's API says it, so it lands from files. Tickets, agents and customers are called in it as
the vendors of the sandbox call them.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.sandbox.intercom_fields import contact_id
from ingestion.sandbox.people import Customer, People
from ingestion.sandbox.rows import number, rows_of
from ingestion.sandbox.woocommerce_store import account_id

TABLES = (
    "nps_responses",
    "qa_reviews",
    "cost_rates",
    "support_costs",
    "fx_rates",
    "roster",
    "calendar_context",
    "schedules",
    "holidays",
    "targets",
)
HAPPENED = {"nps_responses": "responded_at", "qa_reviews": "reviewed_at"}
"""Tables of what has come to pass, with its instant; the others are plans and prices."""
CUSTOMER_IDS: Mapping[str, Callable[[Customer], str | int]] = {
    "intercom": contact_id,
    "woocommerce": account_id,
}
"""How a kind of vendor calls a customer, where that is not by number."""


def beside(tables: Mapping[str, pa.Table], now: datetime, kind: str = "") -> dict[str, pa.Table]:
    """Those tables of a shop that goes on after `now`, as they stand then.

    `kind` is that of the vendor whose customers they tell of; without one they go by number, as
    customers do whom the shop does not know.
    """
    people = People(rows_of(tables, "customers"), rows_of(tables, "tickets"))
    called = CUSTOMER_IDS.get(kind, _by_number)

    def customer_id(natural: str) -> str:
        person = people.of_order(natural, None)
        return str(called(person) if person else number("customer", natural))

    names: Mapping[str, Callable[[str], str]] = {
        "ticket_id": lambda ticket: str(number("ticket", ticket)),
        "agent_id": lambda agent: str(number("agent", agent)),
        "customer_id": customer_id,
    }
    found = {}
    for name in TABLES:
        table = tables[name]
        if name in HAPPENED:
            table = table.filter(pc.less_equal(table[HAPPENED[name]], pa.scalar(now)))
        for column in names.keys() & set(table.column_names):
            place = table.column_names.index(column)
            renamed = _renamed(table.column(place), names[column])
            table = table.set_column(place, column, renamed)
        found[name] = table
    return found


def _by_number(person: Customer) -> int:
    return person.number


def _renamed(column: pa.ChunkedArray, name: Callable[[str], str]) -> pa.Array:
    """Each distinct id is named once."""
    coded = column.combine_chunks().dictionary_encode()
    words = [None if word is None else name(word) for word in coded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(coded.indices)
