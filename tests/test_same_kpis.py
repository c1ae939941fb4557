"""One shop, told by files and by each pair of vendors: the same figures, to the last one.

What a vendor cannot say is done to the files first (`vendor_silence`), so nothing else may differ.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from ingestion import VENDORS
from tests.docs_support import ROOT, section
from tests.models import Model
from tests.same_shop import Vendors, ask_vendors, built, land_files, shop
from tests.vendor_silence import SILENCES, left_to_say

pytestmark = pytest.mark.slow

SOURCES_PAGE = ROOT / "docs" / "sources.md"
PAIRS = (
    ("zendesk", "shopify"),
    ("gorgias", "shopify"),
    ("intercom", "woocommerce"),
    ("freshdesk", "woocommerce"),
    ("chatwoot", "shopify"),
)
KEY = (
    "kpi, stat, grain, period_start, period_end, handling, channel, category, team,"
    " customer_segment"
)
FIGURES = f"""select {KEY}, value, numerator, denominator, n, is_partial, is_mature, is_low_sample
from marts.kpi_values"""
FLAGS = ("n", "is_partial", "is_mature", "is_low_sample")
# Stats that are unknown throughout. The shop is too small for the first; the others are not told.
TOO_SMALL = {
    "ai_recommended_revenue": "influenced value",
    "alert_latency": "from_load mean median p90",
    "category_volume": "growth",
    "csat_parity": "mix_adjusted",
    "csat_repurchase_correlation": "high low value",
    "peak_to_trough": "hourly",
}
RECOMMENDED = {"ai_recommended_revenue": "influenced orders value"}
GAPS = {"knowledge_gap_rate": "count ratio"}
UNKNOWN = {
    "zendesk": {"handle_time": "mean_helpdesk"},
    "gorgias": {**RECOMMENDED, **GAPS, "handle_time": "mean_helpdesk mean_tracked"},
    "intercom": {**RECOMMENDED, "handle_time": "mean_tracked"},
    "freshdesk": {
        **RECOMMENDED,
        "csat_response_rate": "ratio",
        "handle_time": "mean_helpdesk",
        "handoff_response_time": "mean mean_biz median median_biz p90 p90_biz",
    },
    "chatwoot": {**RECOMMENDED, **GAPS, "handle_time": "mean_helpdesk mean_tracked"},
}
WITH_A_REASON: Mapping[str, set[str]] = {
    "zendesk": set(),
    "gorgias": {"ai_recommended_revenue", "knowledge_gap_rate"},
    "intercom": {"ai_recommended_revenue"},
    "freshdesk": {"ai_recommended_revenue", "csat_response_rate"},
    "chatwoot": {"ai_recommended_revenue", "knowledge_gap_rate"},
}
NEVER_KNOWN = """
select kpi, string_agg(stat, ' ' order by stat) from (
    select kpi, stat from marts.kpi_values group by kpi, stat having count(value) = 0
) group by kpi
"""
UNAVAILABLE = "select kpi from marts.kpi_catalog where not available and unavailable_reason <> ''"
DIFFERENT = f"""
with compared as (
    select
        {KEY},
        files.value as in_files,
        vendor.value as at_vendor,
        files.n is null or vendor.n is null
        or {" or ".join(f"files.{flag} <> vendor.{flag}" for flag in FLAGS)}
        or {
    " or ".join(
        f"(files.{figure} is null) <> (vendor.{figure} is null)"
        f" or abs(files.{figure} - vendor.{figure}) > 1e-9 * greatest(1, abs(files.{figure}))"
        for figure in ("value", "numerator", "denominator")
    )
} as is_different
    from files full join vendor using ({KEY})
)
select kpi, stat, count(*) as rows, any_value(period_start) as example, any_value(in_files),
    any_value(at_vendor)
from compared where is_different group by kpi, stat order by kpi, stat
"""


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Vendors:
    kinds = dict.fromkeys(kind for pair in PAIRS for kind in pair)
    return ask_vendors(tuple(kinds), tmp_path_factory.mktemp("vendors"))


def figures(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    return connection.execute(FIGURES).to_arrow_table()


@pytest.mark.parametrize(("helpdesk", "store"), PAIRS)
def test_a_pair_of_vendors_says_what_files_say(
    models: list[Model], vendors: Vendors, tmp_path: Path, helpdesk: str, store: str
) -> None:
    told = land_files("shop", left_to_say(shop(), helpdesk, store), tmp_path)
    with built(models, told) as connection:
        in_files = figures(connection)
    with built(models, *vendors.pair(helpdesk, store)) as connection:
        at_vendors = figures(connection)
        unknown = dict(connection.execute(NEVER_KNOWN).fetchall())
        unavailable = {kpi for (kpi,) in connection.execute(UNAVAILABLE).fetchall()}
    assert in_files.num_rows > 100_000
    with duckdb.connect() as connection:
        connection.register("files", in_files)
        connection.register("vendor", at_vendors)
        found = connection.execute(DIFFERENT).fetchall()
    assert found == []
    assert unknown == {**TOO_SMALL, **UNKNOWN[helpdesk]}
    assert unavailable == {"alert_latency"} | WITH_A_REASON[helpdesk]


def test_each_vendor_has_its_silences() -> None:
    assert set(SILENCES) == set(VENDORS) == {kind for pair in PAIRS for kind in pair}


def test_the_documents_say_what_each_vendor_cannot() -> None:
    table = section(SOURCES_PAGE, "What a vendor cannot say")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.M))
    assert set(rows) == set(VENDORS)
    for helpdesk, unknown in UNKNOWN.items():
        assert [kpi for kpi in unknown if f"`{kpi}`" not in rows[helpdesk]] == []
