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
