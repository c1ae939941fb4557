"""Expectations at both borders: they hold on what is sound, and say what is not."""

import duckdb
import pytest

from expectations.marts import mart_suites
from expectations.suites import failures

FIGURE = (
    "select 'csat' as kpi, 'ratio' as stat, 'week' as grain,"
    " timestamp '2026-11-16' as period_start, timestamp '2026-11-23' as period_end,"
    " 'all' as handling, 'all' as channel, 'all' as category, 'all' as team,"
    " 'all' as customer_segment, {value} as value, {numerator} as numerator,"
    " {denominator} as denominator, cast({n} as bigint) as n, {mature} as is_mature,"
    " {partial} as is_partial"
)
SOUND = {
    "value": "cast(0.5 as double)",
    "numerator": "cast(1 as double)",
    "denominator": "cast(2 as double)",
    "n": "2",
    "mature": "true",
    "partial": "false",
}


def told(**changes: str) -> list[str]:
    """What the suites say of marts with one figure, changed in one place; with `reached`, where a
    live build has made the figures of that week.
    """
    connection = duckdb.connect()
    is_live, reached = "reached" in changes, changes.pop("reached", "2026-11-16")
    connection.execute("create schema marts")
    repeated = changes.pop("repeated", "1")
    catalogue = changes.pop("catalogue", "'Lead' as owner, true as available, null as reason")
    connection.execute(
        f"create table marts.kpi_values as {FIGURE.format(**{**SOUND, **changes})}"
        f" from range({repeated});"
        "create schema kpis;"
        "create table kpis.kpi_reached_periods as select 'week' as grain,"
        f" timestamp '{reached}' as period_start;"
        "create table marts.account as select 'UTC' as timezone,"
        " timestamptz '2026-11-24 00:00:00+00' as data_as_of;"
        "create table marts.kpi_catalog as select kpi, 'headline' as tier, 'Do.' as protocol,"
        " owner, available, cast(reason as varchar) as unavailable_reason"
        f" from (select unnest(['csat', 'deflection_rate', 'first_contact_resolution',"
        f" 'tickets_per_order']) as kpi, {catalogue})"
    )
    return [str(failure) for failure in failures(connection, mart_suites(is_live=is_live))]


def test_sound_marts_pass() -> None:
    assert told() == []


def test_a_live_build_is_judged_by_what_it_made() -> None:
    assert told(repeated="2", reached="2026-11-09") == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"repeated": "2"}, "a figure is published once"),
        ({"repeated": "2", "reached": "2026-11-16"}, "a figure is published once"),
        ({"repeated": "0"}, "there are figures"),
        ({"repeated": "0", "reached": "2026-11-16"}, "there are figures"),
        ({"numerator": "cast(-1 as double)"}, "are not negative"),
        ({"value": "cast('nan' as double)"}, "a number or unknown"),
        ({"denominator": "cast(0 as double)", "numerator": "cast(0 as double)", "n": "0"},
         "nothing divided by nothing is unknown"),
        ({"value": "cast(1.5 as double)"}, "a share of something"),
        ({"catalogue": "cast(null as varchar) as owner, true as available, null as reason"},
         "every KPI has an owner"),
        ({"catalogue": "'Lead' as owner, false as available, null as reason"}, "says why"),
    ],
)  # fmt: skip
def test_each_fault_is_named(changes: dict[str, str], said: str) -> None:
    found = told(**changes)
    assert len(found) == 1
    assert said in found[0]
