"""A page of the dashboard that is open in a browser, from the disk and without a network."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from playwright.sync_api import Browser, Page, ViewportSize

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1200, "height": 900}


class Shown:
    """A page that is open, with what it asked for and what went wrong."""

    def __init__(
        self,
        browser: Browser,
        path: Path,
        size: ViewportSize = DESK,
        asking: str = "",
        **options: Any,
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
        self.page.goto(path.as_uri() + asking)
        self.page.wait_for_selector("html[data-ready]")

    def figures(self) -> dict[str, str]:
        """Headline figures by their titles."""
        return {
            card.query_selector(".title").inner_text(): card.query_selector(".figure").inner_text()
            for card in self.page.query_selector_all(".BigValue")
        }  # fmt: skip

    def hash(self) -> str:
        """What the address says after its #."""
        return unquote(self.page.url.partition("#")[2])

    def click(self, chart: str, column: int, line: int = 0) -> None:
        """Clicks the middle of a bar, or a point of a line: `line` of those that lie there."""
        self.point(chart, column, line)
        self.page.mouse.down()
        self.page.mouse.up()
        self.page.wait_for_selector("html[data-ready]")

    def point(self, chart: str, column: int, line: int = 0) -> None:
        """Moves the pointer there."""
        chart_of = self.page.locator(chart)
        chart_of.scroll_into_view_if_needed()
        x, y = self.page.evaluate(
            """([name, at, line]) => {
                const place = document.querySelector(name), drawn = place.chart;
                const series = drawn.getOption().series;
                const before = (to) => series[line].stack
                    ? series.slice(0, to).reduce((sum, each) => sum + (each.data[at] || 0), 0) : 0;
                const value = series[line].data[at];
                const middle = series[line].type === "bar" ? before(line) + value / 2 : value;
                const [x, y] = drawn.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, [at, middle]);
                const box = drawn.getDom().getBoundingClientRect();
                return [box.x + x, box.y + y];
            }""",
            [chart, column, line],
        )
        self.page.mouse.move(x, y)

    def bars(self, chart: str) -> list[dict[str, Any]]:
        """Every mark of a chart: `x`, `series` and `value`, with where it is."""
        found: list[dict[str, Any]] = self.page.evaluate(
            """(name) => {
                const { series, xAxis } = document.querySelector(name).chart.getOption();
                return series.flatMap((each, line) => each.data.map((value, column) => (
                    { x: xAxis[0].data[column], series: each.name, value, column, line })));
            }""",
            chart,
        )
        return found

    def listed(self) -> list[str]:
        """The first column of the first table, all rows of it."""
        more = self.page.locator(".DataTable .more").first
        while more.is_visible() and "Only" not in more.inner_text():
            more.click()
        cells = self.page.locator(".DataTable").first.locator("tbody tr td:first-child")
        return list(cells.all_inner_texts())
