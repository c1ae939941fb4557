"""Hours of what stands (the backlog), of which `kpi_values` has two weeks: kept here for as long as
the detector learns from them.
"""

from datetime import datetime, timedelta
from typing import Final

import duckdb

from expectations.anomalies.grains import HOUR

HOURS: Final = (
    "kpi varchar, stat varchar, handling varchar, channel varchar, category varchar, team varchar,"
    " customer_segment varchar, grain varchar, period_start timestamp, value double,"
    " numerator double, denominator double, n bigint, attribution varchar, is_partial boolean,"
    " is_mature boolean"
)
"""Columns of `kpi_values`."""

_NAMES = [column.split()[0] for column in HOURS.split(", ")]

BUCKETS: Final = f"""(
    select {", ".join(_NAMES)}
    from marts.kpi_values
    where grain <> 'hour' or attribution <> 'as_of'
    union all by name
    from raw_bookbag.anomaly_hours
)"""
"""All that can be watched."""

# Where longer was nothing, hours would be missing in between, and no hour that is missing is 0. An
# hour that the clock skips is none that is missing.
GAP: Final = timedelta(hours=2)

_FRESH = f"""
create or replace temp table fresh as
select {", ".join(f"buckets.{name}" for name in _NAMES)}
from marts.kpi_values as buckets
inner join marts.kpi_catalog as catalog
    on buckets.kpi = catalog.kpi and buckets.stat = catalog.watched_stat
where buckets.grain = 'hour' and buckets.attribution = 'as_of'
    and buckets.customer_segment = 'all' and not buckets.is_partial and buckets.is_mature"""

_FORGET = """
delete from raw_bookbag.anomaly_hours as kept
using (select kpi, min(period_start) as since from fresh group by kpi) as fresh
where kept.kpi = fresh.kpi and (
    kept.period_start >= fresh.since
    or kept.period_start < $oldest
    or fresh.since - $gap > (
        select max(period_start) from raw_bookbag.anomaly_hours as before
        where before.kpi = fresh.kpi and before.period_start < fresh.since
    )
)"""


def keep_hours(connection: duckdb.DuckDBPyConnection, newest: datetime) -> None:
    """Takes in the hours that the marts have now, in place of what was kept of them."""
    connection.execute(_FRESH)
    connection.execute("begin")
    connection.execute(_FORGET, {"oldest": newest - HOUR.look_back, "gap": GAP})
    connection.execute("insert into raw_bookbag.anomaly_hours by name from fresh")
    connection.execute("commit")
    connection.execute("drop table fresh")
