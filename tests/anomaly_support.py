"""Marts of a shop as the anomaly detector reads them, a day at a time."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from expectations.anomalies.answers import ANSWERS, EVENTS
from expectations.anomalies.detection import detect
from expectations.anomalies.grains import DAY, HOUR, Grain
from expectations.anomalies.hours import HOURS
from expectations.anomalies.incidents import Incidents, count_incidents, update_incidents
from expectations.anomalies.kept import JUDGED, MEMORY

BEGIN, DAYS = date(2026, 1, 5), 120
WEEK = np.array([1.2, 1.1, 1.0, 1.0, 1.1, 0.8, 0.8])
KPIS = [
    # kpi, direction, stat, law, min_n, unit, quadrant
    ("tickets_created", "context", "count", "count", None, "count", "volume"),
    ("backlog", "down", "count", "count", None, "count", "efficiency"),
    ("csat", "up", "mean", "mean", 20, "1–5", "quality"),
    ("deflection_rate", "up", "ratio", "ratio", 20, "ratio", "efficiency"),
    ("tickets_per_order", "down", "ratio", "rate", None, "ratio", "volume"),
    ("nps", "up", None, None, None, "−100..100", "quality"),
]
SLICES = ("handling", "channel", "category", "team", "customer_segment")
Figures = np.ndarray[Any, np.dtype[np.float64]]


class Marts:
    """The marts that the detector reads, a day at a time; in memory, or in a file."""

    def __init__(self, path: Path | None = None) -> None:
        self.connection = duckdb.connect(str(path or ":memory:"))
        self.connection.execute("set timezone = 'UTC'")
        slices = ", ".join(f"{name} varchar" for name in SLICES)
        self.connection.execute(
            "create schema marts; create schema core; create schema raw_bookbag;"
            "create table marts.kpi_catalog (kpi varchar, tier varchar, direction varchar,"
            " watched_stat varchar, law varchar, min_n bigint, owner varchar, protocol varchar,"
            " label varchar, unit varchar, quadrant varchar, target_stat varchar,"
            " alert_below double, alert_above double);"
            "create table marts.account (timezone varchar, currency varchar,"
            " data_as_of timestamptz, ai_coverage_complete_from date);"
            "create table core.dim_calendar_context (name varchar, kind varchar, starts_on date,"
            " ends_on date, channel varchar, category varchar, kpi varchar,"
            " expected_direction varchar);"
            "create table marts.source_freshness (source varchar, last_instant_at timestamptz,"
            " is_stale boolean, data_as_of timestamptz);"
            "create table marts.kpi_status (kpi varchar, stat varchar, grain varchar,"
            f" {slices}, period_start timestamp, value double, baseline_30d double, unit varchar,"
            " is_breach boolean, breach_rule varchar, breach_bound double, is_expected boolean,"
            " context_note varchar, owner varchar, protocol varchar, data_as_of timestamptz);"
            f"create table marts.kpi_values (kpi varchar, stat varchar, grain varchar, {slices},"
            " period_start timestamp, value double, numerator double, denominator double,"
            " n bigint, attribution varchar, is_partial boolean, is_mature boolean);"
            f"create table raw_bookbag.anomaly_memory ({MEMORY});"
            f"create table raw_bookbag.anomaly_judged ({JUDGED});"
            f"create table raw_bookbag.anomaly_hours ({HOURS});"
            f"create table raw_bookbag.alert_answers ({ANSWERS});"
            f"create table raw_bookbag.told_events ({EVENTS})"
        )
        for kpi, direction, stat, law, min_n, unit, quadrant in KPIS:
            label = kpi.replace("_", " ").capitalize()
            self.connection.execute(
                "insert into marts.kpi_catalog"
                " values (?, 'headline', ?, ?, ?, ?, ?, 'Look.', ?, ?, ?, null, null, null)",
                [kpi, direction, stat, law, min_n, f"{kpi} owner", label, unit, quadrant],
            )

    def add(
        self,
        kpi: str,
        values: Figures,
        sizes: Figures | None = None,
        *,
        slice: Mapping[str, str] | None = None,
        attribution: str = "event",
        skip: Figures | None = None,
        grain: Grain = DAY,
    ) -> None:
        """A series from the first day or hour on; buckets where `skip` is true have no row."""
        stat = next(each[2] for each in KPIS if each[0] == kpi)
        law = next(each[3] for each in KPIS if each[0] == kpi)
        rows = []
        for bucket, value in enumerate(values):
            if skip is not None and skip[bucket]:
                continue
            size = None if sizes is None else float(sizes[bucket])
            figure = float(value)
            rows.append(
                {
                    "kpi": kpi, "stat": stat, "grain": grain.name,
                    **{name: (slice or {}).get(name, "all") for name in SLICES},
                    "period_start": on(0) + bucket * grain.step,
                    "value": figure if size is None or law == "mean" else figure / (size or 1),
                    "numerator": figure if law in ("ratio", "rate") else None,
                    "denominator": size if law in ("ratio", "rate") else None,
                    "n": int(size if size is not None else figure),
                    "attribution": attribution, "is_partial": False, "is_mature": True,
                }
            )  # fmt: skip
        self.connection.register("rows", pa.Table.from_pylist(rows))
        self.connection.execute("insert into marts.kpi_values by name from rows")
        self.connection.unregister("rows")

    def happen(
        self, name: str, kind: str, first: int, last: int, *, category: str | None = None
    ) -> None:
        """An event of the calendar, from one day to another."""
        self.connection.execute(
            "insert into core.dim_calendar_context values (?, ?, ?, ?, null, ?, null, null)",
            [name, kind, on(first).date(), on(last).date(), category],
        )

    def until(self, day: int) -> None:
        """The data reach to the end of a day."""
        at = datetime.combine(BEGIN + timedelta(day + 1), datetime.min.time(), UTC)
        self.connection.execute("delete from marts.account")
        self.connection.execute("insert into marts.account values ('UTC', 'USD', ?, null)", [at])
        self.connection.execute(
            "update marts.kpi_values set is_partial = period_start >= ?", [at.replace(tzinfo=None)]
        )

    def judge_hour(self, hour: int, *, again: bool = True) -> Incidents:
        """The data reach to the end of an hour, counted from the first."""
        self.until((hour + 1) // 24 - 1)
        at = on(0) + (hour + 1) * HOUR.step
        now = at.replace(tzinfo=UTC)
        self.connection.execute("update marts.account set data_as_of = ?", [now])
        self.connection.execute(
            "update marts.kpi_values set is_partial = period_start >= ? where grain = 'hour'", [at]
        )
        update_incidents(self.connection, now)
        detect(self.connection, now, again=again)
        return count_incidents(self.connection, now)

    def judge(self, day: int, *, again: bool = True, country: str | None = None) -> Incidents:
        self.until(day)
        now = datetime.combine(BEGIN + timedelta(day + 1), datetime.min.time(), UTC)
        update_incidents(self.connection, now)
        detect(self.connection, now, again=again, country=country)
        return count_incidents(self.connection, now)

    def alerts(self, columns: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(
            f"select {columns} from marts.alerts order by first_bucket, kpi, channel, category"
        ).fetchall()


def drawn(mean: float, seed: int = 3) -> Figures:
    means = mean * WEEK[np.arange(DAYS) % 7]
    return np.random.default_rng(seed).poisson(means).astype(float)


def on(day: int) -> datetime:
    return datetime.combine(BEGIN + timedelta(day), datetime.min.time())


def of_categories(marts: Marts, more: Mapping[str, tuple[int, int]]) -> None:
    """Tickets by category, and all of them; `more`: category → (day, tickets)."""
    whole = np.zeros(DAYS)
    for seed, (name, mean) in enumerate({"parcel": 30, "returns": 30, "other": 40}.items()):
        tickets = drawn(mean, seed)
        if name in more:
            tickets[more[name][0]] += more[name][1]
        marts.add("tickets_created", tickets, slice={"category": name})
        whole += tickets
    marts.add("tickets_created", whole)
