"""One shop by Chatwoot's API and by its database: what staging makes of the two is the same.

Nothing is left out of the comparison, since the sandbox's API tells all that the database holds of
this shop. What the database alone says is in `test_source_chatwoot_database`: changes that leave no
activity, days after the last one; ratings that were deleted; a log that is written late.
"""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.sandbox.world import World
from tests import same_shop
from tests.chatwoot_tables import fill, made
from tests.models import Model
from tests.postgres_support import Server
from tests.sandbox_support import on, sandbox, shop
from tests.source_support import A_WEEK, Desk

Tables = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def url(postgres: Server) -> str:
    return made(postgres)


def by_database(url: str, folder: Path) -> Desk:
    secrets = {"database_url": url}
    return Desk("chatwoot", "https://app.chatwoot.com", folder / "database", secrets=secrets)


def staged(desk: Desk, models: list[Model]) -> Tables:
    """The rows of every staging model of the kind, `loaded_at` too, in an order of their own."""
    names = [model.name for model in models if model.name.startswith("stg_chatwoot__")]
    assert len(names) > 8
    with desk.staged(models) as connection:
        return {
            name: connection.execute(f"from staging.{name} order by all").fetchall()
            for name in names
        }


def differing(one: Tables, other: Tables) -> dict[str, tuple[list[Any], list[Any]]]:
    """By model, rows that only one has; without any where they have them in different numbers."""
    return {
        name: (
            sorted(set(rows) - set(other[name]), key=repr),
            sorted(set(other[name]) - set(rows), key=repr),
        )
        for name, rows in one.items()
        if rows != other[name]
    }


def test_syncs_of_a_life_are_staged_as_those_of_the_api(
    url: str, tmp_path: Path, models: list[Model]
) -> None:
    """Five syncs, the last a week after ticket 5 was deleted."""
    ends = [on(2, "08:05:00"), on(2, "09:10:00"), on(2, "12:35:00"), on(3, "13:00:00")]
    ends += [on(12, "00:00:00")]
    world, database = World.of(shop()), by_database(url, tmp_path)
    with sandbox(ends[0]) as client:
        api = Desk("chatwoot", f"{client.base}/chatwoot", tmp_path / "api")
        for before, now in zip([ends[0], *ends], ends, strict=False):
            client.clock.advance(now - before)
            fill(url, world, now)
            for desk in (api, database):
                desk.sync(later=A_WEEK if now == ends[-1] else timedelta(hours=1))
    found = staged(database, models)
    assert differing(staged(api, models), found) == {}
    assert len(found["stg_chatwoot__ticket_events"]) > 15


def test_a_larger_shop_is_staged_as_by_the_api(
    url: str, tmp_path: Path, models: list[Model]
) -> None:
    tables = same_shop.shop()
    fill(url, World.of(tables), same_shop.NOW)
    database = by_database(url, tmp_path)
    database.sync()
    with sandbox(same_shop.NOW, tables) as client:
        api = Desk("chatwoot", f"{client.base}/chatwoot", tmp_path / "api")
        api.sync()
    found = staged(database, models)
    assert differing(staged(api, models), found) == {}
    assert len(found["stg_chatwoot__tickets"]) > 200


def test_an_account_that_changes_to_its_database_has_no_event_twice(
    url: str, tmp_path: Path, models: list[Model]
) -> None:
    """Rows land once more; but for that instant, staging is as before."""
    at = on(3, "13:00:00")
    fill(url, World.of(shop()), at)
    with sandbox(at) as client:
        desk = Desk("chatwoot", f"{client.base}/chatwoot", tmp_path)
        desk.sync()
    with desk.staged(models) as connection:
        before = {name: told(connection, name) for name in STABLE}
    changed = replace(desk, secrets={"database_url": url})
    assert changed.sync().total > 0
    with changed.staged(models) as connection:
        assert {name: told(connection, name) for name in STABLE} == before
    assert changed.sync().rows == {}


STABLE = ("tickets", "ticket_events", "messages", "csat_responses", "customers", "agents")


def told(connection: duckdb.DuckDBPyConnection, name: str) -> list[Any]:
    return connection.execute(
        f"select * exclude loaded_at from staging.stg_chatwoot__{name} order by all"
    ).fetchall()
