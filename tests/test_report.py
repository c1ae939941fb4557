"""The report step: figures of a small published copy → the weekly page and the scorecard."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from reports.errors import NotCompleteError, PeriodError, PublishedError
from reports.files import write_report
from reports.periods import MONTHLY, WEEKLY
from reports.render.html import summary_html
from reports.summary import build_summary, default_period
from tests.report_support import MONDAY, SCRIPT, Page, Shop, fill


@pytest.fixture
def shop() -> Iterator[Shop]:
    with duckdb.connect() as connection:
        made = Shop(connection)
        fill(made)
        yield made


@pytest.fixture
def page(shop: Shop, tmp_path: Path) -> Page:
    return Page(
        write_report(shop.connection, tmp_path, WEEKLY).files[0].read_text(encoding="utf-8")
    )


def test_headline_cards_show_the_core_four_with_hand_worked_figures(page: Page) -> None:
    cards = [tag["id"] for name, tag in page.tags if name == "article"]
    assert cards == ["csat", "deflection_rate", "first_contact_resolution", "tickets_per_order"]
    csat = page.texts["csat"]
    assert "4.41 / 5" in csat and "+0.06, better than 4.35 the week before" in csat
    assert "Target ≥ 4.30 · On target" in csat and "1,204 ratings" in csat
    assert "AI 4.44 Human 4.36" in csat and "+0.08 within 0.30 · Best tier" in csat
    fcr = page.texts["first_contact_resolution"]
    assert "76.0 %" in fcr and "−0.8 points, worse than 76.8 %" in fcr
    assert "Target ≥ 78.0 % · Acceptable" in fcr and "AI — no figure of this side" in fcr
    orders = page.texts["tickets_per_order"]
    assert "0.087" in orders and "−0.004, better than 0.091" in orders
    assert "Target ≤ 0.100 · On target" in orders and "3,881 tickets, 44,609 orders" in orders
    assert "AI 0.041 Human 0.044" in orders
    assert page.texts["header"].startswith("Weekly support summary 16 to 22 November 2026")
    assert "Three of four headline figures are on target." in page.texts["header"]
    assert "First-contact resolution is short of its target but acceptable" in page.texts["header"]


def test_a_headline_that_is_not_final_shows_the_newest_final_week_and_says_so(page: Page) -> None:
    card = page.texts["deflection_rate"]
    assert "Week of 9 to 15 November 2026 (2026-W46), the newest that is final." in card
    assert card.startswith("Deflection rate 58.0 %")
    assert "+1.9 points, better than 56.1 %" in card and "2,251 of 3,881 contacts" in card
    assert "2026-W47 stands at 53.0 %, not final yet." in card
    assert "Human 0.0 % human is 0 by definition" in card


def test_diagnostics_show_value_change_baseline_target_and_owner(page: Page) -> None:
    assert page.cells["full_resolution_time.median"] == [
        "Resolution time — full median", "4 h 12 min", "4 h", "+5 % worse", "4 h 30 min",
        "≤ 24 h Best tier , alert limit passed", "Support lead",
    ]  # fmt: skip
    assert page.cells["tickets_created.count"][1:4] == ["3,881", "4,043", "−4 %"]
    assert page.cells["revenue_saved.value"][1:4] == ["€1,234", "−€80.00", "from below 0 better"]
    assert page.cells["ai_resolution_rate.ratio"] == [
        "AI resolution rate not final yet", "46.0 %", "50.0 %", "−4.0 points", "49.0 %",
        "≥ 50.0 %", "Support lead",
    ]  # fmt: skip
    handle = page.cells["handle_time.mean"]
    assert handle[0].endswith("low sample, n = 12") and handle[1:4] == ["11 min", "10 min", "+10 %"]
    assert page.cells["backlog.count"][:6] == [
        "Backlog (as-of) nothing to measure this week", "—", "210", "—", "180.5", "≤ 200",
    ]  # fmt: skip
    assert not any(key.startswith(("reopen_rate", "csat.")) for key in page.cells)
    both = page.cells["AI and human, side by side"]
    assert both[4:] == ["Resolution time — full median", "38 s", "8 h 30 min", "−8 h 29 min"]


def test_alerts_context_and_data_notes_are_told(page: Page) -> None:
    alerts = page.texts["Open alerts"]
    assert alerts.index("High · CSAT") < alerts.index("Warn · CSAT")
    assert "4.02, expected 4.31 to 4.48. a2" in alerts and "a3" not in alerts
    assert "a4" not in page.html and "acknowledged since 21 November 2026, 00:00" in alerts
    assert "Support lead. Review all sub-4.0 responses." in alerts
    context = page.texts["Context"]
    assert "promo, 20 to 30 November 2026 · expected to go up" in context
    assert "expected: a3" in context and "Black Friday is near" in context
    assert "Long past" not in page.html
    data = page.texts["About the data"]
    assert "gorgias · late: its data end on 16 November 2026, 00:00" in data
    assert "shopify · 1,204 rows set aside" in data
    assert "Headcount gap · — no rosters are loaded" in data
    assert "Data complete to 23 November 2026, 00:00 (Europe/Berlin)" in page.texts["footer"]


def test_hostile_text_is_harmless_and_nothing_is_fetched(page: Page) -> None:
    names = [name for name, _ in page.tags]
    assert "script" not in names and "img" not in names
    assert SCRIPT in page.texts["csat"] and not re.search("[\u202a-\u202e\u200f]", page.html)
    outside = [tag for _, tag in page.tags if tag.keys() & {"src", "href", "style", "onerror"}]
    assert outside == [{"rel": "icon", "href": "data:,"}]
    policies = [tag["content"] for _, tag in page.tags if "http-equiv" in tag]
    assert len(policies) == 1 and str(policies[0]).startswith("default-src 'none'; style-src 'sha")
    assert "unsafe" not in str(policies[0]) and "url(" not in page.texts["style"]


def test_partial_weeks_never_appear(page: Page, shop: Shop, tmp_path: Path) -> None:
    table = write_report(shop.connection, tmp_path, WEEKLY).files[1].read_text(encoding="utf-8")
    assert "777" not in page.html.replace("#", "") and "777" not in table
    assert "2026-11-23" not in table


def test_the_same_published_copy_gives_the_same_bytes(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "bookbag.duckdb") as connection:
        fill(Shop(connection))
    with duckdb.connect(tmp_path / "bookbag.duckdb", read_only=True) as connection:
        first = [path.read_bytes() for path in write_report(connection, tmp_path, WEEKLY).files]
        connection.execute("set timezone = 'Asia/Tokyo'")
        paths = write_report(connection, tmp_path, WEEKLY, "2026-W47").files
    assert [path.read_bytes() for path in paths] == first
    folder = tmp_path / "weekly" / "2026-W47"
    assert sorted(folder.iterdir()) == sorted(paths) == sorted(folder.glob("summary.*"))


def test_an_earlier_week_shows_its_own_figures_and_no_later_baseline(
    shop: Shop, tmp_path: Path
) -> None:
    html, table = write_report(shop.connection, tmp_path, WEEKLY, "2026-W46").files[:2]
    page = Page(html.read_text(encoding="utf-8"))
    assert "4.35 / 5" in page.texts["csat"] and "−0.06, worse than 4.41" in page.texts["csat"]
    assert page.cells["full_resolution_time.median"][4] == "—"
    header = next(csv.reader(table.read_text(encoding="utf-8").splitlines()))
    assert header[5] == "2026-08-17" and header[17] == "2026-11-09"


def test_the_monthly_report_shows_months_and_the_figures_that_are_looked_at_by_month(
    shop: Shop, tmp_path: Path
) -> None:
    shop.months("csat", "mean", [*[4.2] * 12, 4.30, 4.41])
    shop.months("reopen_rate", "ratio", [0.11, 0.08])
    shop.months("tickets_created", "count", [16000, 17000])
    shop.connection.execute(
        "insert into marts.kpi_values by name select * replace ("
        " timestamp '2026-11-01' as period_start, 777.0 as value, true as is_partial)"
        " from marts.kpi_values where kpi = 'csat' and grain = 'month'"
        " and period_start = timestamp '2026-10-01';"
        "insert into marts.kpi_status by name select * replace ('month' as grain, 'reopen_rate' as"
        " kpi, 'ratio' as stat, timestamp '2026-10-01' as period_start, 0.1 as baseline_30d, 0.12"
        " as good, 0.08 as better, 0.04 as best, 'better' as target_tier, null as context_note)"
        " from marts.kpi_status where kpi = 'csat'"
    )
    html, table = write_report(shop.connection, tmp_path, MONTHLY).files[:2]
    assert html == tmp_path / "monthly" / "2026-10" / "summary.html"
    page = Page(html.read_text(encoding="utf-8"))
    header = page.texts["header"]
    assert header.startswith("Monthly support summary 1 to 31 October 2026 · 2026-10")
    csat = page.texts["csat"]
    assert "4.41 / 5" in csat and "+0.11, better than 4.30 the month before" in csat
    assert "CSAT by month, 1 October 2025 to 31 October 2026: from 4.20" in csat
    assert "No figure: no complete figure for this month." in page.texts["deflection_rate"]
    assert page.cells["reopen_rate.ratio"] == [
        "Reopen rate", "8.0 %", "11.0 %", "−3.0 points better", "10.0 %", "≤ 8.0 % On target",
        "Support lead",
    ]  # fmt: skip
    # The weekly report has these, by their cadence.
    assert not any(key.startswith(("tickets_created", "handle_time")) for key in page.cells)
    assert "week" not in re.sub("<style>.*</style>", "", page.html, flags=re.S)
    assert "777" not in page.html.replace("#", "")
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    months = [f"2025-{month:02d}-01" for month in (10, 11, 12)]
    months += [f"2026-{month:02d}-01" for month in range(1, 11)]
    assert list(rows[0])[5:] == [*months, "target", "baseline", "status"]
    (reopened,) = [row for row in rows if row["kpi"] == "reopen_rate"]
    last = [reopened[name] for name in ("2026-08-01", "2026-09-01", "2026-10-01")]
    assert last == ["", "0.11", "0.08"]
    assert [reopened[name] for name in ("target", "baseline", "status")] == [
        "0.08",
        "0.1",
        "better",
    ]


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ("2026-11", NotCompleteError, "month 2026-11 .* not complete.*latest complete .* 2026-10"),
        ("2019-01", PeriodError, "no complete month 2019-01 .* begin later"),
        ("2026-13", PeriodError, "no month '2026-13'"),
        ("2026-W46", PeriodError, "is no month"),
    ],
)
def test_a_month_that_cannot_be_reported_is_refused_with_the_cure(
    shop: Shop, asked: str, error: type[PeriodError], message: str
) -> None:
    with pytest.raises(NotCompleteError, match="no complete month yet: the data end on"):
        build_summary(shop.connection, MONTHLY)
    with pytest.raises(PeriodError, match=r"begin later. There is no complete month yet"):
        build_summary(shop.connection, MONTHLY, "2026-10")
    shop.months("csat", "mean", [4.4])
    with pytest.raises(PeriodError, match=message) as raised:
        build_summary(shop.connection, MONTHLY, asked)
    assert type(raised.value) is error


def test_a_headline_that_the_data_cannot_give_is_named_with_its_reason(
    shop: Shop, tmp_path: Path
) -> None:
    shop.connection.execute("delete from marts.kpi_values where kpi = 'csat'")
    shop.connection.execute(
        "update marts.kpi_catalog set available = false, unavailable_reason = 'no ratings loaded' "
        "where kpi = 'csat'"
    )
    page = Page(
        write_report(shop.connection, tmp_path, WEEKLY).files[0].read_text(encoding="utf-8")
    )
    assert page.texts["csat"].startswith("CSAT — No figure: no ratings loaded.")
    assert "No figure for CSAT: no ratings loaded." in page.texts["header"]
    assert "Two of three headline figures that can be judged are on target." in page.texts["header"]
    assert "CSAT (average and positive %) · — no ratings loaded" in page.texts["About the data"]


def test_an_alert_names_its_stat_and_reads_in_the_unit_of_that_stat(
    shop: Shop, tmp_path: Path
) -> None:
    """A multiple that is only there by month: neither a percentage nor the KPI's own stat."""
    shop.connection.execute(
        "update marts.kpi_catalog set stats = '[\"ratio\", \"index\"]' where kpi = 'reopen_rate';"
        "insert into marts.kpi_status (kpi, stat, grain, handling, channel, category, team,"
        " customer_segment, unit) select 'reopen_rate', 'index', 'month', 'all', 'all', 'all',"
        " 'all', 'new', 'times';"
        "update marts.alerts set kpi = 'reopen_rate', stat = 'index', value = 2.367, lower = 2.4,"
        " upper = null, channel = 'all', category = 'all', customer_segment = 'new'"
        " where alert_id = 'a1'"
    )
    page = Page(
        write_report(shop.connection, tmp_path, WEEKLY).files[0].read_text(encoding="utf-8")
    )
    told = page.texts["Open alerts"]
    assert "index · customer segment new" in told and "2.37×, expected at least 2.40×" in told


def test_a_small_copy_without_the_optional_marts_still_gives_a_report(shop: Shop) -> None:
    for table in ("marts.kpi_status", "marts.alerts", "marts.source_freshness"):
        shop.connection.execute(f"drop table {table}")
    shop.connection.execute("drop schema core cascade")
    summary = build_summary(shop.connection, WEEKLY)
    assert summary.alerts is None and summary.notes.sources is None
    page = Page(summary_html(summary))
    assert "Not known" in page.texts["Open alerts"] and "not known" in page.texts["About the data"]
    assert summary.cards[0].line.target and summary.cards[0].line.target.tier == "better"
    shop.connection.execute("drop table marts.account")
    with pytest.raises(PublishedError, match=r"marts\.account.*bookbag run"):
        build_summary(shop.connection, WEEKLY)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("2026-W48", "not complete.*latest complete week is 2026-W47"),
        ("2024-W10", "begin later"),
        ("2026-W60", "no week '2026-W60'"),
        ("last week", "is no week"),
    ],
)
def test_a_week_that_cannot_be_reported_is_refused_with_the_cure(
    shop: Shop, asked: str, message: str
) -> None:
    with pytest.raises(PeriodError, match=message):
        build_summary(shop.connection, WEEKLY, asked)


def test_no_complete_week_is_said(shop: Shop) -> None:
    assert default_period(shop.connection, WEEKLY).label == "2026-W47"
    shop.connection.execute("delete from marts.kpi_values where not is_partial")
    with pytest.raises(PeriodError, match="no complete week yet: the data end on 2026-11-23 00:00"):
        default_period(shop.connection, WEEKLY)


def test_the_scorecard_has_thirteen_weeks_and_safe_cells(shop: Shop, tmp_path: Path) -> None:
    weeks = ", ".join(f"w_{place} double" for place in range(1, 14))
    shop.connection.execute(
        f"create table marts.scorecard (kpi text, stat text, handling text, {weeks}, "
        "target double, baseline double, status text, last_week_start date)"
    )
    values = [*range(-6, 5), None, 4.41]
    for kpi, stat, handling in (
        ("tickets_created", "count", "all"), ("csat", "mean", "human_handled"),
        ("csat", "ratio", "all"), ("csat", "mean", "all"), ("csat", "mean", "hybrid"),
        ("revenue_saved", "value", "all"),
    ):  # fmt: skip
        shop.insert("scorecard", kpi, stat, handling, *values, 4.3, 4.38, "@better", MONDAY)
    path = write_report(shop.connection, tmp_path, WEEKLY).files[1]
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    keys = [(row["kpi"], row["handling"]) for row in table]
    assert keys == [
        ("csat", "all"), ("csat", "human_handled"), ("revenue_saved", "all"),
        ("tickets_created", "all"),
    ]  # fmt: skip
    first, revenue = table[0], table[2]
    assert (first["2026-08-24"], first["2026-11-09"], first["2026-11-16"]) == ("-6", "", "4.41")
    assert (first["unit"], first["target"], first["baseline"]) == ("1–5", "4.3", "4.38")
    assert (revenue["label"], revenue["unit"]) == ("'=Revenue saved", "EUR")
    assert first["status"] == "'@better"
    assert len(table[0]) == 5 + 13 + 3
