{{ config(tags='live') }}
-- The business clock as a table: per schedule and UTC hour the open seconds before it and the open
-- parts within it (at most two), so that open seconds between two instants are two equality joins.
with

intervals as (
    select * from {{ ref('int_schedule_intervals') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

spans as (
    select
        intervals.schedule,
        {{ hour_start('min(intervals.start_at)') }} as first_hour_at,
        {{ hour_start('min(least(intervals.start_at, account.tickets_first_loaded_at))') }}
            as from_hour_at,
        {{ hour_start('max(account.data_as_of)') }} as last_hour_at
    from intervals
    cross join account
    group by intervals.schedule
),

hours as (
    select
        schedule,
        {{ hour_rows('from_hour_at', 'last_hour_at') }} as hour_at
    from spans
),

pieces as (
    select
        intervals.schedule,
        intervals.start_at,
        intervals.end_at,
        {{ hour_rows(hour_start('intervals.start_at'), hour_start('intervals.end_at')) }}
            as hour_at
    from intervals
    cross join account
    where intervals.start_at <= account.data_as_of
),

parts as (
    select
        schedule,
        hour_at,
        cast(greatest({{ seconds_between('hour_at', 'start_at') }}, 0) as integer) as opens_s,
        cast(least({{ seconds_between('hour_at', 'end_at') }}, 3600) as integer) as closes_s
    from pieces
    where end_at > hour_at
),

ranked as (
    select
        *,
        row_number() over (partition by schedule, hour_at order by opens_s, closes_s) as part
    from parts
),

within_hours as (
    select
        schedule,
        hour_at,
        sum(closes_s - opens_s) as open_s,
        max(case when part = 1 then opens_s end) as opens_1_s,
        max(case when part = 1 then closes_s end) as closes_1_s,
        max(case when part = 2 then opens_s end) as opens_2_s,
        max(case when part = 2 then closes_s end) as closes_2_s
    from ranked
    group by schedule, hour_at
),

accumulated as (
    select
        hours.schedule,
        hours.hour_at,
        cast(coalesce(sum(within_hours.open_s) over (
            partition by hours.schedule
            order by hours.hour_at
            rows between unbounded preceding and 1 preceding
        ), 0) as bigint) as open_before_s,
        coalesce(within_hours.opens_1_s, 0) as opens_1_s,
        coalesce(within_hours.closes_1_s, 0) as closes_1_s,
        coalesce(within_hours.opens_2_s, 0) as opens_2_s,
        coalesce(within_hours.closes_2_s, 0) as closes_2_s
    from hours
    left join within_hours
        on hours.schedule = within_hours.schedule and hours.hour_at = within_hours.hour_at
)

select * from accumulated
