"""Incidents: opened once, kept while the breach lasts, closed when it is over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.anomalies.incidents import (
    Incidents,
    note_changed,
    remember_incidents,
    update_incidents,
)
from tests.support import bookbag

MONDAY, TUESDAY = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
STATUS = (
    "kpi, stat, grain, handling, channel, category, team, customer_segment, period_start, value,"
    " baseline_30d, is_breach, breach_rule, breach_bound, is_expected, context_note, owner,"
    " protocol, data_as_of"
)


@pytest.fixture
def marts() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.execute(
        "create schema marts; create schema core;"
        "create table core.dim_calendar_context (name varchar, kind varchar, starts_on date);"
        "create table marts.kpi_catalog as select 'csat' as kpi, 'headline' as tier;"
        "create table marts.account as select timestamptz '2026-11-23 00:00:00+00' as data_as_of,"
        " 'UTC' as timezone;"
        "create table marts.source_freshness (source varchar, last_instant_at timestamptz,"
        " is_stale boolean, data_as_of timestamptz);"
        "create table marts.kpi_status (kpi varchar, stat varchar, grain varchar, handling varchar,"
        " channel varchar, category varchar, team varchar, customer_segment varchar,"
        " period_start timestamp, value double, baseline_30d double, is_breach boolean,"
        " breach_rule varchar, breach_bound double, is_expected boolean, context_note varchar,"
        " owner varchar, protocol varchar, data_as_of timestamptz)"
    )
    return connection


def set_csat(marts: duckdb.DuckDBPyConnection, value: float, is_breach: bool, week: str) -> None:
    marts.execute("delete from marts.kpi_status")
    marts.execute(
        f"insert into marts.kpi_status ({STATUS}) values ('csat', 'mean', 'week', 'all', 'all',"
        " 'all', 'all', 'all', ?, ?, 4.4, ?, ?, 4.0, false, null, 'Support lead', 'Review all.',"
        " timestamptz '2026-11-23 00:00:00+00')",
        [week, value, is_breach, "below" if is_breach else None],
    )


def rows(marts: duckdb.DuckDBPyConnection, columns: str) -> list[tuple[Any, ...]]:
    return marts.execute(f"select {columns} from marts.alerts order by alert_id").fetchall()


def test_a_breach_opens_one_incident_with_owner_and_limit(marts: duckdb.DuckDBPyConnection) -> None:
    set_csat(marts, 3.7, True, "2026-11-16")
    assert update_incidents(marts, MONDAY) == Incidents(open=1, new=1)
    assert rows(marts, "kpi, state, severity, value, expected, lower, upper, owner, protocol") == [
        ("csat", "open", "high", 3.7, 4.4, 4.0, None, "Support lead", "Review all.")
    ]


def test_the_same_breach_again_changes_nothing(marts: duckdb.DuckDBPyConnection) -> None:
    set_csat(marts, 3.7, True, "2026-11-16")
    update_incidents(marts, MONDAY)
    before = rows(marts, "*")
    assert update_incidents(marts, TUESDAY) == Incidents(open=1, new=0)
    assert rows(marts, "*") == before


def test_a_lasting_breach_is_one_incident_with_the_newest_figure(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    set_csat(marts, 3.7, True, "2026-11-09")
    update_incidents(marts, MONDAY)
    set_csat(marts, 3.5, True, "2026-11-16")
    assert update_incidents(marts, TUESDAY) == Incidents(open=1, new=0)
    assert rows(marts, "value, cast(bucket as varchar), detected_at") == [
        (3.5, "2026-11-16 00:00:00", MONDAY)
    ]


def test_an_incident_recovers_and_a_new_breach_is_a_new_one(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    set_csat(marts, 3.7, True, "2026-11-09")
    update_incidents(marts, MONDAY)
    set_csat(marts, 4.5, False, "2026-11-16")
    assert update_incidents(marts, TUESDAY) == Incidents(open=0, new=0)
    assert rows(marts, "state, recovered_at is not null") == [("recovered", True)]
    set_csat(marts, 3.9, True, "2026-11-23")
    assert update_incidents(marts, TUESDAY) == Incidents(open=1, new=1)
    assert len(rows(marts, "alert_id")) == 2


def test_a_quiet_source_is_an_incident(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        "insert into marts.source_freshness values ('support', '2026-11-20 00:00:00+00', true,"
        " '2026-11-23 00:00:00+00'), ('shop', '2026-11-23 00:00:00+00', false,"
        " '2026-11-23 00:00:00+00')"
    )
    assert update_incidents(marts, MONDAY) == Incidents(open=1, new=1)
    assert rows(marts, "kpi, stat, rule, value") == [
        ("source_freshness", "support", "stale", 259_200.0)
    ]


def test_a_source_that_stopped_loading_is_an_incident_until_it_loads(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    allowed = {"support": timedelta(hours=2)}
    assert update_incidents(marts, TUESDAY, {"support": MONDAY}, allowed) == Incidents(1, 1)
    assert rows(marts, "stat, rule, state, value, upper") == [
        ("support", "late", "open", 86_400.0, 7_200.0)
    ]
    later = TUESDAY + timedelta(hours=1)
    assert update_incidents(marts, later, {"support": MONDAY}, allowed) == Incidents(1, 0)
    assert rows(marts, "value, detected_at") == [(90_000.0, TUESDAY)]
    assert update_incidents(marts, later, {}, allowed) == Incidents(0, 0)


def test_a_source_that_never_loaded_is_late_by_an_unknown_time(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    assert update_incidents(marts, TUESDAY, {"shop": None}) == Incidents(1, 1)
    assert rows(marts, "stat, value") == [("shop", None)]


def test_a_table_that_lacks_a_column_gets_it_and_keeps_its_incidents(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    set_csat(marts, 3.7, True, "2026-11-16")
    update_incidents(marts, MONDAY)
    marts.execute("alter table marts.alerts drop column first_bucket")
    set_csat(marts, 4.4, False, "2026-11-23")
    assert update_incidents(marts, TUESDAY) == Incidents(open=0, new=0)
    assert rows(marts, "state, first_bucket") == [("recovered", None)]


def test_the_command_says_which_segment_an_incident_is_of(
    marts: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    set_csat(marts, 3.7, True, "2026-11-16")
    marts.execute("update marts.kpi_status set category = 'wismo', team = 'care'")
    update_incidents(marts, MONDAY)
    (tmp_path / "published").mkdir()
    marts.execute(
        f"attach '{tmp_path / 'published/bookbag.duckdb'}' as copy; create schema copy.marts;"
        "create table copy.marts.alerts as from marts.alerts; detach copy"
    )
    assert "category wismo, team care" in bookbag("alerts", "--open", "--home", tmp_path)


def test_a_period_that_is_in_breach_once_more_is_the_same_incident(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    set_csat(marts, 3.7, True, "2026-11-16")
    update_incidents(marts, MONDAY)
    ((alert_id, bucket),) = rows(marts, "alert_id, bucket")
    set_csat(marts, 4.2, False, "2026-11-16")
    update_incidents(marts, TUESDAY)
    assert rows(marts, "state") == [("recovered",)]
    set_csat(marts, 3.8, True, "2026-11-16")
    update_incidents(marts, TUESDAY + timedelta(days=1))
    assert rows(marts, "alert_id, bucket, state, recovered_at, value") == [
        (alert_id, bucket, "open", None, 3.8)
    ]


def test_one_that_stands_again_is_what_somebody_said_of_it(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    """Its second week is in breach, is not, and is once more."""
    set_csat(marts, 3.7, True, "2026-11-09")
    update_incidents(marts, MONDAY)
    set_csat(marts, 3.6, True, "2026-11-16")
    update_incidents(marts, MONDAY)
    marts.execute("update marts.alerts set state = 'acknowledged', answer = 'ack'")
    set_csat(marts, 4.2, False, "2026-11-16")
    update_incidents(marts, TUESDAY)
    assert rows(marts, "state") == [("recovered",)]
    set_csat(marts, 3.8, True, "2026-11-16")
    update_incidents(marts, TUESDAY)
    assert rows(marts, "state, recovered_at") == [("acknowledged", None)]


def test_when_something_has_changed_is_known(marts: duckdb.DuckDBPyConnection) -> None:
    def run(at: datetime) -> datetime:
        remember_incidents(marts)
        update_incidents(marts, at)
        note_changed(marts, at)
        ((changed_at,),) = rows(marts, "changed_at")
        assert isinstance(changed_at, datetime)
        return changed_at

    later = TUESDAY + timedelta(days=9)
    set_csat(marts, 3.7, True, "2026-11-16")
    assert run(MONDAY) == MONDAY
    assert run(TUESDAY) == MONDAY, "nothing has"
    set_csat(marts, 4.2, False, "2026-11-16")
    assert run(later) == later
    assert run(later + timedelta(days=1)) == later


def test_a_launch_of_two_channels_is_one(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        "insert into core.dim_calendar_context values ('AI', 'launch', date '2026-11-20'),"
        " ('AI', 'launch', date '2026-11-20')"
    )
    update_incidents(marts, MONDAY)
    assert rows(marts, "stat, rule") == [("AI", "launch")]
