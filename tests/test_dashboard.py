"""The dashboard in a browser, from the disk, without a network: what it shows is what SQL says."""

import re
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from reports.evidence.site import PAGES, build_site
from tests.browser_support import program

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
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1200, "height": 900}
HEADLINES = {
    "CSAT": ("csat", "mean", "{:.2f}"),
    "Deflection rate": ("deflection_rate", "ratio", "{:.1%}"),
    "First-contact resolution": ("first_contact_resolution", "ratio", "{:.1%}"),
    "Tickets per order": ("tickets_per_order", "ratio", "{:.3f}"),
}


@pytest.fixture(scope="module")
def site(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dashboard")
    build_site(golden / "published" / "bookbag.duckdb", folder)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program())
        yield opened
        opened.close()


class Shown:
    """A page that is open, with what it asked for and what went wrong."""

    def __init__(
        self, browser: Browser, path: Path, size: ViewportSize = DESK, **options: Any
    ) -> None:
        context = browser.new_context(viewport=size, offline=True, **options)
        self.page: Page = context.new_page()
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on(
            "console",
            lambda message: self.faults.append(message.text) if message.type == "error" else None,
        )
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready]")

    def figures(self) -> dict[str, str]:
        """Headline figures by their titles."""
        return {
            card.query_selector(".title").inner_text(): card.query_selector(".figure").inner_text()
            for card in self.page.query_selector_all(".BigValue")
        }  # fmt: skip


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


def expected(golden: Path, part: str, value: str, handling: str) -> dict[str, str]:
    """What the copy says of the newest final week, as people read it."""
    found = {}
    with duckdb.connect(str(golden / "published" / "bookbag.duckdb"), read_only=True) as copy:
        for title, (kpi, stat, shape) in HEADLINES.items():
            slices = dict.fromkeys(("channel", "category", "team"), "all") | {part: value}
            where = " and ".join(f"{name} = '{one}'" for name, one in slices.items())
            row = copy.execute(
                "select value from marts.kpi_values where kpi = ? and stat = ? and grain = 'week'"
                f" and handling = ? and customer_segment = 'all' and {where}"
                " and not is_partial and is_mature and period_start >= ("
                "   select max(period_start) - interval 13 weeks from marts.kpi_values"
                "   where grain = 'week' and not is_partial)"
                " order by period_start desc limit 1",
                [kpi, stat, handling],
            ).fetchone()
            value_of = row[0] if row else None
            found[title] = "—" if value_of is None else shape.format(value_of).replace("%", " %")
    return found


def test_headlines_are_what_the_copy_says_whatever_is_chosen(
    golden: Path, site: Path, browser: Browser
) -> None:
    shown = Shown(browser, site / "index.html")
    assert shown.figures() == expected(golden, "channel", "all", "all")
    options = shown.page.query_selector_all("#in-part option")
    values = [str(each.get_attribute("value")) for each in options]
    assert {value.split()[0] for value in values} == {"all", "channel", "category", "team"}
    seen = set()
    for chosen in values[1:]:
        part, _, value = chosen.partition(" ")
        for handling in ("all", "human_handled"):
            shown.page.select_option("#in-part", chosen)
            shown.page.select_option("#in-handling", handling)
            figures = shown.figures()
            assert figures == expected(golden, part, value, handling), (chosen, handling)
            seen.add(tuple(figures.values()))
    assert len(seen) > 3


def test_a_range_of_dates_cuts_chart_and_table(site: Path, browser: Browser) -> None:
    shown = Shown(browser, site / "trends.html")
    shown.page.select_option("#in-kpi", "tickets_created")
    all_days = days(shown)
    assert len(all_days) > 3
    shown.page.fill("#in-period-start", all_days[1])
    shown.page.fill("#in-period-end", all_days[2])
    assert days(shown) == all_days[1:3]


def days(shown: Shown) -> list[str]:
    """Days of the table, all of them."""
    more = shown.page.query_selector(".DataTable .more")
    if more and more.is_visible() and "All" in more.inner_text():
        more.click()
    cells = shown.page.query_selector_all(".DataTable tbody tr td:first-child")
    return [cell.inner_text() for cell in cells]


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
