-- V7: how unlike each other the last 28 complete days are, and the 168 hours of the week in them.
with

counts as (
    select * from {{ ref('kpi_fct_tickets') }}
    where kpi = 'tickets_created' and stat = 'count' and slice in ('all', 'channel', 'handling')
),

periods as (
    select * from {{ ref('kpi_periods') }}
),

account as (
    select * from {{ ref('dim_accounts') }}
),

ends as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end
    from periods
    cross join account
    where periods.grain in ('day', 'week', 'month')
        and periods.ends_at <= account.data_as_of
        and periods.period_end - interval '28' day
            >= {{ local_time('account.tickets_first_loaded_at', 'account.timezone') }}
),

end_days as (
    select distinct period_end
    from ends
),

slices as (
    select
        handling,
        channel
    from counts
    where grain = 'day'

    union

    select
        'all' as handling,
        'all' as channel
),

days as (
    select period_start
    from periods
    where grain = 'day'
),

daily as (
    select
        slices.handling,
        slices.channel,
        days.period_start,
        coalesce(counts.value, 0) as tickets
    from slices
    cross join days
    left join counts
        on counts.grain = 'day'
        and days.period_start = counts.period_start
        and slices.handling = counts.handling
        and slices.channel = counts.channel
),

windows as (
    select
        end_days.period_end,
        daily.handling,
        daily.channel,
        {{ percentile('daily.tickets', 0.9) }} as p90,
        {{ percentile('daily.tickets', 0.1) }} as p10,
        max(daily.tickets) as most,
        min(daily.tickets) as least,
        sum(daily.tickets) as tickets
    from end_days
    inner join daily
        on daily.period_start < end_days.period_end
        and daily.period_start >= end_days.period_end - interval '28' day
    group by end_days.period_end, daily.handling, daily.channel
),

-- Every hour of every day; one that the clocks skip is not there to be counted.
hourly as (
    select
        slices.handling,
        slices.channel,
        days.period_start as day_start,
        hours.hour_of_day,
        case when periods.period_start is not null then coalesce(counts.value, 0) end as tickets
    from slices
    cross join days
    cross join (select {{ integer_rows(0, 23) }} as hour_of_day) as hours
    left join periods
        on periods.grain = 'hour'
        and periods.period_start = {{ plus_hours('days.period_start', 'hours.hour_of_day') }}
    left join counts
        on counts.grain = 'hour'
        and counts.period_start = periods.period_start
        and counts.handling = slices.handling
        and counts.channel = slices.channel
),

-- The mean of an hour of the week over four weeks, at each of its days.
bins as (
    select
        handling,
        channel,
        day_start,
        avg(tickets) over (
            partition by handling, channel, hour_of_day, {{ iso_weekday('day_start') }}
            order by day_start
            range between interval '21' day preceding and current row
        ) as mean_tickets
    from hourly
),

hour_windows as (
    select
        end_days.period_end,
        bins.handling,
        bins.channel,
        {{ percentile('bins.mean_tickets', 0.9) }} as p90_hourly,
        {{ percentile('bins.mean_tickets', 0.1) }} as p10_hourly
    from end_days
    inner join bins
        on bins.day_start < end_days.period_end
        and bins.day_start >= end_days.period_end - interval '7' day
    group by end_days.period_end, bins.handling, bins.channel
),

joined as (
    select
        ends.grain,
        ends.period_start,
        ends.period_end,
        windows.handling,
        windows.channel,
        windows.p90,
        windows.p10,
        windows.most,
        windows.least,
        hour_windows.p90_hourly,
        hour_windows.p10_hourly
    from ends
    inner join windows on ends.period_end = windows.period_end
    inner join hour_windows
        on windows.period_end = hour_windows.period_end
        and windows.handling = hour_windows.handling
        and windows.channel = hour_windows.channel
    where windows.tickets > 0 or (windows.handling = 'all' and windows.channel = 'all')
)

{{ kpi_own_rows('joined', 'peak_to_trough', [
    {'stat': 'value', 'value': 'p90 / nullif(p10, 0)', 'numerator': 'p90', 'denominator': 'p10', 'n': '28'},
    {'stat': 'max_min', 'value': 'most / nullif(least, 0)', 'numerator': 'most', 'denominator': 'least', 'n': '28'},
    {'stat': 'hourly', 'value': 'p90_hourly / nullif(p10_hourly, 0)', 'numerator': 'p90_hourly',
        'denominator': 'p10_hourly', 'n': '168'},
], ['handling', 'channel']) }}
