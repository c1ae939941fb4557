"""The catalogue is enforced: what a KPI must have, that all are there, and that one is one file."""

import copy
import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.cli.main import dbtRunnerResult

from bookbag_orchestration.settings import DBT_PROJECT
from reports.formats import kind_of
from tests.dbt_support import dbt
from tests.support import call

pytestmark = pytest.mark.slow

SPLIT_BY_HANDLING = (
    "kpi_values",
    "kpi_status",
    "scorecard",
    "agent_performance",
    "category_issues",
    "customer_segments",
    "live_queue",
)
GRAINS = {"h": "hour", "d": "day", "w": "week", "m": "month", "q": "quarter"}


def told_by(result: dbtRunnerResult) -> str:
    results: Any = result.result
    return f"{result.exception} " + " ".join(str(each.message) for each in results or ())


@pytest.fixture(scope="module")
def warehouse(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the golden warehouse."""
    path = tmp_path_factory.mktemp("catalogue") / "bookbag.duckdb"
    return Path(shutil.copyfile(golden / "warehouse/bookbag.duckdb", path))


def with_change(manifest: Any, kpi: str, change: Callable[[Any], None]) -> Any:
    changed = copy.deepcopy(manifest)
    change(changed.exposures[f"exposure.bookbag.{kpi}"])
    changed.build_flat_graph()
    return changed


def without(key: str) -> Callable[[Any], None]:
    def change(exposure: Any) -> None:
        del exposure.config.meta[key]

    return change


def no_owner(exposure: Any) -> None:
    exposure.owner.name = None


def no_description(exposure: Any) -> None:
    exposure.description = ""


def a_headline_more(exposure: Any) -> None:
    exposure.config.meta["tier"] = "headline"


def a_stat_that_the_fact_has_not(exposure: Any) -> None:
    exposure.config.meta["stats"] = [{"stat": "ratio", "ratio": "is_happy"}]


@pytest.mark.parametrize(
    ("kpi", "change", "said"),
    [
        ("reopen_rate", no_owner, "KPI 'reopen_rate': it has no owner"),
        ("reopen_rate", no_description, "KPI 'reopen_rate': it has no description"),
        ("reopen_rate", without("protocol"), "KPI 'reopen_rate': its block has no 'protocol'"),
        ("reopen_rate", without("direction"), "KPI 'reopen_rate': its block has no 'direction'"),
        (
            "nps",
            without("benchmark_source"),
            "KPI 'nps': its block has no 'benchmark_source'",
        ),
        ("nps", without("stats"), "KPI 'nps': its block has no 'stats'"),
        ("nps", a_headline_more, "tier headline belongs to exactly csat, deflection_rate"),
        ("csat", without("tier"), "KPI 'csat': its block has no 'tier'"),
    ],
)
def test_a_block_that_lacks_something_stops_the_build_and_is_named(
    kpi: str, change: Callable[[Any], None], said: str, manifest: Any, warehouse: Path
) -> None:
    changed = with_change(manifest, kpi, change)
    result = dbt(warehouse, "compile", "--select", "kpi_stats", manifest=changed)
    assert not result.success
    assert said in told_by(result)


def test_a_stat_over_a_column_that_is_not_there_is_named(manifest: Any, warehouse: Path) -> None:
    changed = with_change(manifest, "reopen_rate", a_stat_that_the_fact_has_not)
    result = dbt(warehouse, "compile", "--select", "kpi_fct_resolves", manifest=changed)
    said = "KPI 'reopen_rate': stat 'ratio' names 'is_happy', which fct_resolves has not"
    assert said in told_by(result)


ONE_FILE = """
exposures:
  - name: chat_tickets
    label: Tickets by chat
    type: analysis
    description: Countable tickets whose first customer message came by chat.
    owner: {name: Chat lead}
    depends_on: [ref('fct_tickets')]
    config:
      tags: [kpi]
      meta:
        code: X1
        tier: volume
        unit: count
        direction: context
        quadrant: volume
        benchmark: none
        benchmark_source: "own"
        protocol: Look at the widget.
        cadence: weekly
        reads: [tickets]
        needs: [has_tickets]
        slices: [all]
        attribution: event
        fact: fct_tickets
        at: first_customer_message_at
        where: is_countable and channel = 'chat'
        stats:
          - {stat: count, count: rows}
"""


def test_a_new_kpi_over_existing_facts_is_one_file(warehouse: Path, tmp_path: Path) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    (project / "models/marts/kpis/own.yml").write_text(ONE_FILE)
    result = dbt(
        warehouse, "run", "--select", "kpi_fct_tickets", "kpi_stats", "kpi_base",
        "kpi_derived", "kpi_values", "kpi_catalog", project=project,
    )  # fmt: skip
    assert result.success, result.exception
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        weeks = connection.execute(
            "select period_start::date::text, value from marts.kpi_values"
            " where kpi = 'chat_tickets' and grain = 'week' and value > 0"
        ).fetchall()
        catalogued = connection.execute(
            "select owner, available from marts.kpi_catalog where kpi = 'chat_tickets'"
        ).fetchall()
    # T1, T2, T9 and T13 of the golden shop were started by chat, in its one week.
    assert weeks == [("2026-10-26", 4.0)]
    assert catalogued == [("Chat lead", True)]


def registry(shared: Path) -> list[dict[str, str]]:
    with (shared / "spec/kpi_registry.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names_in(cell: str) -> list[str]:
    """`count; contacts (episodes); share, growth (ratio)` → its names."""
    names = []
    for part in re.sub(r"\([^)]*\)", "", cell).split(";"):
        plain = [name.strip() for name in part.split(",") if name.strip()]
        names += [name for name in plain if name != "each also _biz"]
        if "each also _biz" in plain:
            names += [f"{name}_biz" for name in plain if name != "each also _biz"]
    return names


def test_every_row_of_the_registry_is_in_the_catalogue(shared: Path, golden: Path) -> None:
    with duckdb.connect(str(golden / "published/bookbag.duckdb"), read_only=True) as connection:
        catalogue = {
            kpi: rest
            for kpi, *rest in connection.execute(
                "select kpi, code, tier, direction, owner, cadence, stats from marts.kpi_catalog"
            ).fetchall()
        }
    for row in registry(shared):
        code, tier, direction, owner, cadence, stats = catalogue.pop(row["kpi"])
        assert (code, tier, direction) == (row["code"], row["tier"], row["direction"])
        assert (owner, cadence.split(",")[0]) == (
            row["owner"],
            re.split(r" \(|,", row["cadence"])[0],
        )
        expected = [] if row["stats"].startswith("none") else names_in(row["stats"])
        assert sorted(re.findall(r'"([^"]+)"', stats)) == sorted(expected), row["kpi"]
    assert catalogue == {}


def test_every_stat_has_the_grains_and_the_attribution_of_the_registry(
    shared: Path, golden: Path
) -> None:
    """`attribution` and `mature_after` read `value` or `value; stat: value`."""
    with duckdb.connect(str(golden / "warehouse/bookbag.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select kpi, stat, attribution, look_ahead_s,"
            f" {', '.join(f'has_{grain}' for grain in GRAINS.values())}"
            " from kpis.kpi_stats where not is_hidden"
        ).fetchall()
    rows = {row["kpi"]: row for row in registry(shared)}
    for kpi, stat, attribution, look_ahead_s, *has in found:
        row = rows[kpi]
        grains = {GRAINS[letter] for letter in re.sub(r"\(.*?\)", "", row["grains"]).split()}
        given = {name for name, there in zip(GRAINS.values(), has, strict=True) if there}
        # Growth looks back four periods and is for weeks and months only (A2).
        assert given == (grains - {"day"} if stat == "growth" else grains), (kpi, stat)
        assert attribution == said_of(stat, row["attribution"]).split()[0], (kpi, stat)
        window = re.match(r"(\d+)(?: (h|d))?$", said_of(stat, row["mature_after"]))
        if window:
            seconds = int(window[1]) * {"h": 3600, "d": 86400, None: 1}[window[2]]
            assert look_ahead_s == seconds, (kpi, stat)


def said_of(stat: str, cell: str) -> str:
    general, *special = [part.strip() for part in cell.split(";")]
    for part in special:
        names, _, value = part.partition(":")
        wanted = [name.strip() for name in names.split(",")]
        if any(stat == name or (name[0] == "_" and stat.endswith(name)) for name in wanted):
            return value.strip().removesuffix("their own") or f"{stat.split('_')[1][:-1]} d"
        if stat.startswith(names.strip()) and names.strip() == "within_target":
            return value.strip()
    return re.sub(r" \(.*", "", general)


def test_every_kpi_has_rows_or_says_why_not(golden: Path) -> None:
    with duckdb.connect(str(golden / "published/bookbag.duckdb"), read_only=True) as connection:
        silent = connection.execute(
            "select kpi from marts.kpi_catalog where stats <> '[]' and unavailable_reason is null"
            " and kpi not in (select kpi from marts.kpi_values)"
        ).fetchall()
        told = connection.execute(
            "select count(*) from marts.kpi_catalog where available = (unavailable_reason is null)"
        ).fetchone()
        all_of_them = connection.execute("select count(*) from marts.kpi_catalog").fetchone()
    assert silent == []
    assert told == all_of_them == (48,)


@pytest.mark.parametrize("table", SPLIT_BY_HANDLING)
def test_ai_and_human_handling_are_apart_wherever_they_must_be(table: str, golden: Path) -> None:
    with duckdb.connect(str(golden / "published/bookbag.duckdb"), read_only=True) as connection:
        columns = connection.execute(
            "select column_name from duckdb_columns()"
            " where schema_name = 'marts' and table_name = ?",
            [table],
        ).fetchall()
    assert ("handling",) in columns


def test_a_kpi_with_a_table_of_its_own_says_where_it_is_read(golden: Path) -> None:
    result = call("kpi", "coverage_roi", "--home", golden)
    assert result.code == 2
    assert "has a table of its own" in result.err and "business_case" in result.err


# What a figure of the stat looks like.
FORMATS = {
    "csat": {"mean": "num2", "ratio": "pct1", "responses": "num0"},
    "tickets_per_order": {
        "ratio": "num3", "ratio_28d": "num3", "order_contact": "pct1", "presale_share": "pct1",
    },
    "category_volume": {"count": "num0", "share": "pct1", "growth": "pct1", "coverage": "pct1"},
    "knowledge_gap_rate": {"ratio": "pct1", "count": "num0"},
    "ai_savings": {"value": "currency", "hours": "hours"},
    "handle_time": dict.fromkeys(
        ("mean", "median", "mean_tracked", "mean_helpdesk", "mean_estimated"), "seconds"
    ),
    "headcount_gap": {
        "value": "fte", "low": "fte", "high": "fte", "forecast": "num1", "mape": "pct1",
    },
    "coverage_roi": {},
}  # fmt: skip
# The same, as reports write it (reports/formats.py): one figure reads alike wherever it stands.
KINDS = {
    "share": "pct1", "per_order": "num3", "score": "num2", "count": "num0", "rho": "num2",
    "balance": "num1", "plain": "num1",
}  # fmt: skip


def test_each_stat_has_a_format_that_is_its_own(golden: Path) -> None:
    with duckdb.connect(str(golden / "published/bookbag.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select kpi, stats, format, formats from marts.kpi_catalog"
        ).fetchall()
        units = connection.execute(
            "select distinct kpi, stat, unit from marts.kpi_status where unit not like '%,%'"
        ).fetchall()
    told = {kpi: json.loads(formats) for kpi, _, _, formats in rows}
    assert {kpi: told[kpi] for kpi in FORMATS} == FORMATS
    for kpi, stats, first, _ in rows:
        assert [*told[kpi]] == json.loads(stats), kpi
        assert first == next(iter(told[kpi].values()), first), kpi
    assert {kpi: first for kpi, _, first, _ in rows if not told[kpi]} == {
        "coverage_roi": "currency",
        "kpi_relations": "num2",
    }
    assert len(units) > 100
    for kpi, stat, unit in units:
        kind = kind_of(kpi, stat, unit)
        assert told[kpi][stat] == KINDS.get(kind, kind), (kpi, stat)
