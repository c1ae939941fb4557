"""The address of a PostgreSQL as it is told: nothing of a password is in it."""

import pytest

from bookbag_orchestration.postgres_target import PostgresError, shown


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://bookbag:s3cr/etword@db.acme.example:5432/bi",
        "postgresql://bookbag:s3cr@etword@db.acme.example:5432/bi",
        "postgresql://bookbag:s3cr:etword@/bi@x",
        "postgresql://bookbag:s3cr?etword@db.acme.example/bi",
        "postgresql://bookbag:s3cr#etword@db.acme.example/bi",
    ],
)
def test_a_password_whose_signs_part_the_address_is_shown_to_nobody(address: str) -> None:
    try:
        told = shown(address)
    except PostgresError as error:
        told = str(error)
    assert "etword" not in told and "s3cr" not in told


def test_the_address_is_shown_without_its_password() -> None:
    told = shown("postgresql://bookbag:s3cr%2Fet%40word@db.acme.example:5432/bi?sslmode=require")
    assert told == "db.acme.example:5432/bi"
