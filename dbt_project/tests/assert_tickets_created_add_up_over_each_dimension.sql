-- V1 = Σ channel = Σ category = Σ team = Σ the five exclusive handling values = Σ new + returning +
-- inactive + unlinked. Sums (ai_handled, human_handled) and high_value lie across and stay out.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where kpi = 'tickets_created' and stat = 'count'
        and handling not in ('ai_handled', 'human_handled')
        and customer_segment <> 'high_value'
),

totals as (
    select
        grain,
        period_start,
        sum(case when channel = 'all' and category = 'all' and team = 'all' and handling = 'all'
            and customer_segment = 'all' then value end) as whole,
        sum(case when handling = 'all' and channel <> 'all' then value else 0 end) as by_channel,
        sum(case when handling = 'all' and category <> 'all' then value else 0 end) as by_category,
        sum(case when handling = 'all' and team <> 'all' then value else 0 end) as by_team,
        sum(case when handling = 'all' and customer_segment <> 'all' then value else 0 end)
            as by_segment,
        sum(case when handling <> 'all' and channel = 'all' and category = 'all' and team = 'all'
            and customer_segment = 'all' then value else 0 end) as by_handling
    from kpi_values
    group by grain, period_start
),

broken as (
    select * from totals
    where whole is null
        or whole <> by_channel
        or whole <> by_category
        or whole <> by_team
        or whole <> by_segment
        or whole <> by_handling
)

select * from broken
