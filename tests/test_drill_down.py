"""From a figure to its tickets: what a mark leads to is what SQL counts; the address says which."""

import itertools
import re
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser

from reports.evidence.site import build_site
from tests.dashboard_support import Shown

pytestmark = pytest.mark.slow

SIDES = {
    "ai_handled": ["ai_only"], "human_handled": ["human_only", "hybrid"], "hybrid": ["hybrid"],
}  # fmt: skip


def tickets(golden: Path, **asked: str) -> list[str]:
    """Ids of the countable tickets of a choice, newest first; `first` and `last` are days."""
    where, values = ["is_countable"], []
    for name, value in asked.items():
        if name == "handling":
            among = SIDES.get(value, [value])
            where.append(f"handling in ({', '.join('?' * len(among))})")
            values += among
        else:
            where.append({"first": "day >= ?", "last": "day <= ?"}.get(name, f"{name} = ?"))
            values.append(value)
    with duckdb.connect(str(golden / "published" / "bookbag.duckdb"), read_only=True) as copy:
        copy.execute("set timezone = 'UTC'")
        found = copy.execute(
            "select ticket_id from (select tickets.*, cast(first_customer_message_at at time zone"
            " account.timezone as date) as day from core.fct_tickets as tickets, marts.account)"
            f" where {' and '.join(where)} order by first_customer_message_at desc, ticket_key",
            values,
        ).fetchall()
    return [row[0] for row in found]


def counted(shown: Shown) -> int:
    return int(shown.figures()["Tickets"].replace(",", ""))


@pytest.mark.parametrize(
    "choice",
    [{}, {"channel": "email"}, {"handling": "human_handled"},
     {"category": "wismo", "handling": "ai_handled"}],
)  # fmt: skip
def test_a_bar_leads_to_the_tickets_that_it_counts(
    choice: dict[str, str], golden: Path, site: Path, browser: Browser
) -> None:
    asking = "#" + "&".join(f"{name}={value}" for name, value in choice.items())
    shown = Shown(browser, site / "index.html", asking=asking)
    bars = [bar for bar in shown.bars(".BarChart") if bar["value"]]
    assert bars
    for bar in bars[-3:]:
        shown.click(".BarChart", bar["column"])
        first = date.fromisoformat(str(bar["x"])[:10])
        last = date.fromordinal(first.toordinal() + 6)
        assert shown.page.url.startswith((site / "tickets.html").as_uri())
        listed = shown.listed()
        assert listed == tickets(golden, first=str(first), last=str(last), **choice)
        assert counted(shown) == len(listed) == bar["value"]
        shown.page.go_back()
        shown.page.wait_for_selector("html[data-ready]")
    assert shown.faults == []


def test_each_part_of_a_stacked_bar_leads_to_its_own(
    golden: Path, site: Path, browser: Browser
) -> None:
    shown = Shown(browser, site / "categories.html")
    bars = [bar for bar in shown.bars(".BarChart") if bar["value"]]
    assert len({bar["series"] for bar in bars}) > 1
    for bar in bars[-4:]:
        shown.click(".BarChart", bar["column"], bar["line"])
        said = dict(part.split("=") for part in shown.hash().split("&"))
        assert said["category"] == bar["series"].lower().replace(" ", "_")
        first, last = said["period"].split("..")
        listed = shown.listed()
        assert listed == tickets(golden, first=first, last=last, category=said["category"])
        assert len(listed) == bar["value"]
        shown.page.go_back()
        shown.page.wait_for_selector("html[data-ready]")


def test_all_choices_of_tickets_work_together(golden: Path, site: Path, browser: Browser) -> None:
    shown = Shown(browser, site / "tickets.html")
    first, last = (shown.page.input_value(f"#in-period-{which}") for which in ("start", "end"))
    found = 0
    for channel, category, handling, team in itertools.product(
        ["%", "chat", "email"], ["%", "wismo"], ["%", "human_handled", "none"], ["%", "tier1"]
    ):
        asked = {"channel": channel, "category": category, "handling": handling, "team": team}
        said = "&".join(f"{name}={value}" for name, value in asked.items() if value != "%")
        shown.page.evaluate("(said) => { location.hash = said; }", said)
        known = {name: value for name, value in asked.items() if value != "%"}
        expected = tickets(golden, first=first, last=last, **known)
        shown.page.wait_for_function(
            "(many) => document.querySelector('.BigValue .figure').textContent === many",
            arg=f"{len(expected):,}",
        )
        if expected:
            assert shown.listed() == expected, asked
            sums = sum(bar["value"] or 0 for bar in shown.bars(".BarChart"))
            assert sums == len(expected)
            found += 1
        else:
            assert "No ticket is of this choice." in shown.page.inner_text("main")
    assert found > 6


def seconds(text: str) -> int:
    """A duration as people read it."""
    units = {"s": 1, "min": 60, "h": 3600, "d": 86400}
    return sum(int(many) * units[unit] for many, unit in re.findall(r"(\d+) (\w+)", text))


@pytest.mark.parametrize("channel", ["email", "chat"])
def test_figures_above_the_list_are_of_the_tickets_in_it(
    channel: str, golden: Path, site: Path, browser: Browser
) -> None:
    shown = Shown(browser, site / "tickets.html", asking=f"#channel={channel}")
    with duckdb.connect(str(golden / "published" / "bookbag.duckdb"), read_only=True) as copy:
        row = copy.execute(
            "select median(episodes.frt_any_s), median(full_resolution_s), avg(csat_score_5)"
            " from core.fct_tickets as tickets left join core.fct_episodes as episodes"
            " on tickets.ticket_key = episodes.ticket_key and episodes.episode_seq = 1"
            f" where tickets.is_countable and tickets.channel = '{channel}'"
        ).fetchone()
    assert row
    figures = shown.figures()
    for title, known in zip(("First response", "Resolution"), row[:2], strict=True):
        read = seconds(figures[f"{title}, median"])
        assert read == pytest.approx(known, abs=31 if known > 600 else 1), title
    assert figures["CSAT, mean"] == f"{row[2]:.2f}"


def test_a_bar_of_tickets_narrows_what_is_chosen(site: Path, browser: Browser) -> None:
    shown = Shown(browser, site / "tickets.html", asking="#channel=email")
    bars = [bar for bar in shown.bars(".BarChart") if bar["value"]]
    for bar in (bars[0], bars[-1]):
        shown.click(".BarChart", bar["column"], bar["line"])
        assert counted(shown) == bar["value"]
        assert "channel=email" in shown.hash()
        assert shown.page.input_value("#in-channel") == "email"
        shown.page.go_back()
        shown.page.wait_for_function("!location.hash.includes('handling')")
    assert counted(shown) == sum(bar["value"] for bar in bars)


def test_the_queue_leads_to_those_that_wait(golden: Path, tmp_path: Path, browser: Browser) -> None:
    copy = Path(shutil.copy(golden / "published" / "bookbag.duckdb", tmp_path / "bookbag.duckdb"))
    waiting = {
        f"{team}-{age_s}-{nr}": (team, age_s, channel)
        for team in ("care", "returns")
        for age_s, nr in ((3600, 2), (50_000, 1), (900_000, 3))
        for nr, channel in zip(range(nr), ("chat", "email", "chat"), strict=False)
    }
    with duckdb.connect(str(copy)) as marts:
        marts.execute("create table model as select * from marts.live_queue limit 1")
        marts.execute("delete from marts.live_queue")
        for ticket, (team, age_s, channel) in waiting.items():
            marts.execute(
                "insert into marts.live_queue select * replace (? as ticket_id, ? as team,"
                " ? as age_s, ? as channel, 'open' as state) from model",
                [ticket, team, age_s, channel],
            )
        marts.execute("drop table model")
    build_site(copy, tmp_path / "site")
    for channel in ("", "chat"):
        asking = f"#channel={channel}" if channel else ""
        shown = Shown(browser, tmp_path / "site" / "queue.html", asking=asking)
        bars = [bar for bar in shown.bars(".BarChart") if bar["value"]]
        assert len(bars) == 6
        for bar, age_s in zip(bars, (3600, 50_000, 900_000) * 2, strict=True):
            shown.click(".BarChart", bar["column"], bar["line"])
            expected = {
                ticket
                for ticket, (team, age, of) in waiting.items()
                if (team, age) == (bar["series"].lower(), age_s) and channel in ("", of)
            }
            assert set(shown.listed()) == expected
            assert len(expected) == bar["value"]
            shown.page.go_back()
            shown.page.wait_for_function("!location.hash.includes('age')")


def test_keys_alone_lead_there_too(site: Path, browser: Browser) -> None:
    shown = Shown(browser, site / "index.html")
    summary = shown.page.locator(".BarChart summary")
    summary.focus()
    shown.page.keyboard.press("Enter")
    figure = shown.page.locator(".BarChart details a").last
    value = figure.inner_text()
    figure.focus()
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_url(re.compile("tickets.html"))
    shown.page.wait_for_selector("html[data-ready]")
    assert shown.figures()["Tickets"] == value


def test_tickets_that_a_page_cannot_hold_are_told(
    golden: Path, tmp_path: Path, browser: Browser
) -> None:
    copy = Path(shutil.copy(golden / "published" / "bookbag.duckdb", tmp_path / "bookbag.duckdb"))
    with duckdb.connect(str(copy)) as marts:
        marts.execute("set timezone = 'UTC'")
        moved = marts.execute(
            "update core.fct_tickets set first_customer_message_at ="
            " timestamptz '2026-01-14 12:00:00+00' where is_countable and channel = 'chat'"
        ).fetchone()
    build_site(copy, tmp_path / "site")
    asking = "#period=2026-01-12..2026-01-18"
    shown = Shown(browser, tmp_path / "site" / "tickets.html", asking=asking)
    assert moved and moved[0] > 1
    assert f"Of these days {moved[0]} tickets, whatever is chosen" in shown.page.inner_text("main")
    assert counted(shown) == 0
    inside = Shown(browser, tmp_path / "site" / "tickets.html")
    assert "are not listed" not in inside.page.inner_text("main")


def test_tickets_are_opened_in_the_helpdesk_where_it_is_known(
    golden: Path, tmp_path: Path, browser: Browser
) -> None:
    copy = golden / "published" / "bookbag.duckdb"
    with duckdb.connect(str(copy), read_only=True) as marts:
        sources = marts.execute("select distinct source from core.fct_tickets").fetchall()
    told = {sources[0][0]: "https://acme.example/agent/tickets/{id}"}
    build_site(copy, tmp_path / "site", addresses=told)
    shown = Shown(browser, tmp_path / "site" / "tickets.html")
    links = shown.page.locator(".DataTable tbody td:first-child a")
    assert links.count() > 0
    first = links.first
    assert first.get_attribute("href") == told[sources[0][0]].format(id=first.inner_text())


def test_what_is_chosen_goes_along_from_page_to_page(site: Path, browser: Browser) -> None:
    shown = Shown(browser, site / "index.html")
    shown.page.select_option("#in-channel", "chat")
    shown.page.select_option("#in-handling", "human_handled")
    for name in ("Live queue", "Business case", "Tickets", "Headline"):
        shown.page.click(f"nav a:has-text('{name}')")
        shown.page.wait_for_selector("html[data-ready]")
        assert shown.hash() == "channel=chat&handling=human_handled", name
    assert shown.page.input_value("#in-channel") == "chat"
    assert shown.page.input_value("#in-handling") == "human_handled"


@pytest.mark.parametrize("name", ["index", "trends", "tickets", "queue", "diagnostics"])
def test_an_address_that_asks_for_nonsense_shows_nothing_wrong(
    name: str, site: Path, browser: Browser
) -> None:
    hostile = "<img src=x onerror=window.broken=1>"
    asking = f"#channel={hostile}&period=x..y&kpi={hostile}&grain={hostile}&team=%&__proto__=1"
    shown = Shown(browser, site / f"{name}.html", asking=asking)
    assert shown.faults == []
    assert shown.page.evaluate("window.broken") is None
    assert shown.page.query_selector("main img") is None
    assert set(shown.figures().values()) <= {"—", "0"}
