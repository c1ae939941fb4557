"""The dashboard in a browser, from the disk, without a network: what it shows is what SQL says."""

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ViewportSize

from reports.evidence.site import PAGES, build_site
from tests.dashboard_support import DESK, PHONE, Shown

pytestmark = pytest.mark.slow

NAMES = sorted(path.stem for path in PAGES.glob("*.md"))
HOSTILE = "<img src=x onerror=window.broken=1></script>\u202e=1+1 \U0001f600 "
# What people type, or vendors do.
TYPED = {
    "marts.alerts": ("owner", "protocol", "context", "stat", "category"),
    "marts.kpi_catalog": ("label", "definition", "owner", "protocol", "benchmark"),
    "marts.live_queue": ("category", "team", "assignee", "priority"),
    "marts.agent_performance": ("name", "team"),
    "marts.category_issues": ("category",),
    "marts.customer_segments": ("customer_segment",),
    "marts.source_freshness": ("source",),
    "marts.reconciliation": ("reason",),
    "marts.pipeline_runs": ("said", "error"),
    "marts.business_case": ("assumption", "source"),
    "core.dim_calendar_context": ("name", "category"),
}
# The one that the golden shop was open in.
WEEK = "2026-10-26"
HEADLINES = {
    "CSAT": ("csat", "mean", "{:.2f}"),
    "Deflection rate": ("deflection_rate", "ratio", "{:.1%}"),
    "First-contact resolution": ("first_contact_resolution", "ratio", "{:.1%}"),
    "Tickets per order": ("tickets_per_order", "ratio", "{:.3f}"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_each_page_opens_from_the_disk_and_asks_nobody(
    name: str, size: ViewportSize, site: Path, browser: Browser
) -> None:
    path = site / f"{name}.html"
    shown = Shown(browser, path, size)
    assert shown.asked == [path.as_uri()]
    assert shown.faults == []
    width = shown.page.evaluate("document.documentElement.scrollWidth")
    assert width <= size["width"], "it scrolls sideways"
    for chart in shown.page.query_selector_all(".chart"):
        assert chart.query_selector_all("svg path"), "a chart without a mark"
        assert chart.get_attribute("aria-label")
    assert path.stat().st_size < 1_500_000


def expected(golden: Path, week: str, **chosen: str) -> dict[str, str]:
    """What the copy says of a week, as people read it."""
    slices = dict.fromkeys(("channel", "category", "team", "handling"), "all") | chosen
    where = " and ".join(f"{name} = '{value}'" for name, value in slices.items())
    found = {}
    with duckdb.connect(str(golden / "published" / "bookbag.duckdb"), read_only=True) as copy:
        for title, (kpi, stat, shape) in HEADLINES.items():
            row = copy.execute(
                "select value from marts.kpi_values where kpi = ? and stat = ? and grain = 'week'"
                f" and customer_segment = 'all' and {where} and period_start = ?"
                " and not is_partial and is_mature",
                [kpi, stat, week],
            ).fetchone()
            value = row[0] if row else None
            found[title] = "—" if value is None else shape.format(value).replace("%", " %")
    return found


def options(shown: Shown, name: str) -> list[str]:
    found = shown.page.query_selector_all(f"#in-{name} option")
    return [str(each.get_attribute("value")) for each in found]


def test_headlines_are_what_the_copy_says_whatever_is_chosen(
    golden: Path, site: Path, browser: Browser
) -> None:
    newest = Shown(browser, site / "index.html").page.input_value("#in-period-end")
    assert Shown(browser, site / "index.html").figures() == expected(golden, newest)
    shown = Shown(browser, site / "index.html", asking=f"#period={WEEK}..{WEEK}")
    assert shown.figures() == expected(golden, WEEK)
    seen = set()
    for part in ("channel", "category", "team"):
        for value in options(shown, part):
            shown.page.select_option(f"#in-{part}", value)
            for handling in options(shown, "handling"):
                shown.page.select_option("#in-handling", handling)
                known = expected(golden, WEEK, **{part: value, "handling": handling})
                assert shown.figures() == known, (value, handling)
                seen.add(tuple(known.values()))
        shown.page.select_option(f"#in-{part}", "all")
    assert len(seen) > 5


@pytest.mark.parametrize("name", ["index", "diagnostics", "trends"])
def test_what_is_not_published_together_has_a_reason_and_no_figure(
    name: str, site: Path, browser: Browser
) -> None:
    shown = Shown(browser, site / f"{name}.html")
    words = "published for one of channel, category and team at a time"
    assert words not in shown.page.inner_text("main")
    for part in ("channel", "team"):
        shown.page.select_option(f"#in-{part}", options(shown, part)[1])
    assert words in shown.page.inner_text("main")
    assert set(shown.figures().values()) <= {"—"}
    inside = "[role=tabpanel]" if name == "diagnostics" else "main"
    assert shown.page.locator(f"{inside} td:visible").count() == 0
    assert shown.page.locator(".chart:visible").count() == 0


def test_a_range_of_dates_cuts_chart_and_table(site: Path, browser: Browser) -> None:
    shown = Shown(browser, site / "trends.html")
    shown.page.select_option("#in-kpi", "tickets_created")
    all_days = days(shown)
    assert len(all_days) > 3
    shown.page.fill("#in-period-start", all_days[1])
    shown.page.fill("#in-period-end", all_days[2])
    assert days(shown) == all_days[1:3]


def days(shown: Shown) -> list[str]:
    """Days of the table, all of them, the first one first."""
    more = shown.page.query_selector(".DataTable .more")
    if more and more.is_visible() and "All" in more.inner_text():
        more.click()
    cells = shown.page.query_selector_all(".DataTable tbody tr td:first-child")
    return sorted(cell.inner_text() for cell in cells)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_each_page(scheme: str, site: Path, browser: Browser) -> None:
    for name in NAMES:
        shown = Shown(
            browser, site / f"{name}.html", color_scheme=scheme, bypass_csp=True
        )  # what looks for faults is a script of its own
        found = Axe().run(shown.page).response["violations"]
        assert [(each["id"], each["impact"]) for each in found] == [], name


def test_hostile_text_is_text_on_every_page(golden: Path, tmp_path: Path, browser: Browser) -> None:
    copy = Path(shutil.copy(golden / "published" / "bookbag.duckdb", tmp_path / "bookbag.duckdb"))
    with duckdb.connect(str(copy)) as marts:
        for table, columns in TYPED.items():
            for column in columns:
                marts.execute(
                    f"update {table} set {column} = ? || rowid % 3 || repeat('x', 9999)", [HOSTILE]
                )
    build_site(copy, tmp_path / "site")
    seen = 0
    for name in NAMES:
        shown = Shown(browser, tmp_path / "site" / f"{name}.html")
        assert shown.faults == [] and len(shown.asked) == 1
        assert shown.page.evaluate("window.broken") is None
        assert shown.page.query_selector("main img, main script, main iframe") is None
        seen += "onerror=window.broken" in shown.page.inner_text("main")
        width = shown.page.evaluate("document.documentElement.scrollWidth")
        assert width <= DESK["width"], name
    assert seen >= 5


def test_a_shop_without_ratings_says_so(golden: Path, tmp_path: Path, browser: Browser) -> None:
    copy = Path(shutil.copy(golden / "published" / "bookbag.duckdb", tmp_path / "bookbag.duckdb"))
    with duckdb.connect(str(copy)) as marts:
        marts.execute("delete from marts.kpi_values where kpi = 'csat'")
        marts.execute("delete from marts.kpi_status where kpi = 'csat'")
        marts.execute(
            "update marts.kpi_catalog set available = false,"
            " unavailable_reason = 'no ratings are landed' where kpi = 'csat'"
        )
    build_site(copy, tmp_path / "site")
    shown = Shown(browser, tmp_path / "site" / "index.html")
    assert shown.figures()["CSAT"] == "—"
    assert "is unknown: no ratings are landed" in shown.page.inner_text("main")


def test_a_shop_of_its_first_day_has_every_page_and_no_figure(
    golden: Path, tmp_path: Path, browser: Browser
) -> None:
    copy = Path(shutil.copy(golden / "published" / "bookbag.duckdb", tmp_path / "bookbag.duckdb"))
    with duckdb.connect(str(copy)) as marts:
        for (table,) in marts.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
            " and table_name not in ('account', 'kpi_catalog')"
        ).fetchall():
            marts.execute(f"delete from marts.{table}")
        marts.execute("delete from core.dim_calendar_context")
    build_site(copy, tmp_path / "site")
    for name in NAMES:
        shown = Shown(browser, tmp_path / "site" / f"{name}.html")
        assert shown.faults == [], name
        assert not re.search(r"NaN|undefined|null|Infinity", shown.page.inner_text("main")), name
    assert set(Shown(browser, tmp_path / "site" / "index.html").figures().values()) == {"—"}


def test_seven_days_of_a_share_are_of_all_that_they_are_made_of(
    golden: Path, site: Path, browser: Browser
) -> None:
    """CSAT of each day, and of the ratings of seven days together: no mean of means."""
    shown = Shown(browser, site / "trends.html")
    shown.page.select_option("#in-kpi", "csat")
    days(shown)
    rows = [
        [cell.inner_text() for cell in row.query_selector_all("td")][:3]
        for row in shown.page.query_selector_all(".DataTable tbody tr")
    ]
    with duckdb.connect(str(golden / "published" / "bookbag.duckdb"), read_only=True) as copy:
        known = copy.execute(
            "select cast(period_start as date), numerator, denominator from marts.kpi_values"
            " where kpi = 'csat' and stat = 'mean' and grain = 'day' and handling = 'all'"
            " and channel = 'all' and category = 'all' and team = 'all'"
            " and customer_segment = 'all' and not is_partial and is_mature"
        ).fetchall()
    assert len(rows) > 3
    for day, value, seven in rows:
        last = date.fromisoformat(day)
        week = [(n, d) for at, n, d in known if last - timedelta(days=6) <= at <= last and d]
        own = [(n, d) for at, n, d in known if at == last and d]
        assert value == (f"{own[0][0] / own[0][1]:.2f}" if own else "—")
        answers = sum(d for _, d in week)
        assert seven == (f"{sum(n for n, _ in week) / answers:.2f}" if answers else "—")
    assert any(seven != "—" and seven != value for _, value, seven in rows)


@pytest.mark.parametrize("asking", ["#channel=", "#channel=%25", "#team=all", "#handling=nonsense"])
@pytest.mark.parametrize("name", ["index", "tickets"])
def test_an_address_that_asks_for_what_is_not_there_shows_the_page_as_it_begins(
    site: Path, browser: Browser, name: str, asking: str
) -> None:
    usual = Shown(browser, site / f"{name}.html").figures()
    shown = Shown(browser, site / f"{name}.html", asking=asking)
    assert shown.faults == []
    if asking == "#handling=nonsense":
        assert set(shown.figures().values()) <= {"—", "0"}
    else:
        assert shown.figures() == usual


def test_tabs_and_what_they_show_name_each_other(site: Path, browser: Browser) -> None:
    page = Shown(browser, site / "diagnostics.html").page
    tabs = page.query_selector_all("[role=tab]")
    assert len(tabs) == 4
    for tab in tabs:
        panel = page.query_selector(f"#{tab.get_attribute('aria-controls')}[role=tabpanel]")
        assert panel and panel.get_attribute("aria-labelledby") == tab.get_attribute("id")
