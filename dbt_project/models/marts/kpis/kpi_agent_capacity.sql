-- V12: tickets of an agent's day, and how much of the team's capacity that is.
with

agent_days as (
    select * from {{ ref('fct_agent_days') }}
    where is_agent_day
),

targets as (
    select * from {{ ref('kpi_targets') }}
    where kpi = 'tickets_per_agent_day' and stat = 'mean'
        and handling = 'any' and channel = 'any' and category = 'any' and customer_segment = 'any'
),

periods as (
    select * from {{ ref('kpi_periods') }}
    where grain in ('week', 'month')
),

-- The day as a whole has channel 'all'; it is cut by team, a day's part by channel is not.
placed as (
    select worked_on, channel, 'all' as team, tickets
    from agent_days

    union all

    select worked_on, channel, team, tickets
    from agent_days
    where channel = 'all'
),

summed as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        placed.channel,
        placed.team,
        sum(placed.tickets) as tickets,
        count(*) as agent_days
    from periods
    inner join placed
        on placed.worked_on >= cast(periods.period_start as date)
        and placed.worked_on < cast(periods.period_end as date)
    group by
        periods.grain, periods.period_start, periods.period_end, placed.channel, placed.team
),

-- The team's own capacity before everybody's, the newest first.
capacities as (
    select
        summed.grain,
        summed.period_start,
        summed.team,
        targets.good as capacity,
        row_number() over (
            partition by summed.grain, summed.period_start, summed.team
            order by targets.specificity desc, targets.valid_from desc, targets.good
        ) as choice
    from summed
    inner join targets
        on targets.team in ('any', summed.team)
        and targets.valid_from <= cast(summed.period_start as date)
    where summed.channel = 'all' and targets.good is not null
),

joined as (
    select
        summed.*,
        summed.tickets / cast(summed.agent_days as double) as mean_tickets,
        capacities.capacity
    from summed
    left join capacities
        on summed.grain = capacities.grain
        and summed.period_start = capacities.period_start
        and summed.team = capacities.team
        and summed.channel = 'all'
        and capacities.choice = 1
)

{{ kpi_own_rows('joined', 'tickets_per_agent_day', [
    {'stat': 'mean', 'value': 'mean_tickets', 'numerator': 'tickets', 'denominator': 'agent_days',
        'n': 'agent_days'},
    {'stat': 'utilisation', 'value': 'mean_tickets / nullif(capacity, 0)', 'numerator':
        "case when channel = 'all' and capacity is not null then mean_tickets end",
        'denominator': 'capacity',
        'n': "case when channel = 'all' and capacity is not null then agent_days end"},
], ['channel', 'team']) }}
