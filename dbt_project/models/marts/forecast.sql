-- Contacts for humans in the four weeks after the last complete day, by day and by hour, with what
-- the same method would have said in the weeks before (headcount_gap says how it counts).
with

forecasts as (
    select * from {{ ref('kpi_contact_forecasts') }}
),

contacts as (
    select * from {{ ref('fct_contacts_hourly') }}
),

account as (
    select * from {{ ref('dim_accounts') }}
),

last_origin as (
    select max(origin_on) as origin_on
    from forecasts
    where is_latest
),

days as (
    select forecasts.*
    from forecasts
    cross join last_origin
    inner join (select {{ integer_rows(0, backtest_weeks()) }} as step) as weeks
        on forecasts.origin_on = {{ add_days('last_origin.origin_on', '-7 * weeks.step') }}
),

hourly as (
    select local_date, local_hour, team, contacts
    from contacts

    union all

    select local_date, local_hour, 'all' as team, sum(contacts) as contacts
    from contacts
    group by local_date, local_hour
),

origins as (
    select distinct origin_on, team, weekday_no
    from days
),

-- Hours of the weeks that each forecast is made of.
past as (
    select
        origins.origin_on,
        origins.team,
        origins.weekday_no,
        hourly.local_hour,
        sum(hourly.contacts) as contacts,
        sum(case when weeks.week_back = 1 then hourly.contacts else 0 end) as last_contacts
    from origins
    cross join (select {{ integer_rows(1, profile_weeks()) }} as week_back) as weeks
    inner join hourly
        on hourly.local_date
            = {{ add_days('origins.origin_on', 'origins.weekday_no - 7 * weeks.week_back') }}
        and origins.team = hourly.team
    group by origins.origin_on, origins.team, origins.weekday_no, hourly.local_hour
),

week_hours as (
    select
        origin_on,
        team,
        local_hour,
        sum(contacts) as contacts
    from past
    group by origin_on, team, local_hour
),

whole_weeks as (
    select origin_on, team, sum(contacts) as contacts
    from past
    group by origin_on, team
),

weekdays as (
    select origin_on, team, weekday_no, sum(contacts) as contacts
    from past
    group by origin_on, team, weekday_no
),

-- A weekday's own hours, steadied by those of the whole week.
shares as (
    select
        origins.origin_on,
        origins.team,
        origins.weekday_no,
        hours.local_hour,
        coalesce(past.last_contacts, 0) as naive,
        (
            coalesce(past.contacts, 0)
            + {{ hour_prior() }}.0 * coalesce(week_hours.contacts, 0) / whole_weeks.contacts
        ) / (coalesce(weekdays.contacts, 0) + {{ hour_prior() }}) as share
    from origins
    cross join (select {{ integer_rows(0, 23) }} as local_hour) as hours
    inner join whole_weeks
        on origins.origin_on = whole_weeks.origin_on and origins.team = whole_weeks.team
    left join week_hours
        on origins.origin_on = week_hours.origin_on
        and origins.team = week_hours.team
        and hours.local_hour = week_hours.local_hour
    left join weekdays
        on origins.origin_on = weekdays.origin_on
        and origins.team = weekdays.team
        and origins.weekday_no = weekdays.weekday_no
    left join past
        on origins.origin_on = past.origin_on
        and origins.team = past.team
        and origins.weekday_no = past.weekday_no
        and hours.local_hour = past.local_hour
),

unioned as (
    select
        'day' as grain,
        origin_on,
        is_latest,
        team,
        week_ahead,
        cast(target_on as timestamp) as period_start,
        expected,
        naive,
        actual
    from days

    union all

    select
        'hour' as grain,
        days.origin_on,
        days.is_latest,
        days.team,
        days.week_ahead,
        {{ plus_hours('cast(days.target_on as timestamp)', 'shares.local_hour') }} as period_start,
        days.expected * shares.share as expected,
        shares.naive,
        case when days.actual is not null then coalesce(hourly.contacts, 0) end as actual
    from days
    inner join shares
        on days.origin_on = shares.origin_on
        and days.team = shares.team
        and days.weekday_no = shares.weekday_no
    left join hourly
        on days.target_on = hourly.local_date
        and shares.local_hour = hourly.local_hour
        and days.team = hourly.team
),

-- The hour that the clocks skip does not come.
scored as (
    select
        unioned.*,
        account.data_as_of,
        {{ scaled_error('unioned.actual', 'unioned.expected') }} as scaled_error,
        {{ percentage_error('unioned.actual', 'unioned.expected') }} as percentage_error,
        {{ percentage_error('unioned.actual', 'unioned.naive') }} as naive_percentage_error
    from unioned
    cross join account
    where {{ local_time(utc_instant('unioned.period_start', 'account.timezone'), 'account.timezone') }}
        = unioned.period_start
),

intervals as (
    select
        grain,
        team,
        week_ahead,
        {{ percentile('scaled_error', 0.1) }} as low_error,
        {{ percentile('scaled_error', 0.9) }} as high_error
    from scored
    where actual is not null
    group by grain, team, week_ahead
    having count(distinct origin_on) >= {{ least_backtest_weeks() }}
),

misses as (
    select
        grain,
        team,
        avg(percentage_error) as mape,
        avg(naive_percentage_error) as mape_seasonal_naive
    from scored
    where actual is not null
    group by grain, team
    having count(distinct origin_on) >= {{ least_backtest_weeks() }}
),

joined as (
    select
        'human_contacts' as kpi,
        scored.team,
        scored.grain,
        scored.period_start,
        case scored.grain
            when 'day' then {{ period_end('day', 'scored.period_start') }}
            else {{ period_end('hour', 'scored.period_start') }}
        end as period_end,
        scored.expected,
        -- Of an hour in which mostly nothing comes, nine in ten may lie below what is expected.
        least({{ bound_of('scored.expected', 'intervals.low_error') }}, scored.expected) as low,
        greatest({{ bound_of('scored.expected', 'intervals.high_error') }}, scored.expected)
            as high,
        misses.mape,
        misses.mape_seasonal_naive,
        scored.data_as_of
    from scored
    left join intervals
        on scored.grain = intervals.grain
        and scored.team = intervals.team
        and scored.week_ahead = intervals.week_ahead
    left join misses on scored.grain = misses.grain and scored.team = misses.team
    where scored.is_latest
)

select
    kpi,
    team,
    grain,
    period_start,
    period_end,
    cast(expected as double) as expected,
    cast(low as double) as low,
    cast(high as double) as high,
    cast(mape as double) as mape,
    cast(mape_seasonal_naive as double) as mape_seasonal_naive,
    data_as_of
from joined
