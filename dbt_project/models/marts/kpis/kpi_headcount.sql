-- V13: for every complete week, how many people the week after it needs against how many are planned,
-- as could be told when the week ended.
with

forecasts as (
    select * from {{ ref('kpi_contact_forecasts') }}
    where week_ahead = 1
),

resolves as (
    select * from {{ ref('fct_resolves') }}
    where is_countable and handle_time_s is not null
),

shifts as (
    select * from {{ ref('fct_shifts_daily') }}
),

open_weekdays as (
    select * from {{ ref('dim_open_weekdays') }}
),

periods as (
    select * from {{ ref('kpi_periods') }}
    where grain = 'week'
),

account as (
    select * from {{ ref('dim_accounts') }}
),

weeks as (
    select
        periods.period_start,
        periods.period_end,
        cast(periods.period_end as date) as origin_on,
        forecasts.team,
        max(forecasts.observed) as observed,
        sum(forecasts.expected) as expected,
        sum(forecasts.actual) as actual,
        count(forecasts.actual) as known_days
    from periods
    inner join forecasts on cast(periods.period_end as date) = forecasts.origin_on
    group by periods.period_start, periods.period_end, forecasts.team
),

-- The forecasts of weeks that are over when this one is.
backtest as (
    select
        weeks.origin_on,
        weeks.team,
        count({{ percentage_error('earlier.actual', 'earlier.expected') }}) as judged_weeks,
        sum({{ percentage_error('earlier.actual', 'earlier.expected') }}) as percentage_errors,
        count({{ scaled_error('earlier.actual', 'earlier.expected') }}) as weeks,
        sqrt(avg(power({{ scaled_error('earlier.actual', 'earlier.expected') }}, 2)))
            * {{ normal_80() }} as usual_error
    from weeks
    cross join (select {{ integer_rows(1, backtest_weeks()) }} as step) as steps
    inner join weeks as earlier
        on weeks.team = earlier.team
        and earlier.origin_on = {{ add_days('weeks.origin_on', '-7 * steps.step') }}
    group by weeks.origin_on, weeks.team
),

-- S8 over the 90 days up to the end of the week: a ticket's last resolve in them that still holds.
handled as (
    select
        {{ local_time('resolves.resolved_at', 'account.timezone') }} as resolved_local,
        {{ local_time('resolves.resolved_until', 'account.timezone') }} as resolved_until_local,
        resolves.team,
        resolves.handle_time_s
    from resolves
    cross join account
),

handle_times as (
    select
        ends.period_end,
        teams.team,
        avg(handled.handle_time_s) as handle_time_s
    from (select distinct period_end from weeks) as ends
    inner join handled
        on handled.resolved_local < ends.period_end
        and handled.resolved_local >= {{ plus_days('ends.period_end', -90) }}
        and (
            handled.resolved_until_local is null or handled.resolved_until_local >= ends.period_end
        )
    inner join (select distinct team from weeks) as teams on teams.team in ('all', handled.team)
    group by ends.period_end, teams.team
),

-- The team's own schedule, else the default one, else the only one (K3); else Monday to Friday.
schedule_days as (
    select
        schedule,
        count(*) as working_days,
        count(*) over () as schedules
    from open_weekdays
    group by schedule
),

working_days as (
    select
        teams.team,
        coalesce(own.working_days, general.working_days, lone.working_days, 5) as working_days
    from (select distinct team from weeks) as teams
    left join schedule_days as own on teams.team = own.schedule
    left join schedule_days as general on general.schedule = 'default'
    left join schedule_days as lone on lone.schedules = 1
),

-- A week in which the roster plans nobody at all is one that it does not reach.
planned as (
    select
        weeks.origin_on,
        weeks.team,
        sum(case when weeks.team in ('all', shifts.team) then shifts.rostered_s else 0 end) / 3600.0
            as hours
    from weeks
    cross join (select {{ integer_rows(0, 6) }} as step) as days
    inner join shifts on shifts.shift_on = {{ add_days('weeks.origin_on', 'days.step') }}
    group by weeks.origin_on, weeks.team
),

joined as (
    select
        'week' as grain,
        weeks.period_start,
        weeks.period_end,
        weeks.team,
        weeks.observed,
        weeks.expected / working_days.working_days as expected_per_day,
        case when backtest.weeks >= {{ least_backtest_weeks() }} then
            {{ bound_of('weeks.expected', '-backtest.usual_error') }} / working_days.working_days
        end as low_per_day,
        case when backtest.weeks >= {{ least_backtest_weeks() }} then
            {{ bound_of('weeks.expected', 'backtest.usual_error') }} / working_days.working_days
        end as high_per_day,
        backtest.percentage_errors,
        case when backtest.judged_weeks >= {{ least_backtest_weeks() }}
            then backtest.judged_weeks end as judged_weeks,
        handle_times.handle_time_s
            / nullif(account.fte_hours * 3600 * (1 - account.shrinkage), 0) as fte_per_contact,
        planned.hours / nullif(account.fte_hours * working_days.working_days, 0) as planned_fte
    from weeks
    cross join account
    inner join working_days on weeks.team = working_days.team
    left join backtest on weeks.origin_on = backtest.origin_on and weeks.team = backtest.team
    left join handle_times
        on weeks.period_end = handle_times.period_end and weeks.team = handle_times.team
    left join planned on weeks.origin_on = planned.origin_on and weeks.team = planned.team
)

{{ kpi_own_rows('joined', 'headcount_gap', [
    {'stat': 'value', 'value': 'expected_per_day * fte_per_contact - planned_fte', 'n': 'observed'},
    {'stat': 'low', 'value': 'low_per_day * fte_per_contact - planned_fte', 'n': 'observed'},
    {'stat': 'high', 'value': 'high_per_day * fte_per_contact - planned_fte', 'n': 'observed'},
    {'stat': 'forecast', 'value': 'expected_per_day', 'n': 'observed'},
    {'stat': 'mape', 'value': 'percentage_errors / judged_weeks', 'n': 'judged_weeks',
        'numerator': 'case when judged_weeks is not null then percentage_errors end',
        'denominator': 'judged_weeks'},
], ['team']) }}
