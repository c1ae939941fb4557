"""A small published copy and the page made of it: what the report tests share.

The copy is made by hand, in the shape of the published tables, so that every figure on the page can
be worked out on paper. Its data end with the week 2026-W47: rates that wait for what comes later
are not final in it.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import duckdb

# What each period of a report has, by name.
FILES = [f"summary.{kind}" for kind in ("csv", "eml", "html", "json", "pdf", "xlsx")]
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

    def months(self, kpi: str, stat: str, values: list[float]) -> None:
        """One value a month, the last in October 2026."""
        end = datetime(2026, 11, 1)
        for value in reversed(values):
            start = (end - timedelta(days=1)).replace(day=1)
            self.insert(
                "kpi_values", kpi, stat, "month", start, end, "all", *ALL, value, None, None, 900,
                "cohort", False, True, False, AS_OF, "v1",
            )  # fmt: skip
            end = start

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
