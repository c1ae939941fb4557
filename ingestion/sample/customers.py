"""Who the customers are to the shop: ids, addresses, double accounts, tests and staff.

A customer is a number given by their first order; some have a second account that is merged later,
so that one person's history stands under two ids until then.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.sample import columns
from ingestion.sample.clocks import DAY_S
from ingestion.sample.dice import Bools, Ints, Keys
from ingestion.sample.episodes import Scene

FIRST_ID = 20_001
DOUBLES = 0.012
TESTS, INTERNALS = 3, 4
ALIAS = 1 << 40  # added to the number of a customer's second account


@dataclass
class Identities:
    scene: Scene

    @cached_property
    def keys(self) -> Keys:
        size = int(self.scene.orders.customer.max()) + 1
        return self.scene.dice.child("person", np.arange(size, dtype=np.uint64))

    @cached_property
    def first_at(self) -> Ints:
        _, first = np.unique(self.scene.orders.customer, return_index=True)
        return self.scene.orders.at[first]

    @cached_property
    def double_from(self) -> Ints:
        """When a second account is opened; far away for those that never do."""
        has = self.scene.dice.below("double", self.keys, DOUBLES)
        wait = DAY_S * (10 + 110 * self.scene.dice.uniform("double_from", self.keys))
        return np.where(has, self.first_at + wait.astype(np.int64), 1 << 60)

    @cached_property
    def merged_at(self) -> Ints:
        wait = DAY_S * (15 + 60 * self.scene.dice.uniform("merged_at", self.keys))
        return self.double_from + wait.astype(np.int64)

    def id_at(self, customer: Ints, at: Ints) -> Ints:
        """The number of the account in use; -1 for nobody."""
        known = customer >= 0
        safe = np.where(known, customer, 0)
        double = known & (at >= self.double_from[safe]) & (at < self.merged_at[safe])
        return np.where(known, safe + FIRST_ID + np.where(double, ALIAS, 0), -1)

    def ids(self, number: Ints) -> pa.Array:
        plain = columns.ids("C", number % ALIAS, number >= 0)
        alias = pc.binary_join_element_wise(plain, "B", "-")
        return pc.if_else(pa.array(number >= ALIAS), alias, plain)

    def order_ids(self, number: Ints, is_test: Bools) -> pa.Array:
        tests = columns.ids("TEST-", 1 + number % TESTS)
        return pc.if_else(pa.array(is_test), tests, self.ids(number))

    def emails(self, customer: Ints, present: Bools | None = None) -> pa.Array:
        known = customer >= 0 if present is None else present & (customer >= 0)
        names = columns.ids("buyer", customer + FIRST_ID, known)
        domain = columns.words(customer % 3, ("mail.example", "post.example", "acme.example"))
        return pc.binary_join_element_wise(names, domain, "@")

    def order_emails(self, customer: Ints, is_test: Bools) -> pa.Array:
        tests = columns.ids("qa", 1 + customer % TESTS)
        tests = pc.binary_join_element_wise(tests, "shop.example", "@")
        return pc.if_else(pa.array(is_test), tests, self.emails(customer))

    def table(self) -> pa.Table:
        """`customers` as of the end: everyone with an account."""
        scene = self.scene
        orders, end = scene.orders, scene.story.end_at
        signed = ~orders.is_guest & ~orders.is_test & (orders.at <= end)
        who, first = np.unique(orders.customer[signed], return_index=True)
        created = orders.at[np.flatnonzero(signed)[first]]
        double = who[self.double_from[who] <= end]
        opened = self.double_from[double]
        merged = self.merged_at[double] <= end
        number = np.concatenate([who + FIRST_ID, double + FIRST_ID + ALIAS])
        survivor = np.concatenate([np.full(len(who), -1), np.where(merged, double + FIRST_ID, -1)])
        person = np.concatenate([who, double])
        at = np.concatenate([created, opened])
        rank = np.lexsort((number, at))
        phone_given = scene.dice.below("phone", self.keys, 0.4)[person[rank]]
        phone = columns.ids("+1555", 1_000_000 + person[rank], phone_given)
        size = len(rank)
        internal = scene.dice.below("internal", self.keys, 0.0008)[person[rank]]
        rows = pa.table(
            {
                "customer_id": self.ids(number[rank]),
                "email": self.emails(person[rank]),
                "phone": phone,
                "merged_into": self.ids(survivor[rank]),
                "created_at": columns.instants(at[rank]),
                "is_test": columns.flags(np.zeros(size, dtype=bool)),
                "is_internal": columns.flags(internal),
            }
        )
        return pa.concat_tables([self._ours().cast(rows.schema), rows])

    def _ours(self) -> pa.Table:
        """Test and staff accounts."""
        size = TESTS + INTERNALS
        test = np.arange(size) < TESTS
        names = [f"TEST-{n + 1}" for n in range(TESTS)] + [f"STAFF-{n + 1}" for n in range(4)]
        mails = [f"qa{n + 1}@shop.example" for n in range(TESTS)]
        mails += [f"staff{n + 1}@shop.example" for n in range(INTERNALS)]
        return pa.table(
            {
                "customer_id": columns.texts(names),
                "email": columns.texts(mails),
                "phone": columns.texts([None] * size),
                "merged_into": columns.texts([None] * size),
                "created_at": columns.instants(np.full(size, self.scene.story.start_at)),
                "is_test": columns.flags(test),
                "is_internal": columns.flags(~test),
            }
        )
