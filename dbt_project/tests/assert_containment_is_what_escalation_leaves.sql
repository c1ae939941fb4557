-- E2 = 1 − Q7, in every period and slice: both judge the same episodes by one flag.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where kpi in ('containment_rate', 'escalation_rate') and stat = 'ratio' and grain <> 'hour'
),

paired as (
    select
        grain, period_start, handling, channel, category, team, customer_segment,
        max(case when kpi = 'containment_rate' then value end) as containment,
        max(case when kpi = 'escalation_rate' then value end) as escalation
    from kpi_values
    group by grain, period_start, handling, channel, category, team, customer_segment
),

broken as (
    select * from paired
    where (containment is null) <> (escalation is null)
        or abs(containment + escalation - 1) > 1e-9
)

select * from broken
