-- One row an incident that somebody was told of: how long after it could have been known (S9).
with

told_alerts as (
    select * from {{ ref('int_told_alerts') }}
)

select
    alert_id,
    kpi,
    notified_at,
    greatest({{ seconds_between('due_at', 'notified_at') }}, 0) as latency_s,
    greatest({{ seconds_between('opened_at', 'notified_at') }}, 0) as from_load_s,
    {{ no_segments(['handling', 'handling_side', 'channel', 'category', 'team', 'customer_segment']) }},
    false as is_high_value
from told_alerts
