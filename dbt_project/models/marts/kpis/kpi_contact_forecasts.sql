-- Contacts of each of the 28 days after an origin, from the days before it only: at the end of the
-- last complete day, at the same weekday of the weeks before (the backtest), and at every week's end.
with

contacts as (
    select * from {{ ref('fct_contacts_hourly') }}
),

periods as (
    select * from {{ ref('kpi_periods') }}
    where grain = 'week'
),

account as (
    select * from {{ ref('dim_accounts') }}
),

-- Whole days only: from the first loaded midnight to the last one before data_as_of.
bounds as (
    select
        cast(
            {{ local_time('account.tickets_first_loaded_at', 'account.timezone') }}
            + interval '1' day - interval '1' microsecond as date
        ) as first_on,
        {{ local_date('account.data_as_of', 'account.timezone') }} as end_on
    from account
),

origins as (
    select {{ add_days('bounds.end_on', '-7 * weeks.step') }} as origin_on
    from bounds
    cross join (select {{ integer_rows(0, backtest_weeks()) }} as step) as weeks

    union

    select cast(periods.period_end as date) as origin_on
    from periods
    cross join bounds
    where cast(periods.period_end as date) <= bounds.end_on
),

usable as (
    select
        origins.origin_on,
        bounds.end_on,
        bounds.first_on,
        least(
            floor({{ days_between('bounds.first_on', 'origins.origin_on') }} / 7.0),
            {{ profile_weeks() }}
        ) as whole_weeks
    from origins
    cross join bounds
    where {{ days_between('bounds.first_on', 'origins.origin_on') }} >= {{ 7 * drift_weeks() }}
),

daily as (
    select local_date, team, sum(contacts) as contacts
    from contacts
    group by local_date, team

    union all

    select local_date, 'all' as team, sum(contacts) as contacts
    from contacts
    group by local_date
),

-- The weeks before an origin, counted backwards; weekday_no is the day's place in them.
past as (
    select
        usable.origin_on,
        daily.team,
        weeks.week_back,
        days.weekday_no,
        daily.contacts
    from usable
    cross join (select {{ integer_rows(1, profile_weeks()) }} as week_back) as weeks
    cross join (select {{ integer_rows(0, 6) }} as weekday_no) as days
    inner join daily
        on daily.local_date
            = {{ add_days('usable.origin_on', 'days.weekday_no - 7 * weeks.week_back') }}
    where {{ add_days('usable.origin_on', '-7 * weeks.week_back') }} >= usable.first_on
),

levels as (
    select
        past.origin_on,
        past.team,
        sum(past.contacts) as observed,
        sum(past.contacts * {{ week_weight('past.week_back') }})
            / {{ weight_of_weeks('usable.whole_weeks') }} as level,
        case
            when usable.whole_weeks >= {{ 2 * drift_weeks() }}
                then sum(
                    case when past.week_back <= {{ drift_weeks() }} then past.contacts
                        else -past.contacts end
                ) / ({{ drift_weeks() }}.0 * {{ drift_weeks() }})
            else 0
        end as weekly_drift
    from past
    inner join usable on past.origin_on = usable.origin_on
    group by past.origin_on, past.team, usable.whole_weeks
),

weekdays as (
    select
        origin_on,
        team,
        weekday_no,
        sum(contacts) as contacts,
        sum(case when week_back = 1 then contacts else 0 end) as last_contacts
    from past
    group by origin_on, team, weekday_no
),

targets as (
    select
        levels.*,
        weeks.week_ahead,
        days.weekday_no,
        {{ add_days('levels.origin_on', 'days.weekday_no + 7 * (weeks.week_ahead - 1)') }}
            as target_on
    from levels
    cross join (select {{ integer_rows(1, 4) }} as week_ahead) as weeks
    cross join (select {{ integer_rows(0, 6) }} as weekday_no) as days
),

forecasts as (
    select
        targets.origin_on,
        targets.origin_on = usable.end_on as is_latest,
        targets.team,
        cast(targets.week_ahead as integer) as week_ahead,
        cast(targets.weekday_no as integer) as weekday_no,
        targets.target_on,
        cast(targets.observed as bigint) as observed,
        greatest(targets.level + targets.weekly_drift * {{ drifted('targets.week_ahead') }}, 0)
            * coalesce(weekdays.contacts, 0) / targets.observed as expected,
        cast(coalesce(weekdays.last_contacts, 0) as double) as naive,
        case when targets.target_on < usable.end_on
            then cast(coalesce(daily.contacts, 0) as double) end as actual
    from targets
    inner join usable on targets.origin_on = usable.origin_on
    left join weekdays
        on targets.origin_on = weekdays.origin_on
        and targets.team = weekdays.team
        and targets.weekday_no = weekdays.weekday_no
    left join daily on targets.target_on = daily.local_date and targets.team = daily.team
)

select * from forecasts
