-- Local dates from the first loaded one to data_as_of.
with

account as (
    select * from {{ ref('int_accounts') }}
),

bounds as (
    select
        account.*,
        {{ local_date(
            'least(account.tickets_first_loaded_at, account.orders_first_loaded_at)',
            'account.timezone'
        ) }} as first_date,
        cast({{ local_time('account.data_as_of', 'account.timezone') }} - interval 1 microsecond as date)
            as last_date
    from account
),

days as (
    select
        timezone,
        week_start as week_starts_on,
        {{ add_days('first_date', 'steps.step') }} as local_date,
        last_date
    from bounds
    cross join (
        select {{ integer_rows(
            0,
            "(select greatest(0, date_diff('day', cast(least(tickets_first_loaded_at, "
            ~ "orders_first_loaded_at) as date), cast(data_as_of as date)) + 2) from "
            ~ ref('int_accounts') ~ ")"
        ) }} as step
    ) as steps
),

holidays as (
    select distinct holiday_on
    from {{ ref('int_holidays') }}
),

described as (
    select
        days.local_date,
        {{ utc_instant('cast(days.local_date as timestamp)', 'days.timezone') }} as starts_at,
        {{ utc_instant(
            'cast(' ~ add_days('days.local_date', '1') ~ ' as timestamp)', 'days.timezone'
        ) }} as ends_at,
        cast({{ iso_weekday('days.local_date') }} as integer) as iso_weekday,
        cast({{ add_days(
            'days.local_date',
            '-mod(' ~ iso_weekday('days.local_date') ~ ' - days.week_starts_on + 7, 7)'
        ) }} as date) as week_start,
        {{ month_start('days.local_date') }} as month_start,
        strftime(days.local_date, '%G-W%V') as iso_week,
        {{ iso_weekday('days.local_date') }} <= 5 and holidays.holiday_on is null as is_business_day
    from days
    left join holidays on days.local_date = holidays.holiday_on
    where days.local_date <= days.last_date
)

select * from described
