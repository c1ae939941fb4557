"""Words of a vendor that no map knows: shown as such, counted, and told by a test that warns."""

import json
from pathlib import Path

import duckdb

from tests.models import Model, broken_tests
from tests.sandbox_support import on, sandbox
from tests.source_support import Desk

WARNING = "assert_every_word_of_a_vendor_is_mapped"


def test_an_unknown_word_is_unmapped_and_told(models: list[Model], tmp_path: Path) -> None:
    wanted = [m for m in models if m.name.startswith(("stg_", "int_source_")) or m.name == WARNING]
    with sandbox(on(9, "12:00:00")) as box:
        desk = Desk("zendesk", f"{box.base}/zendesk", tmp_path)
        desk.sync()
    with desk.built(wanted) as connection:
        assert broken_tests(connection, wanted) == []
    with duckdb.connect(str(desk.warehouse)) as connection:
        (payload,) = connection.execute(
            "select payload from raw_desk.tickets where _key = '1'"
        ).fetchone() or ("",)
        ticket = json.loads(payload) | {"status": "parked", "custom_status_id": None}
        ticket["via"] = {"channel": "pigeon"}
        connection.execute(
            "update raw_desk.tickets set payload = ? where _key = '1'", [json.dumps(ticket)]
        )
    with desk.built(wanted) as connection:
        assert connection.execute(
            "select status, channel from intermediate.int_source_tickets where ticket_id = '1'"
        ).fetchall() == [("unmapped", "unmapped")]
        assert broken_tests(connection, wanted) == [WARNING]
        (test,) = (model for model in wanted if model.name == WARNING)
        assert sorted(connection.execute(test.sql).fetchall()) == [
            ("desk", "channel", 1, "1"),
            ("desk", "status", 1, "1"),
        ]


def test_categories_are_the_accounts_own_words_until_its_map_has_rows(
    models: list[Model], tmp_path: Path
) -> None:
    wanted = [m for m in models if m.name.startswith(("stg_", "int_source_"))]
    by_ticket = (
        "select ticket_id, category from intermediate.int_source_tickets where category is not null"
    )
    by_event = (
        "select event_id, to_value from intermediate.int_source_ticket_events"
        " where event_type = 'category_set' and to_value is not null"
    )
    with sandbox(on(9, "12:00:00")) as box:
        desk = Desk("zendesk", f"{box.base}/zendesk", tmp_path)
        desk.sync()
    with desk.built(wanted) as connection:
        queries = (by_ticket, by_event)
        told = [dict(connection.execute(query).fetchall()) for query in queries]
        known = min(told[0].values())
        assert known != max(told[0].values())
        assert known in told[1].values()
        connection.execute("insert into maps.map_category values ('gorgias', 'x', 'y')")
        assert [dict(connection.execute(query).fetchall()) for query in queries] == told
        connection.execute(
            "insert into maps.map_category values ('zendesk', ?, 'our own')", [f" {known.upper()} "]
        )
        assert [dict(connection.execute(query).fetchall()) for query in queries] == [
            {key: "our own" if word == known else "unmapped" for key, word in words.items()}
            for words in told
        ]
