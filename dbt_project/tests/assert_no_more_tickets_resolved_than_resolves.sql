-- V2: a ticket that is resolved at the end of a period was resolved in it at least once.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where kpi = 'tickets_resolved' and stat in ('count', 'events')
),

paired as (
    select
        grain, period_start, handling, channel, category, team, customer_segment,
        max(case when stat = 'count' then value end) as tickets,
        max(case when stat = 'events' then value end) as resolves
    from kpi_values
    group by grain, period_start, handling, channel, category, team, customer_segment
),

broken as (
    select * from paired
    where tickets > coalesce(resolves, 0)
)

select * from broken
