"""What the shop keeps beside the sandbox's vendors names their customers as each vendor does."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from ingestion import VENDORS
from ingestion.sandbox.beside import HAPPENED, TABLES, beside
from ingestion.sandbox.people import People
from ingestion.sandbox.rows import rows_of
from ingestion.sandbox.woocommerce_store import account_id
from tests.models import Model
from tests.sandbox_support import Sandbox, on, sandbox, shop, table
from tests.source_support import Desk

END = on(12, "00:00:00")


def office() -> dict[str, pa.Table]:
    """The tiny shop with three answers; C1-B was merged into C1."""
    instants = pa.array([], pa.timestamp("us", "UTC"))
    nothing = {name: pa.table({HAPPENED.get(name, "id"): instants}) for name in TABLES}
    answers = table(
        "customer_id responded_at score",
        ("C1", on(5, "08:00:00"), 9),
        ("C1-B", on(6, "08:00:00"), 7),
        ("C2", on(7, "08:00:00"), 3),
    )
    return shop() | nothing | {"nps_responses": answers}


@pytest.fixture(scope="module")
def client() -> Iterator[Sandbox]:
    with sandbox(END) as found:
        yield found


@pytest.mark.parametrize("kind", VENDORS)
def test_answers_meet_the_customers_of_the_vendor(
    kind: str, client: Sandbox, tmp_path: Path, models: list[Model]
) -> None:
    desk = Desk(kind, f"{client.base}/{kind}", tmp_path)
    desk.sync()
    answers = beside(office(), END, kind)["nps_responses"]
    with desk.staged(models) as connection:
        connection.register("answers", answers)
        found = connection.execute(
            f"""select customers.email, answers.score from answers
            inner join staging.stg_{kind}__customers as customers using (customer_id)
            order by answers.responded_at"""
        ).fetchall()
    assert found == [("one@mail.example", 9), ("one@mail.example", 7), ("qa@shop.example", 3)]


def test_accounts_of_a_store_are_counted_up() -> None:
    registered = [f"C{n}" for n in range(20)]
    customers = table(
        "customer_id email created_at",
        *((name, f"{name}@mail.example", on(1, f"{n:02}:00:00"))
          for n, name in enumerate(registered)),
    )  # fmt: skip
    people = People(rows_of({"customers": customers}, "customers"), [])
    ranked = sorted(people.by_number.values(), key=account_id)
    assert [person.external_id for person in ranked] == registered
