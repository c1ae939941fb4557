"""The report step: figures of a small published copy → the weekly page and the scorecard.

The copy is made by hand, in the shape of the published tables, so that every figure on the page can
be worked out on paper. Its data end with the week 2026-W47: rates that wait for what comes later
are not final in it.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from reports import formats
from reports.cards import Point
from reports.errors import PeriodError, PublishedError
from reports.periods import week_from, week_named
from reports.render.html import weekly_html
from reports.render.sparkline import sparkline
from reports.scorecard import safe_cell
from reports.summary import build_summary, default_period
from reports.weekly import write_weekly

MONDAY = datetime(2026, 11, 16)
WEEK = timedelta(days=7)
AS_OF = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)  # midnight in Berlin: W47 is just complete
SEGMENTS = "channel text, category text, team text, customer_segment text"
ALL = ("all",) * 4

TABLES = f"""
    create schema marts;
    create schema core;
    create table marts.account (account_id text, timezone text, currency text, week_start integer,
        data_as_of timestamptz, ai_launch_date date);
    create table marts.kpi_values (kpi text, stat text, grain text, period_start timestamp,
        period_end timestamp, handling text, {SEGMENTS}, value double, numerator double,
        denominator double, n bigint, attribution text, is_partial boolean, is_mature boolean,
        is_low_sample boolean, data_as_of timestamptz, definition_version text);
    create table marts.kpi_catalog (code text, kpi text, label text, tier text, unit text,
        direction text, quadrant text, definition text, stats text, attribution text, owner text,
        protocol text, cadence text, benchmark text, benchmark_source text, target_stat text,
        good double, better double, best double, alert text, alert_below double,
        alert_above double, min_n bigint, available boolean, unavailable_reason text);
    create table marts.kpi_status (kpi text, stat text, grain text, handling text, {SEGMENTS},
        period_start timestamp, period_end timestamp, value double, n bigint,
        previous_value double, baseline_30d double, baseline_30d_n bigint, baseline_pre_ai double,
        unit text, good double, better double, best double, target_tier text, is_breach boolean,
        owner text, protocol text, context_note text,
        is_low_sample boolean, data_as_of timestamptz);
    create table marts.alerts (alert_id text, kpi text, stat text, handling text, {SEGMENTS},
        rule text, severity text, state text, bucket timestamp, detected_at timestamptz,
        value double, expected double, lower double, upper double, score double, context text,
        is_suppressed boolean, owner text, protocol text, opened_at timestamptz,
        recovered_at timestamptz, notified_at timestamptz, drill_down text);
    create table marts.source_freshness (source text, kind text, loaded_at timestamptz,
        last_instant_at timestamptz, rows bigint, quarantined_rows bigint, is_stale boolean);
    create table core.dim_calendar_context (name text, kind text, starts_on date, ends_on date,
        channel text, category text, kpi text, expected_direction text);
"""

UP, DOWN, NONE = "up", "down", "context"
SCRIPT = "<script>alert(1)</script>"
# code, kpi, label, tier, unit, direction, quadrant, stats, cadence, target stat, tiers, reason
CATALOG = [
    ("Q1", "csat", "CSAT (average and positive %)", "headline", "1–5, ratio", UP, "quality",
     ["mean", "ratio"], "weekly", "mean", (4.0, 4.3, 4.6), None),
    ("E1", "deflection_rate", "Deflection rate", "headline", "ratio", UP, "efficiency",
     ["ratio", "strict"], "weekly", "ratio", (0.4, 0.55, 0.7), None),
    ("Q4", "first_contact_resolution", "First-contact resolution (FCR)", "headline", "ratio", UP,
     "quality", ["ratio"], "weekly", "ratio", (0.65, 0.78, 0.85), None),
    ("V6", "tickets_per_order", "Tickets per order", "headline", "ratio", DOWN, "volume",
     ["ratio"], "weekly, monthly", "ratio", (0.12, 0.1, 0.07), None),
    ("Q3", "csat_parity", "CSAT AI–human parity", "diagnostic", "points", "in-band", "quality",
     ["value"], "weekly", "value", (0.4, 0.3, 0.1), None),
    ("Q6", "reopen_rate", "Reopen rate", "diagnostic", "ratio", DOWN, "quality",
     ["ratio"], "monthly", "ratio", (0.12, 0.08, 0.04), None),
    ("E3", "ai_resolution_rate", "AI resolution rate", "diagnostic", "ratio", UP, "efficiency",
     ["ratio"], "weekly", "ratio", (0.45, 0.55, 0.7), None),
    ("S7", "full_resolution_time", "Resolution time — full", "diagnostic", "seconds", DOWN,
     "efficiency", ["mean", "median", "p90"], "weekly", "median", (172800, 86400, 28800), None),
    ("S8", "handle_time", f"Handle \u202etime {SCRIPT} 🙂", "agent", "seconds", DOWN, "efficiency",
     ["mean"], "weekly", None, (None, None, None), None),
    ("V1", "tickets_created", "Ticket volume", "volume", "count", NONE, "volume",
     ["count"], "daily", None, (None, None, None), None),
    ("V9", "backlog", "Backlog (as-of)", "diagnostic", "count", DOWN, "volume",
     ["count"], "live/daily", "count", (1.5, 1.0, 0.5), None),
    ("V13", "headcount_gap", "Headcount gap", "planning", "FTE", DOWN, "volume",
     ["value"], "weekly", None, (None, None, None), "no rosters are loaded"),
    ("R2", "revenue_saved", "=Revenue saved", "revenue", "currency", UP, "revenue",
     ["value"], "weekly", None, (None, None, None), None),
]  # fmt: skip


@dataclass
class Shop:
    """A published copy in the making."""

    connection: duckdb.DuckDBPyConnection
    week: datetime = MONDAY

    def insert(self, table: str, *values: object) -> None:
        schema = "core" if table.startswith("dim_") else "marts"
        marks = ", ".join("?" * len(values))
        self.connection.execute(f"insert into {schema}.{table} values ({marks})", values)

    def series(
        self, kpi: str, stat: str, values: list[float | None], *, handling: str = "all",
        parts: tuple[float | None, float | None] = (None, None), n: int = 900,
        final: bool = True, low: bool = False,
    ) -> None:  # fmt: skip
        """One value a week, the last in W47; `final`, `low`, `parts` and `n` are the last one's."""
        for back, value in enumerate(reversed(values)):
            start, is_last = self.week - back * WEEK, back == 0
            self.insert(
                "kpi_values", kpi, stat, "week", start, start + WEEK, handling, *ALL, value,
                *(parts if is_last else (None, None)), n if value is not None else 0, "cohort",
                False, final or not is_last, low and is_last, AS_OF, "v1",
            )  # fmt: skip

    def status(
        self, kpi: str, stat: str, baseline: float, tiers: tuple[float, float, float],
        tier: str | None, *, unit: str | None = None, weeks_back: int = 0,
        note: str | None = None, is_breach: bool = False,
    ) -> None:  # fmt: skip
        start = self.week - weeks_back * WEEK
        self.insert(
            "kpi_status", kpi, stat, "week", "all", *ALL, start, start + WEEK, None, 900, None,
            baseline, 4000, None, unit, *tiers, tier, is_breach, "o", "p", note, False, AS_OF,
        )  # fmt: skip


def fill(shop: Shop) -> None:
    """Thirteen weeks and more of a shop, and the first day of W48."""
    shop.connection.execute(TABLES)
    shop.insert("account", "acme & sons", "Europe/Berlin", "EUR", 1, AS_OF, date(2026, 3, 2))
    for code, kpi, label, tier, unit, way, quadrant, stats, cadence, aim, tiers, reason in CATALOG:
        owner = SCRIPT if kpi == "csat" else "Support lead"
        shop.insert(
            "kpi_catalog", code, kpi, label, tier, unit, way, quadrant, "words", json.dumps(stats),
            "cohort", owner, "=cmd|' /C calc'!A0 reads 20", cadence, None, None, aim, *tiers,
            "words", None, None, 20, reason is None, reason,
        )  # fmt: skip
    csat = [4.30, 4.22, 4.32, 4.29, 4.31, 4.33, 4.28, 4.36, 4.35, 4.47, 4.40, 4.41, 4.35, 4.41]
    shop.series("csat", "mean", [*csat], parts=(5309.64, 1204), n=1204)
    shop.series("csat", "mean", [4.40, 4.44], handling="ai_handled", n=700)
    shop.series("csat", "mean", [4.28, 4.36], handling="human_handled", n=504)
    rate = [0.512, 0.514, 0.516, 0.525, 0.536, 0.535, 0.55, 0.547, 0.552, 0.561]
    shop.series("deflection_rate", "ratio", [*rate, 2251 / 3881, 0.53], n=3900, final=False)
    for side, value in (("ai_handled", 0.88), ("human_handled", 0.0)):
        shop.series("deflection_rate", "ratio", [value, value], handling=side, final=False)
    shop.connection.execute(
        "update marts.kpi_values set numerator = 2251, denominator = 3881, n = 3881 "
        "where kpi = 'deflection_rate' and handling = 'all' and period_start = date '2026-11-09'"
    )
    fcr = [0.78, 0.782, 0.79, 0.77, 0.768, 0.775, 0.76, 0.762, 0.77, 0.765, None, 0.768]
    shop.series("first_contact_resolution", "ratio", [*fcr, 2738 / 3603])
    orders = [0.101, 0.104, 0.1, 0.098, 0.099, 0.0985, 0.095, 0.093, 0.094, 0.092, 0.091]
    shop.series("tickets_per_order", "ratio", [*orders, 3881 / 44609], parts=(3881, 44609))
    for side, value in (("ai_handled", 0.041), ("human_handled", 0.044)):
        shop.series("tickets_per_order", "ratio", [value], handling=side)
    shop.series("csat_parity", "value", [0.12, 0.08], n=504)
    shop.series("reopen_rate", "ratio", [0.1, 0.1])
    shop.series("ai_resolution_rate", "ratio", [0.5, 0.46], final=False)
    shop.series("full_resolution_time", "mean", [20000, 21000])
    shop.series("full_resolution_time", "median", [14400, 15120])
    shop.series("full_resolution_time", "median", [38], handling="ai_handled")
    shop.series("full_resolution_time", "median", [30600], handling="human_handled")
    shop.series("handle_time", "mean", [600, 660], n=12, low=True)
    shop.series("tickets_created", "count", [4043, 3881])
    shop.series("backlog", "count", [210, None])
    shop.series("revenue_saved", "value", [-80, 1234.5])
    shop.status("csat", "mean", 4.38, (4.0, 4.3, 4.6), "better", note="Black Friday is near")
    hours = (172800.0, 86400.0, 28800.0)
    shop.status("full_resolution_time", "median", 16200, hours, "best", is_breach=True)
    shop.status("ai_resolution_rate", "ratio", 0.49, (0.45, 0.5, 0.7), "good", weeks_back=1)
    shop.status("backlog", "count", 180.5, (300, 200, 100), None, unit="count")
    for kpi, stat in (("csat", "mean"), ("deflection_rate", "ratio"), ("tickets_created", "count")):
        shop.insert(
            "kpi_values", kpi, stat, "week", MONDAY + WEEK, MONDAY + 2 * WEEK, "all", *ALL, 777.0,
            None, None, 9, "event", True, False, True, AS_OF, "v1",
        )  # fmt: skip
    for key, state, severity, muted, recovered in (
        ("a1", "open", "warn", False, None), ("a2", "acknowledged", "high", False, None),
        ("a3", "open", "warn", True, None), ("a4", "recovered", "high", False, AS_OF),
    ):  # fmt: skip
        shop.insert(
            "alerts", key, "csat", "mean", "all", "chat", "returns", "all", "all", "one_day",
            severity, state, MONDAY, AS_OF, 4.02, 4.4, 4.31, 4.48, 5.0, f"{key} {SCRIPT}", muted,
            "Support lead", "Review all sub-4.0 responses.", AS_OF - timedelta(days=2), recovered,
            None, "{}",
        )  # fmt: skip
    shop.insert("source_freshness", "gorgias", "gorgias", AS_OF, AS_OF - WEEK, 9, 0, True)
    shop.insert("source_freshness", "shopify", "shopify", AS_OF, AS_OF, 9, 1204, False)
    for name, start, end in ((SCRIPT, (11, 20), (11, 30)), ("Long past", (1, 1), (11, 15))):
        shop.insert(
            "dim_calendar_context", name, "promo", date(2026, *start), date(2026, *end),
            None, None, None, "up",
        )  # fmt: skip


@pytest.fixture
def shop() -> Iterator[Shop]:
    with duckdb.connect() as connection:
        made = Shop(connection)
        fill(made)
        yield made


@dataclass
class Page(HTMLParser):
    """The page as a reader meets it: texts by card and by table row, and the tags."""

    html: str
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    cells: dict[str, list[str]] = field(default_factory=dict)
    place: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.texts = {key: " ".join(text.split()) for key, text in self.texts.items()}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag in ("article", "section", "header", "footer", "h2", "style"):
            self.place = found.get("id") or tag
        if "data-kpi" in found:
            self.place = f"{found['data-kpi']}.{found['data-stat']}"
        if tag in ("th", "td"):
            self.cells.setdefault(self.place, []).append("")

    def handle_data(self, data: str) -> None:
        if self.place == "h2" and data.strip():
            self.place = data.strip()
            return
        self.texts[self.place] = self.texts.get(self.place, "") + data
        if self.place in self.cells:
            cells = self.cells[self.place]
            cells[-1] = " ".join(f"{cells[-1]} {data}".split())


@pytest.fixture
def page(shop: Shop, tmp_path: Path) -> Page:
    return Page(write_weekly(shop.connection, tmp_path)[0].read_text(encoding="utf-8"))


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
    table = write_weekly(shop.connection, tmp_path)[1].read_text(encoding="utf-8")
    assert "777" not in page.html.replace("#", "") and "777" not in table
    assert "2026-11-23" not in table


def test_the_same_published_copy_gives_the_same_bytes(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "bookbag.duckdb") as connection:
        fill(Shop(connection))
    with duckdb.connect(tmp_path / "bookbag.duckdb", read_only=True) as connection:
        first = [path.read_bytes() for path in write_weekly(connection, tmp_path)]
        connection.execute("set timezone = 'Asia/Tokyo'")
        paths = write_weekly(connection, tmp_path, "2026-W47")
    assert [path.read_bytes() for path in paths] == first
    folder = tmp_path / "weekly" / "2026-W47"
    assert sorted(folder.iterdir()) == sorted(paths) == sorted(folder.glob("summary.*"))


def test_an_earlier_week_shows_its_own_figures_and_no_later_baseline(
    shop: Shop, tmp_path: Path
) -> None:
    html, table = write_weekly(shop.connection, tmp_path, "2026-W46")
    page = Page(html.read_text(encoding="utf-8"))
    assert "4.35 / 5" in page.texts["csat"] and "−0.06, worse than 4.41" in page.texts["csat"]
    assert page.cells["full_resolution_time.median"][4] == "—"
    header = next(csv.reader(table.read_text(encoding="utf-8").splitlines()))
    assert header[5] == "2026-08-17" and header[17] == "2026-11-09"


def test_a_headline_that_the_data_cannot_give_is_named_with_its_reason(
    shop: Shop, tmp_path: Path
) -> None:
    shop.connection.execute("delete from marts.kpi_values where kpi = 'csat'")
    shop.connection.execute(
        "update marts.kpi_catalog set available = false, unavailable_reason = 'no ratings loaded' "
        "where kpi = 'csat'"
    )
    page = Page(write_weekly(shop.connection, tmp_path)[0].read_text(encoding="utf-8"))
    assert page.texts["csat"].startswith("CSAT — No figure: no ratings loaded.")
    assert "No figure for CSAT: no ratings loaded." in page.texts["header"]
    assert "Two of three headline figures that can be judged are on target." in page.texts["header"]
    assert "CSAT (average and positive %) · — no ratings loaded" in page.texts["About the data"]


def test_a_small_copy_without_the_optional_marts_still_gives_a_report(shop: Shop) -> None:
    for table in ("marts.kpi_status", "marts.alerts", "marts.source_freshness"):
        shop.connection.execute(f"drop table {table}")
    shop.connection.execute("drop schema core cascade")
    summary = build_summary(shop.connection)
    assert summary.alerts is None and summary.notes.sources is None
    page = Page(weekly_html(summary))
    assert "Not known" in page.texts["Open alerts"] and "not known" in page.texts["About the data"]
    assert summary.cards[0].line.target and summary.cards[0].line.target.tier == "better"
    shop.connection.execute("drop table marts.account")
    with pytest.raises(PublishedError, match=r"marts\.account.*bookbag run"):
        build_summary(shop.connection)


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
        build_summary(shop.connection, asked)


def test_no_complete_week_is_said(shop: Shop) -> None:
    assert default_period(shop.connection).label == "2026-W47"
    shop.connection.execute("delete from marts.kpi_values where not is_partial")
    with pytest.raises(PeriodError, match="no complete week yet: the data end on 2026-11-23 00:00"):
        default_period(shop.connection)


@pytest.mark.parametrize("week_start", range(1, 8))
def test_a_week_holds_the_monday_of_its_iso_name(week_start: int) -> None:
    for label in ("2026-W46", "2026-W01", "2020-W53"):
        week = week_named(label, week_start)
        monday = date.fromisocalendar(int(label[:4]), int(label[6:]), 1)
        assert week.starts_on.isoweekday() == week_start
        assert week.starts_on <= monday < week.ends_on
        assert week_from(week.starts_on).label == label


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
    path = write_weekly(shop.connection, tmp_path)[1]
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


@pytest.mark.parametrize(
    ("cell", "text"),
    [("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@a", "'@a"), ("\ta", "'\ta"),
     ("a=b", "a=b"), (-1.5, "-1.5"), (3.0, "3"), (0.7899999999999996, "0.79"), (None, "")],
)  # fmt: skip
def test_cells_are_safe_and_numbers_stay_numbers(cell: str | float | None, text: str) -> None:
    assert safe_cell(cell) == text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "share", "—"), (0.5814, "share", "58.1 %"), (1.03, "share", "103.0 %"),
        (4.405, "score", "4.41"), (0.087, "per_order", "0.087"), (0.08, "points", "+0.08"),
        (-0.001, "points", "0.00"), (38.0, "seconds", "38 s"), (9.4, "seconds", "9.4 s"),
        (59.7, "seconds", "1 min"), (95.0, "seconds", "1 min 35 s"), (0.0, "seconds", "0 s"),
        (15120.0, "seconds", "4 h 12 min"), (3599.0, "seconds", "1 h"),
        (183600.0, "seconds", "2 d 3 h"), (3881.0, "count", "3,881"), (38.42, "count", "38.4"),
        (0.62, "currency", "$0.62"), (-12340.4, "currency", "−$12,340"), (1.25, "days", "1.2 days"),
        (3.44, "plain", "3.4"), (2.367, "times", "2.37×"), (-0.52, "fte", "−0.5 FTE"),
        (1.0, "fte", "+1.0 FTE"), (-12.55, "balance", "−12.6"), (0.1157, "rho", "0.12"),
    ],
)  # fmt: skip
def test_figures_read_as_people_write_them(
    value: float | None, kind: formats.Kind, text: str
) -> None:
    assert formats.figure(value, kind, "USD") == text


@pytest.mark.parametrize(
    ("value", "previous", "kind", "direction", "text", "verdict"),
    [
        (0.581, 0.56, "share", UP, "+2.1 points", "better"),
        (0.76, 0.768, "share", UP, "−0.8 points", "worse"),
        (3881, 4043, "count", NONE, "−4 %", ""),
        (96, 100, "seconds", DOWN, "−4 %", "better"),
        (1004, 1000, "count", UP, "+0.4 %", "better"),
        (1000.1, 1000, "count", UP, "no change", ""),
        (0.08, -0.2, "points", "in-band", "+0.28", "better"),
        (4.41, 4.41, "score", UP, "no change", ""),
        (5, 0, "count", DOWN, "from 0", "worse"),
        (-0.5, -0.6, "fte", DOWN, "+0.1 FTE", "better"),
        (0.9, -0.6, "fte", DOWN, "+1.5 FTE", "worse"),
        (-3.0, 4.0, "balance", UP, "−7.0", "worse"),
        (2.37, 2.68, "times", NONE, "−0.31", ""),
        (0, 0, "count", DOWN, "no change", ""),
    ],
)
def test_changes_carry_their_unit_and_whether_they_are_good(
    value: float, previous: float, kind: formats.Kind, direction: str, text: str, verdict: str
) -> None:
    assert formats.change(value, previous, kind, direction) == formats.Change(text, verdict)
    unjudged = formats.change(value, previous, kind, direction, is_judged=False)
    assert unjudged == formats.Change(text)


def test_days_are_told_without_repeating_what_is_the_same() -> None:
    assert formats.span(date(2026, 11, 16), date(2026, 11, 23)) == "16 to 22 November 2026"
    assert formats.span(date(2026, 9, 28), date(2026, 10, 5)) == "28 September to 4 October 2026"
    assert (
        formats.span(date(2026, 12, 28), date(2027, 1, 4)) == "28 December 2026 to 3 January 2027"
    )
    assert formats.span(date(2026, 11, 27), date(2026, 11, 28)) == "27 November 2026"


def test_a_sparkline_breaks_at_gaps_and_dashes_what_is_not_final() -> None:
    weeks = week_named("2026-W47", 1).trend()
    values = [1.0, None, 2.0, 3.0, 4.0, None, 2.0, *[None] * 4, 3.0, 5.0]
    points = [
        Point(week, value, is_mature=week != weeks[-1], is_low_sample=False)
        for week, value in zip(weeks, values, strict=True)
    ]
    drawn = sparkline(points, 3.0, "<b>")
    assert drawn.count('class="line"') == 1 and drawn.count('class="line pending"') == 1
    assert 'd="M44.0 36.0L63.0 26.0L82.0 16.0"' in drawn
    assert 'class="aim" d="M6 26.0H234"' in drawn
    assert drawn.count('class="dot"') == 2 and drawn.count('class="open"') == 1
    assert "<title>&lt;b&gt;</title>" in drawn
    assert sparkline(points[1:2], None, "nothing") == ""
