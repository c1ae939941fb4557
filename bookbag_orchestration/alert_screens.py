"""What `bookbag alerts` shows: incidents, and how often those of a KPI were right."""

import json

from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.screens import DIMENSIONS, Sheet, published_copy

# What a figure is cut by, in words: "category wismo"; all of it is "all".
SEGMENT = "coalesce(nullif(concat_ws(', ', {}), ''), 'all') as segment".format(
    ", ".join(f"case when {name} <> 'all' then '{name} ' || {name} end" for name in DIMENSIONS)
)

# Right is what somebody acknowledged or put off; what was to be expected is neither right nor
# wrong.
_PRECISION = """
select
    kpi, count(case when notified_at is not null then 1 end) as told,
    count(case when answer in ('ack', 'snooze') then 1 end) as "right",
    count(case when answer = 'wrong' then 1 end) as wrong,
    count(case when answer = 'expected' then 1 end) as expected,
    count(case when answer in ('ack', 'snooze') then 1 end)
        / nullif(count(case when answer in ('ack', 'snooze', 'wrong') then 1 end), 0) as share
from marts.alerts
where not is_suppressed or answer is not null
group by kpi
having count(answer) > 0 or count(notified_at) > 0
order by share nulls last, kpi"""


def alert_table(place: Workplace, only_open: bool) -> Sheet:
    """Incidents, newest first."""
    with published_copy(place) as connection:
        rows = connection.execute(
            f"select alert_id, state, severity, kpi, stat, grain, {SEGMENT}, rule, value,"
            " lower, upper, bucket, case when is_suppressed then context end as excused,"
            " drill_down, owner, protocol"
            " from marts.alerts where not ? or state = 'open'"
            " order by bucket desc, severity, kpi, handling",
            [only_open],
        ).fetchall()
    columns = ("id", "state", "severity", "kpi", "stat", "grain", "segment", "rule", "value",
               "normal", "period", "excused", "because of", "owner", "protocol")  # fmt: skip
    return Sheet(
        columns,
        [
            (*row[:9], _normal(*row[9:11]), row[11], row[12] or "", _because(row[13]), *row[14:])
            for row in rows
        ],
    )


def _normal(lower: float | None, upper: float | None) -> str:
    """What would have been no breach."""

    def told(bound: float) -> str:
        return f"{bound:,.0f}" if abs(bound) >= 1000 else f"{bound:.4g}"

    if lower is not None and upper is not None:
        return f"{told(lower)} to {told(upper)}"
    if lower is not None:
        return f"from {told(lower)}"
    return f"to {told(upper)}" if upper is not None else ""


def _because(drill_down: str | None) -> str:
    """The segments that explain it, each with its share."""
    parts = json.loads(drill_down) if drill_down else []
    return ", ".join(f"{part['segment']} {part['share']:.0%}" for part in parts)


def precision_table(place: Workplace) -> Sheet:
    """Per KPI what people said of its incidents, the least precise first."""
    with published_copy(place) as connection:
        rows = connection.execute(_PRECISION).fetchall()
    return Sheet(("kpi", "told", "right", "wrong", "expected", "precision"), rows)
