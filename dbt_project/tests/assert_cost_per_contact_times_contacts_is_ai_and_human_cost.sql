-- E6 × contacts = AI cost + human cost, in every period and slice where the cost is known.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where kpi = 'cost_per_contact'
),

spread as (
    select
        grain, period_start, handling, channel, category, team, customer_segment,
        max(case when stat = 'value' then value end) as cost_per_contact,
        max(case when stat = 'contacts' then value end) as contacts,
        max(case when stat = 'ai_cost' then value end) as ai_cost,
        max(case when stat = 'human_cost' then value end) as human_cost
    from kpi_values
    group by grain, period_start, handling, channel, category, team, customer_segment
),

broken as (
    select * from spread
    where cost_per_contact is not null
        and coalesce(abs(cost_per_contact * contacts - ai_cost - human_cost) > 1e-6, true)
)

select * from broken
