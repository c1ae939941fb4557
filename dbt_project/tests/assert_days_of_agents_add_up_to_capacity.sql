-- V12 is made of the days behind agent_performance: whole and by channel, as many days and as many
-- tickets in them. Not judged where a rostered agent is known to nobody: that one has no name.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where kpi = 'tickets_per_agent_day' and stat = 'mean' and team = 'all' and n > 0
),

paces as (
    select * from {{ ref('kpi_agent_paces') }}
    where handling = 'all' and category = 'all'
),

agent_days as (
    select * from {{ ref('fct_agent_days') }}
),

agents as (
    select * from {{ ref('dim_agents') }}
),

unknown as (
    select count(*) as unknown_days
    from agent_days
    left join agents on agent_days.agent_key = agents.agent_key
    where agents.agent_key is null
),

summed as (
    select
        grain,
        period_start,
        channel,
        sum(day_tickets) as tickets,
        sum(active_days) as agent_days
    from paces
    group by grain, period_start, channel
),

broken as (
    select
        kpi_values.grain,
        kpi_values.period_start,
        kpi_values.channel,
        kpi_values.numerator,
        summed.tickets,
        kpi_values.denominator,
        summed.agent_days
    from kpi_values
    cross join unknown
    left join summed
        on kpi_values.grain = summed.grain
        and kpi_values.period_start = summed.period_start
        and kpi_values.channel = summed.channel
    where unknown.unknown_days = 0
        and (
            coalesce(summed.tickets, -1) <> kpi_values.numerator
            or coalesce(summed.agent_days, -1) <> kpi_values.denominator
        )
)

select * from broken
