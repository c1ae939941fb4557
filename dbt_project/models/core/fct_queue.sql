{{ config(tags='live') }}
-- One row a countable ticket that is unresolved at data_as_of: how long it is there, and who waits.
with

tickets as (
    select * from {{ ref('fct_tickets') }}
    where is_countable and state not in ('resolved', 'closed')
),

timeline as (
    select * from {{ ref('int_timeline') }}
),

clock as (
    select * from {{ ref('int_ticket_clock') }}
),

reply_turns as (
    select * from {{ ref('fct_reply_turns') }}
),

hours as (
    select * from {{ ref('int_schedule_hours') }}
),

targets as (
    select * from {{ ref('int_clock_targets') }}
    where kpi = 'reply_time'
),

sources as (
    select * from {{ ref('int_sources') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

-- V10: it is there since the episode opened, or since an agent or a thank-you brought it back.
aged as (
    select
        timeline.ticket_key,
        max(case when timeline.is_opening or timeline.is_return then timeline.occurred_at end)
            as opened_at,
        max(case when timeline.is_opening or timeline.is_return then clock.biz_clock_s end)
            as opened_clock_s,
        max(clock.biz_clock_s) as last_clock_s,
        {{ value_at_last('clock.schedule', 'clock.row_no') }} as schedule,
        {{ value_at_last('clock.schedule_open_s', 'clock.row_no') }} as last_open_s
    from timeline
    inner join clock
        on timeline.ticket_key = clock.ticket_key and timeline.row_no = clock.row_no
    inner join tickets on timeline.ticket_key = tickets.ticket_key
    group by timeline.ticket_key
),

-- The clock has run on since the ticket was last looked at.
clocked as (
    select
        aged.ticket_key,
        aged.opened_at,
        aged.last_clock_s - aged.opened_clock_s
        + {{ open_seconds_at('account.data_as_of', 'hours') }} - aged.last_open_s as age_biz_s
    from aged
    cross join account
    left join hours
        on aged.schedule = hours.schedule
        and {{ hour_start('account.data_as_of') }} = hours.hour_at
),

-- An earlier episode's unanswered turn ended with its resolve.
waiting as (
    select
        reply_turns.ticket_key,
        reply_turns.waited_from_at,
        reply_turns.target_s,
        coalesce(not reply_turns.is_within_target, false) as is_breached
    from reply_turns
    inner join tickets
        on reply_turns.ticket_key = tickets.ticket_key
        and reply_turns.episode_seq = tickets.episode_count
    where reply_turns.replied_at is null
),

joined as (
    select
        tickets.ticket_key,
        tickets.ticket_id,
        tickets.source,
        tickets.state,
        tickets.channel,
        tickets.category,
        tickets.team,
        tickets.priority,
        tickets.handling,
        tickets.customer_segment,
        tickets.assignee_key,
        clocked.opened_at,
        waiting.waited_from_at as waiting_since_at,
        {{ seconds_between('clocked.opened_at', 'account.data_as_of') }} as age_s,
        cast(clocked.age_biz_s as bigint) as age_biz_s,
        coalesce(waiting.target_s, own_targets.target_s, general_targets.target_s) as target_s,
        -- Without messages nobody can say who waits.
        case when sources.has_messages then coalesce(waiting.is_breached, false) end
            as is_breached
    from tickets
    inner join sources on tickets.source = sources.source and sources.has_resolves
    inner join clocked on tickets.ticket_key = clocked.ticket_key
    cross join account
    left join waiting on tickets.ticket_key = waiting.ticket_key
    left join targets as own_targets
        on tickets.is_sync = own_targets.is_sync
        and tickets.channel = own_targets.channel
        and own_targets.valid_from <= {{ local_time('account.data_as_of', 'account.timezone') }}
        and own_targets.valid_to > {{ local_time('account.data_as_of', 'account.timezone') }}
    left join targets as general_targets
        on tickets.is_sync = general_targets.is_sync
        and general_targets.channel = 'all'
        and general_targets.valid_from <= {{ local_time('account.data_as_of', 'account.timezone') }}
        and general_targets.valid_to > {{ local_time('account.data_as_of', 'account.timezone') }}
)

select * from joined
