"""Lateness: which source is late, who is told, and what is told of its figures."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from bookbag_orchestration.account import fingerprint, record_sync, write_account
from bookbag_orchestration.defs import schedules
from bookbag_orchestration.defs.alert import alerts_asset, bring_up_to_date
from bookbag_orchestration.defs.ingest import source_assets
from bookbag_orchestration.defs.publish import published_asset
from bookbag_orchestration.freshness import DAILY, longest_gap, next_tick
from bookbag_orchestration.marks import marked, note_syncs
from bookbag_orchestration.publishing import STEM, refresh
from bookbag_orchestration.resources import SyncState, Workplace
from bookbag_orchestration.sections import Config
from reports.files import write_report
from reports.periods import WEEKLY
from tests.operations_support import build_marts, land, sync, workplace_of
from tests.report_support import AS_OF, MONDAY, Page, Shop, fill

ALL = ("all",) * 5


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return workplace_of(tmp_path)


@pytest.mark.parametrize(
    ("cron", "gap"),
    [
        ("*/5 * * * *", timedelta(minutes=5)),
        ("*/15 8-18 * * *", timedelta(hours=13, minutes=15)),
        ("0 6 * * 1-5", timedelta(days=3)),
        ("0 3 1 * *", timedelta(days=31)),
        ("0 2 6,8 * *", timedelta(days=29)),
    ],
)
def test_the_longest_gap_of_a_timetable(cron: str, gap: timedelta) -> None:
    assert longest_gap(cron) == gap


def test_dagster_judges_raw_tables_by_their_source_and_marts_by_the_day(place: Workplace) -> None:
    def windows(assets: dg.AssetsDefinition) -> set[Any]:
        return {spec.freshness_policy for spec in assets.specs}

    desk, shop = (source_assets(place, source) for source in place.config.sources)
    twice = dg.FreshnessPolicy.time_window(fail_window=timedelta(minutes=10))
    daily = dg.FreshnessPolicy.time_window(fail_window=DAILY)
    assert windows(desk) == {twice}
    assert windows(shop) == windows(alerts_asset(place)) == windows(published_asset(place))
    assert windows(shop) == {daily}


def test_a_source_is_late_when_its_last_whole_sync_is(place: Workplace) -> None:
    assert place.late_sources(datetime.now(UTC)) == {"desk": None, "shop": None}
    sync(place, "1", desk=False, shop=False)
    sync(place, "2", desk=True)
    now = datetime.now(UTC)
    assert place.late_sources(now) == {}
    assert [(state.source, state.is_failed) for state in place.syncs(now)] == [
        ("desk", True),
        ("shop", False),
    ]
    synced = place.history.last_done("ingest", "desk")
    assert place.late_sources(now + timedelta(minutes=11)) == {"desk": synced}
    assert set(place.late_sources(now + timedelta(hours=27))) == {"desk", "shop"}


def asked(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, cursor: str | None = None
) -> tuple[list[Any], str | None]:
    """What the sensor asks for, and its cursor after that."""
    monkeypatch.setattr(schedules, "workplace", lambda: place)
    context = dg.build_sensor_context(cursor=cursor)
    found = schedules.freshness(context)
    assert isinstance(found, Iterator)
    return list(found), context.cursor


def test_the_sensor_asks_for_alerts_without_opening_the_warehouse(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(place, "desk")
    sync(place, "1", shop=False)
    with monkeypatch.context() as patch:
        patch.setattr(Workplace, "connect", None)
        (request,), cursor = asked(place, patch)
    assert request.tags == {"late": "desk"}
    sync(place, "2", desk=False)
    (recovered,), cursor = asked(place, monkeypatch, cursor)
    assert recovered.tags == {"late": ""}
    (skipped,), cursor = asked(place, monkeypatch, cursor)
    assert isinstance(skipped, dg.SkipReason)
    sync(place, "3", desk=True)
    (failing,), _ = asked(place, monkeypatch, cursor)
    assert isinstance(failing, dg.RunRequest)


def test_a_late_source_is_an_incident_until_it_syncs(place: Workplace) -> None:
    build_marts(place)
    sync(place, "1", desk=False, shop=False)
    late = datetime.now(UTC) + timedelta(hours=1)

    def told() -> list[tuple[Any, ...]]:
        with place.connect(read_only=True) as connection:
            return connection.execute(
                "select stat, rule, state, upper from marts.alerts where kpi = 'source_freshness'"
            ).fetchall()

    bring_up_to_date(place, late)
    assert told() == [("desk", "late", "open", 600.0)]
    bring_up_to_date(place, datetime.now(UTC))
    assert told() == [("desk", "late", "recovered", 600.0)]


def marts(place: Workplace, states: list[SyncState], table: str, columns: str) -> Any:
    with place.connect() as connection:
        note_syncs(connection, states)
        query = marked(table, states, f"marts.{table}")
        return connection.execute(f"select {columns} from ({query})").fetchall()


def test_figures_and_sources_are_marked_late_in_the_copy(place: Workplace) -> None:
    build_marts(place)
    synced = datetime(2026, 11, 20, 10, tzinfo=UTC)
    late = [SyncState("desk", synced, True), SyncState("shop", None, False, is_failed=True)]
    assert marts(place, late, "kpi_status", "context_note") == [
        ("late: desk, last loaded 2026-11-20 10:00 UTC, shop, never loaded",)
    ]
    columns = "source, synced_at, is_late"
    assert marts(place, late, "source_freshness", columns) == [
        ("desk", synced, True),
        ("shop", None, True),
    ]
    fresh = [SyncState("desk", synced, False)]
    assert marts(place, fresh, "kpi_status", "context_note") == [(None,)]
    assert marts(place, fresh, "source_freshness", columns) == [
        ("desk", synced, False),
        ("shop", None, False),
    ]


def published_copy(place: Workplace) -> Path:
    """A copy of figures that the warehouse has no more."""
    (place.published / "parquet").mkdir(parents=True)
    file = place.published / f"{STEM}.duckdb"
    with duckdb.connect(str(file)) as copy:
        copy.execute(
            "create schema marts;"
            "create table marts.kpi_values as select cast(4.4 as double) as value;"
            "create table marts.alerts as select 'old' as alert_id;"
            "create table marts.source_freshness as select 'desk' as source, 7 as rows_loaded,"
            " cast(null as timestamptz) as synced_at, false as is_late"
        )
        path = place.published / "parquet/kpi_values.parquet"
        copy.execute(f"copy marts.kpi_values to '{path}'")
    figures = {"rows": 1, "parquet": "parquet/kpi_values.parquet", "sha256": "x"}
    manifest = {"inputs": "former", "tables": {"marts.kpi_values": figures}}
    (place.published / "manifest.json").write_text(json.dumps(manifest))
    return file


def test_what_is_not_judged_is_not_published_but_its_incident_is(place: Workplace) -> None:
    file = published_copy(place)
    build_marts(place)
    sync(place, "1", desk=False, shop=False)
    with pytest.raises(ValueError), place.history.step("2", "transform", "all", "sync"):
        raise ValueError("int_x: it broke. Run again.")
    assert not place.history.is_judged()
    now = datetime.now(UTC)
    bring_up_to_date(place, now)
    refresh(place, now)
    with duckdb.connect(str(file), read_only=True) as copy:
        assert copy.execute("select value from marts.kpi_values").fetchall() == [(4.4,)]
        assert copy.execute("select kpi, stat, rule, protocol from marts.alerts").fetchall() == [
            ("pipeline_runs", "transform", "failed", "int_x: it broke. Run again.")
        ]
        freshness = "select source, rows_loaded, is_late, synced_at is not null"
        found = copy.execute(f"{freshness} from marts.source_freshness").fetchall()
        assert found == [("desk", 7, False, True)]
        assert copy.execute("select count(*) > 1 from marts.pipeline_runs").fetchall() == [(True,)]
    manifest = json.loads((place.published / "manifest.json").read_text())
    assert manifest["inputs"] == "former"
    told = [
        *("alert_deliveries", "alerts", "kpi_values", "pipeline_runs", "report_deliveries"),
        "source_freshness",
    ]
    assert list(manifest["tables"]) == [f"marts.{name}" for name in told]
    files = sorted(path.stem for path in (place.published / "parquet").iterdir())
    assert files == told


def test_a_build_is_judged_when_the_marts_pass_after_it(place: Workplace) -> None:
    history = place.history

    def do(run_id: str, step: str, subject: str, rows: int | None) -> None:
        with history.step(run_id, step, subject, "sync") as told:
            told.rows = rows

    assert history.is_judged()
    do("1", "transform", "all", 9)
    assert not history.is_judged()
    do("1", "check", "golden", None)
    assert not history.is_judged()
    do("1", "check", "marts", None)
    assert history.is_judged()
    do("2", "transform", "all", None)  # nothing new: nothing built
    assert history.is_judged()
    with pytest.raises(KeyboardInterrupt), history.step("3", "transform", "all", "sync"):
        raise KeyboardInterrupt
    do("4", "check", "marts", None)
    assert not history.is_judged()


def test_what_lands_after_a_build_is_not_taken_for_built(place: Workplace) -> None:
    land(place, "shop")
    with place.connect() as connection:
        write_account(connection, place.config)
        connection.execute("create table raw_shop.tickets as select 1 as n, '1' as _dlt_load_id")
    place.note_built()
    assert place.built_inputs() == place.inputs()
    with place.connect() as connection:
        connection.execute("insert into raw_shop.tickets values (2, '2')")
    assert place.built_inputs() != place.inputs()


def test_the_weekly_summary_says_first_which_source_is_late(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        shop = Shop(connection)
        fill(shop)
        for key, kpi, stat in (
            ("l1", "source_freshness", "shopify"), ("l2", "pipeline_runs", "ingest shopify"),
            ("l3", "pipeline_runs", "transform"),
        ):  # fmt: skip
            shop.insert(
                "alerts", key, kpi, stat, *ALL, "late", "high", "open", MONDAY, AS_OF, 7200.0,
                None, None, 600.0, None, None, False, "Analytics engineer", "Check the source.",
                AS_OF, None, None, None,
            )  # fmt: skip
        page = Page(write_report(connection, tmp_path, WEEKLY).files[0].read_text(encoding="utf-8"))
    told = page.texts["header"]
    assert "gorgias, shopify are late: figures wait for what has not come." in told
    assert "shopify · late" in page.texts["About the data"]
    alerts = page.texts["Open alerts"]
    assert "Late source shopify" in alerts and "Failed step transform" in alerts
    assert "2 h" in alerts and "7,200" not in alerts


def test_rows_that_were_not_seen_yet_are_news_when_every_source_is_beyond_them(
    place: Workplace,
) -> None:
    began = datetime(2026, 11, 20, 10, tzinfo=UTC)

    def look(synced_at: datetime, config: Config = place.config) -> str:
        with place.connect() as connection:
            write_account(connection, config)
            record_sync(connection, "desk", synced_at)
            return fingerprint(connection, config)

    with place.connect() as connection:
        landed_at = (began + timedelta(seconds=40)).timestamp()
        connection.execute(
            f"create schema raw_desk; create table raw_desk.tickets as select '{landed_at}' as"
            " _dlt_load_id"
        )
    unseen = look(began)
    seen = look(began + timedelta(minutes=5))
    assert seen != unseen
    assert look(began + timedelta(minutes=10)) == seen
    fixed = place.config.model_copy(update={"as_of": began})
    assert look(began, fixed) == look(began + timedelta(minutes=5), fixed)


@pytest.mark.parametrize(
    ("cron", "zone", "now", "tick"),
    [
        ("*/5 * * * *", "Asia/Kolkata", "2026-01-09 08:17:30", "2026-01-09 08:20:00"),
        ("*/5 * * * *", "UTC", "2026-01-09 08:20:00", "2026-01-09 08:20:00"),
        # New York leaps from 02:00 to 03:00 at 07:00 UTC.
        ("15 2 * * *", "America/New_York", "2026-03-08 06:59:00", "2026-03-08 07:00:00"),
        ("0 7 * * 1", "Europe/Rome", "2026-03-28 12:00:00", "2026-03-30 05:00:00"),
    ],
)
def test_the_next_tick_of_a_timetable(cron: str, zone: str, now: str, tick: str) -> None:
    at = next_tick(cron, zone, datetime.fromisoformat(f"{now}+00:00"))
    assert at.astimezone(UTC) == datetime.fromisoformat(f"{tick}+00:00")


def test_there_is_a_tick_to_come() -> None:
    now = datetime.now(UTC)
    assert now <= next_tick("*/5 * * * *", "UTC", now) <= now + timedelta(minutes=5)


def test_a_watch_that_gave_way_goes_on_once(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "workplace", lambda: place)

    @dg.job
    def alerts() -> None: ...

    @dg.job(name="sync")
    def sync_() -> None: ...

    def asked_for(instance: dg.DagsterInstance) -> list[str | None]:
        found = schedules.watch(dg.build_sensor_context(instance=instance))
        assert isinstance(found, Iterator)
        return [each.run_key for each in found if isinstance(each, dg.RunRequest)]

    with dg.DagsterInstance.ephemeral() as instance:
        assert asked_for(instance) == []
        sync_.execute_in_process(instance=instance)
        assert asked_for(instance) == []
        other = alerts.execute_in_process(instance=instance).run_id
        assert asked_for(instance) == asked_for(instance) == [f"after {other}"]
        instance.create_run_for_job(alerts, status=dg.DagsterRunStatus.STARTED)
        assert asked_for(instance) == []
