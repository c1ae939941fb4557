{{ config(tags='live') }}
-- When each schedule is open, as instants: local opening hours of every date, holidays left out,
-- overlaps merged (K3). Reaches a year past the data, for forecasts.
with

schedules as (
    select * from {{ ref('stg_files__schedules') }}
),

holidays as (
    select * from {{ ref('int_holidays') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

-- A schedule's name is the account's; where two sources give one name, the first by name does.
owned as (
    select
        schedules.*,
        min(schedules.source) over (partition by schedules.schedule) as owner
    from schedules
),

day_rows as (
    select
        {{ add_days(local_date('account.tickets_first_loaded_at', 'account.timezone'), 'steps.step') }}
            as local_date
    from account
    cross join (
        select {{ integer_rows(
            -2,
            "(select 366 + date_diff('day', cast(tickets_first_loaded_at as date), "
            ~ "cast(data_as_of as date)) from " ~ ref('int_accounts') ~ ")"
        ) }} as step
    ) as steps
),

openings as (
    select
        owned.schedule,
        {{ utc_instant(wall_clock('day_rows.local_date', 'owned.opens'), 'owned.timezone') }}
            as start_at,
        {{ utc_instant(wall_clock('day_rows.local_date', 'owned.closes'), 'owned.timezone') }}
            as end_at
    from owned
    inner join day_rows on owned.weekday = {{ iso_weekday('day_rows.local_date') }}
    left join holidays
        on owned.schedule = holidays.schedule and day_rows.local_date = holidays.holiday_on
    where owned.source = owned.owner and holidays.holiday_on is null
),

reaching as (
    select
        schedule,
        start_at,
        end_at,
        max(end_at) over (
            partition by schedule
            order by start_at, end_at
            rows between unbounded preceding and 1 preceding
        ) as reached_at
    from openings
    where end_at > start_at
),

numbered as (
    select
        schedule,
        start_at,
        end_at,
        sum(case when start_at <= reached_at then 0 else 1 end) over (
            partition by schedule
            order by start_at, end_at
            rows between unbounded preceding and current row
        ) as island
    from reaching
),

merged as (
    select
        schedule,
        min(start_at) as start_at,
        max(end_at) as end_at
    from numbered
    group by schedule, island
)

select * from merged
