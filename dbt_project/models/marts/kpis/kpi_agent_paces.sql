-- Days that an agent worked in a week or month and tickets worked on in them (V12), for every slice
-- of the agent's work. Days do not add up over slices, so each is counted by itself.
with

work as (
    select * from {{ ref('fct_agent_work') }}
    where kind in ('reply', 'resolve')
),

agent_days as (
    select * from {{ ref('fct_agent_days') }}
    where is_agent_day and channel = 'all'
),

agents as (
    select * from {{ ref('dim_agents') }}
),

account as (
    select * from {{ ref('dim_accounts') }}
),

acted as (
    select distinct
        work.agent_key,
        {{ local_date('work.happened_at', 'account.timezone') }} as worked_on,
        work.ticket_key,
        work.channel,
        work.category,
        work.handling,
        work.handling_side
    from work
    cross join account
),

sliced as (
    {{ by_handling('acted', ['agent_key', 'worked_on', 'ticket_key', 'channel', 'category']) }}
),

-- The day as a whole is V12's own row, which knows of rostered days without work, too.
leveled as (
    select
        sliced.agent_key,
        sliced.worked_on,
        sliced.handling_slice as handling,
        case when levels.has_channel then sliced.channel else 'all' end as channel,
        case when levels.has_category then sliced.category else 'all' end as category,
        sliced.ticket_key
    from sliced
    cross join {{ constant_rows('levels', ['has_channel', 'has_category'], [
        ['true', 'true'], ['true', 'false'], ['false', 'true'], ['false', 'false'],
    ]) }}
),

days as (
    select
        leveled.agent_key,
        leveled.worked_on,
        leveled.handling,
        leveled.channel,
        leveled.category,
        count(distinct leveled.ticket_key) as tickets,
        cast(null as bigint) as rostered_s
    from leveled
    inner join agent_days
        on leveled.agent_key = agent_days.agent_key and leveled.worked_on = agent_days.worked_on
    where not (leveled.handling = 'all' and leveled.channel = 'all' and leveled.category = 'all')
    group by
        leveled.agent_key, leveled.worked_on, leveled.handling, leveled.channel, leveled.category

    union all

    select
        agent_days.agent_key, agent_days.worked_on, 'all' as handling, agent_days.channel,
        'all' as category, agent_days.tickets, agent_days.rostered_s
    from agent_days
    inner join agents on agent_days.agent_key = agents.agent_key
),

dated as (
    {%- for grain in ['week', 'month'] %}
    select
        '{{ grain }}' as grain,
        {{ period_start(grain, 'cast(days.worked_on as timestamp)', 'account.week_start') }}
            as period_start,
        days.*
    from days
    cross join account
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

summed as (
    select
        grain,
        period_start,
        agent_key,
        handling,
        channel,
        category,
        count(*) as active_days,
        sum(tickets) as day_tickets,
        sum(case when rostered_s > 0 then tickets end) as rostered_tickets,
        sum(rostered_s) as rostered_s
    from dated
    group by grain, period_start, agent_key, handling, channel, category
)

select * from summed
