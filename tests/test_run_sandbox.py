"""A run over APIs: two vendors of the sandbox, and beside them what neither tells."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest

from ingestion.sample.source import living_shop
from ingestion.sample.story import SampleSpec
from tests.support import ALL, bookbag, landed, published

pytestmark = pytest.mark.slow

CONFIG = """
[account]
id = "acme"
timezone = "America/New_York"

[[source]]
name = "support"
kind = "zendesk"
url = "sandbox"

[[source]]
name = "store"
kind = "shopify"
url = "sandbox"

[[source]]
name = "office"
kind = "sample"
ids_of = "support"
orders = 2000
tickets = 400
start_date = {start}
"""


def test_a_shop_is_read_through_its_vendors_apis(tmp_path: Path) -> None:
    start = date.today() - timedelta(days=460)
    (tmp_path / "bookbag.toml").write_text(CONFIG.format(start=start))
    home = tmp_path / "home"
    arguments = ["--config", tmp_path / "bookbag.toml", "--home", home]
    before = datetime.now(UTC)
    said = bookbag("run", *arguments)
    after = datetime.now(UTC)
    for name in ("support", "store", "office"):
        assert f"{name}: " in said

    spec = SampleSpec("office", starts_on=start, orders=2000, tickets=400)
    shop = living_shop(spec, before)

    def many(table: str, column: str, until: datetime) -> int:
        return int(pc.sum(pc.less_equal(shop[table][column], until)).as_py())

    for source, table, column in (
        ("support", "tickets", "created_at"),
        ("store", "orders", "placed_at"),
    ):
        # The export of tickets holds its last minute back.
        least = many(table, column, before - timedelta(minutes=2))
        ((found,),) = landed(home, f"select count(distinct _key) from raw_{source}.{table}")
        assert 0 < least <= found <= many(table, column, after)

    # What reviewers, customers and the roster say is of the tickets and agents of the helpdesk.
    reviewed = published(
        home, f"select max(n) from marts.kpi_values where kpi = 'resolution_accuracy' and {ALL}"
    )
    assert reviewed[0][0] > 0
    planned, of_agents = landed(
        home,
        "select count(*), count(agents.agent_id) from staging.stg_files__rosters as rosters"
        " left join intermediate.int_agents as agents"
        " on rosters.source = agents.source and rosters.agent_id = agents.agent_id",
    )[0]
    assert planned == of_agents > 0
    known = published(
        home,
        "select kpi, available from marts.kpi_catalog where kpi in"
        " ('csat', 'deflection_rate', 'first_contact_resolution', 'tickets_per_order', 'nps',"
        " 'resolution_accuracy', 'cost_per_ticket', 'tickets_per_agent_day')",
    )
    assert len(known) == 8
    assert all(available for _, available in known)
    assert "0 rows set aside" in bookbag("quarantine", *arguments)
