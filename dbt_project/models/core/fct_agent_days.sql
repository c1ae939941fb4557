-- One row an agent, local day and channel worked, and one for the day as a whole (channel 'all'): the
-- tickets that the agent answered or resolved. While a roster is in force its days are the agent's
-- days, worked or not; outside it, the days with an action (V12).
with

work as (
    select * from {{ ref('fct_agent_work') }}
    where kind in ('reply', 'resolve')
),

agents as (
    select * from {{ ref('dim_agents') }}
),

rosters as (
    select * from {{ ref('int_rosters') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

worked as (
    select distinct
        work.agent_key,
        {{ local_date('work.happened_at', 'account.timezone') }} as worked_on,
        work.ticket_key,
        work.channel
    from work
    cross join account
),

-- A shift that has not begun is a plan, not a day.
shifts as (
    select
        rosters.agent_key,
        rosters.shift_on,
        sum(rosters.shift_s) as rostered_s
    from rosters
    cross join account
    where rosters.starts_at <= account.data_as_of
    group by rosters.agent_key, rosters.shift_on
),

roster_span as (
    select
        min(shift_on) as first_on,
        max(shift_on) as last_on
    from rosters
),

worked_days as (
    select
        agent_key,
        worked_on,
        'all' as channel,
        count(distinct ticket_key) as tickets
    from worked
    group by agent_key, worked_on

    union all

    select
        agent_key,
        worked_on,
        channel,
        count(distinct ticket_key) as tickets
    from worked
    group by agent_key, worked_on, channel
),

days as (
    select
        worked_days.agent_key,
        worked_days.worked_on,
        worked_days.channel,
        worked_days.tickets,
        shifts.rostered_s,
        shifts.agent_key is not null
            or not coalesce(
                worked_days.worked_on between roster_span.first_on and roster_span.last_on, false
            ) as is_agent_day
    from worked_days
    cross join roster_span
    left join shifts
        on worked_days.agent_key = shifts.agent_key and worked_days.worked_on = shifts.shift_on

    union all

    select
        shifts.agent_key,
        shifts.shift_on as worked_on,
        'all' as channel,
        0 as tickets,
        shifts.rostered_s,
        true as is_agent_day
    from shifts
    left join worked_days
        on shifts.agent_key = worked_days.agent_key
        and shifts.shift_on = worked_days.worked_on
        and worked_days.channel = 'all'
    where worked_days.agent_key is null
),

joined as (
    select
        days.agent_key,
        days.worked_on,
        days.channel,
        coalesce(agents.team, 'unassigned') as team,
        days.is_agent_day,
        cast(days.tickets as bigint) as tickets,
        cast(days.rostered_s as bigint) as rostered_s
    from days
    left join agents on days.agent_key = agents.agent_key
)

select * from joined
