"""Trends: what is usual, the target and the calendar, and what a chart says of a figure."""

import shutil
import statistics
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser

from reports.evidence.site import PAGES, build_site
from tests.dashboard_support import Shown

pytestmark = pytest.mark.slow

LAST = date(2026, 11, 15)
# Tickets of sixty days that end with it, and days of an event among them, of which one is wild.
TICKETS = [10 + (7 * at) % 13 for at in range(60)]
EVENT = (date(2026, 11, 2), date(2026, 11, 4))
WILD = 500


def known() -> dict[date, int]:
    days = {LAST - timedelta(days=59 - at): tickets for at, tickets in enumerate(TICKETS)}
    return days | {EVENT[0]: WILD}


@pytest.fixture(scope="module")
def trends(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trends")
    copy = Path(shutil.copy(golden / "published" / "bookbag.duckdb", folder / "bookbag.duckdb"))
    with duckdb.connect(str(copy)) as marts:
        of = "kpi = 'tickets_created' and stat = 'count' and grain = 'day'"
        whole = " and ".join(
            f"{name} = 'all'"
            for name in ("handling", "channel", "category", "team", "customer_segment")
        )
        marts.execute(
            f"create table model as select * from marts.kpi_values where {of} and {whole} limit 1;"
            f" delete from marts.kpi_values where {of};"
            " update marts.kpi_status set good = 30 where kpi = 'tickets_created'"
        )
        for day, tickets in known().items():
            marts.execute(
                "insert into marts.kpi_values select * replace (?::timestamp as period_start,"
                " ?::timestamp + interval 1 day as period_end, ? as value, ? as n,"
                " false as is_partial, true as is_mature) from model",
                [day, day, tickets, tickets],
            )
        marts.execute("drop table model; delete from core.dim_calendar_context")
        marts.execute(
            "insert into core.dim_calendar_context (name, kind, starts_on, ends_on)"
            " values ('Sale', 'sale', ?, ?)",
            EVENT,
        )
    (folder / "ours").mkdir()
    for name in ("trends", "tickets"):
        shutil.copy(PAGES / f"{name}.md", folder / "ours")
    build_site(copy, folder / "site", None, folder / "ours")
    return folder / "site" / "trends.html"


def test_usual_is_what_the_days_before_were_without_events(trends: Path, browser: Browser) -> None:
    shown = Shown(browser, trends, asking="#kpi=tickets_created")
    rows = {}
    shown.listed()
    for row in shown.page.query_selector_all(".DataTable tbody tr"):
        cells = [cell.inner_text() for cell in row.query_selector_all("td")]
        rows[date.fromisoformat(cells[0])] = cells[1:5]
    assert set(rows) == set(known())
    with_band = 0
    for day, (value, seven, low, high) in rows.items():
        before = [
            tickets
            for at, tickets in known().items()
            if day - timedelta(days=30) <= at < day and not EVENT[0] <= at <= EVENT[1]
        ]
        week = [known()[at] for at in known() if day - timedelta(days=7) < at <= day]
        assert value == f"{known()[day]}"
        assert float(seven) == pytest.approx(statistics.mean(week), abs=0.51)
        if len(before) < 15:
            assert (low, high) == ("—", "—")
            continue
        mean, spread = statistics.mean(before), statistics.stdev(before)
        assert float(low) == pytest.approx(max(mean - 2 * spread, 0), abs=0.51)
        assert float(high) == pytest.approx(mean + 2 * spread, abs=0.51)
        with_band += 1
    assert with_band > 30


def test_the_chart_has_its_band_its_event_and_its_words(trends: Path, browser: Browser) -> None:
    shown = Shown(browser, trends, asking="#kpi=tickets_created")
    drawn = shown.page.locator(".LineChart .chart svg").text_content() or ""
    assert "Sale" in drawn and "target" in drawn
    bars = shown.bars(".LineChart")
    assert {bar["series"] for bar in bars} == {"Value", "Seven days", "from", "to"}
    last = max(bar["column"] for bar in bars)
    shown.point(".LineChart", last - 3)
    tooltip = shown.page.locator(".LineChart .chart > div:last-child")
    tooltip.locator("text=Usual").wait_for()
    said = tooltip.inner_text()
    day = LAST - timedelta(days=3)
    assert f"Value: {known()[day]} (n = {known()[day]})" in said
    assert "Distinct countable tickets" in said, "what the KPI counts"


def test_a_day_leads_to_its_tickets(trends: Path, browser: Browser) -> None:
    shown = Shown(browser, trends, asking="#kpi=tickets_created")
    last = max(bar["column"] for bar in shown.bars(".LineChart"))
    shown.click(".LineChart", last)
    assert shown.hash() == f"period={LAST}..{LAST}"
    assert shown.page.url.startswith(trends.with_name("tickets.html").as_uri())


def test_a_kpi_that_counts_no_tickets_leads_nowhere(trends: Path, browser: Browser) -> None:
    shown = Shown(browser, trends, asking="#kpi=csat")
    assert shown.page.locator("main .c a").count() == 0
    assert shown.page.locator(".chart.linked").count() == 0
