"""Figures as they were published (K16): `marts.kpi_snapshots`, which only grows.

The record of what was published lives in the published copy and is carried from one copy to the
next, so that it says nothing that nobody could have read, and a run killed half-way leaves none.
Kept are the figures that reports and the dashboard state: complete and mature periods from the day
up, by day as a whole and by handling, from the week up by each dimension.
"""

from datetime import datetime
from pathlib import Path

import duckdb

KEYS = (
    "kpi",
    "stat",
    "grain",
    "period_start",
    "period_end",
    "handling",
    "channel",
    "category",
    "team",
    "customer_segment",
)
_REST = (
    "value",
    "numerator",
    "denominator",
    "n",
    "attribution",
    "is_partial",
    "is_mature",
    "is_low_sample",
    "data_as_of",
    "definition_version",
)
_ALSO = {
    "published_at": "When this value was first published (UTC).",
    "restated_from": "The value published before it; NULL for the first.",
    "delta": "value - restated_from; NULL for the first, and where either is unknown.",
}
_DIMENSIONS = ("channel", "category", "team", "customer_segment")
_SLICED = " + ".join(f"({name} <> 'all')::integer" for name in _DIMENSIONS)
_KEPT = f"""not is_partial and is_mature and grain <> 'hour' and (
    {_SLICED} = 0 or (grain <> 'day' and handling = 'all' and {_SLICED} = 1)
)"""
# Sums of floats differ in their last digits from run to run: that is no restatement.
_SAME = """former.n = fresh.n and (
    (former.value is null and fresh.value is null)
    or coalesce(abs(former.value - fresh.value) <= 1e-9 * greatest(1, abs(former.value)), false)
)"""


def write_snapshots(copy: duckdb.DuckDBPyConnection, former: Path, now: datetime) -> int:
    """Makes `marts.kpi_snapshots` of a copy that has `marts.kpi_values`; returns the rows added.

    `former` is the published file that the copy will replace; where it is absent, or has no
    snapshots, the record begins now. A figure that was published and is no longer there is added
    once more without a value.
    """
    columns = ", ".join((*KEYS, *_REST))
    copy.execute(
        f"create table marts.kpi_snapshots as select {columns}, cast(null as timestamptz) as"
        " published_at, cast(null as double) as restated_from, cast(null as double) as delta"
        " from marts.kpi_values where false"
    )
    if former.exists():
        _carry_over(copy, former)
    added = _append(copy, columns, now)
    for name, said in _ALSO.items():
        copy.execute(f"comment on column marts.kpi_snapshots.{name} is '{said}'")
    return added


def _carry_over(copy: duckdb.DuckDBPyConnection, former: Path) -> None:
    copy.execute(f"attach '{former}' as former (read_only)")
    found = copy.execute(
        "select count(*) from duckdb_tables() where database_name = 'former'"
        " and schema_name = 'marts' and table_name = 'kpi_snapshots'"
    ).fetchone()
    if found and found[0]:
        copy.execute(
            "insert into marts.kpi_snapshots by name select * from former.marts.kpi_snapshots"
        )
    copy.execute("detach former")


def _append(copy: duckdb.DuckDBPyConnection, columns: str, now: datetime) -> int:
    keys = ", ".join(KEYS)
    copy.execute(
        f"create temp table former as select * from marts.kpi_snapshots qualify row_number()"
        f" over (partition by {keys} order by published_at desc) = 1"
    )
    copy.execute(f"create temp table fresh as select {columns} from marts.kpi_values where {_KEPT}")
    found = copy.execute(
        f"""
        insert into marts.kpi_snapshots
        select {", ".join(f"fresh.{name}" for name in (*KEYS, *_REST))}, ?, former.value,
            fresh.value - former.value
        from fresh
        left join former using ({keys})
        where former.kpi is null or not ({_SAME})
        order by all
        """,
        [now],
    ).fetchone()
    gone = copy.execute(
        f"""
        insert into marts.kpi_snapshots
        select {", ".join(f"former.{name}" for name in KEYS)}, null, null, null, 0,
            former.attribution, former.is_partial, former.is_mature, former.is_low_sample,
            account.data_as_of, former.definition_version, ?, former.value, null
        from former
        cross join marts.account as account
        left join fresh using ({keys})
        where fresh.kpi is null and former.value is not null
        order by all
        """,
        [now],
    ).fetchone()
    copy.execute("drop table former")
    copy.execute("drop table fresh")
    return (int(found[0]) if found else 0) + (int(gone[0]) if gone else 0)
