-- E9's hours: what people would have spent on the episodes that the AI resolved for good: the median
-- handle time of their category over the 90 local days that end with the month.
with

episodes as (
    select * from {{ ref('fct_episodes') }}
    where is_countable and is_ai_resolved_168h
),

resolves as (
    select * from {{ ref('fct_resolves') }}
    where is_countable and handle_time_s is not null
),

periods as (
    select * from {{ ref('kpi_periods') }}
    where grain = 'month'
),

account as (
    select * from {{ ref('dim_accounts') }}
),

-- One interval at most of a ticket covers the end of the month.
handled as (
    select
        periods.period_start,
        resolves.category,
        {{ percentile('resolves.handle_time_s', 0.5) }} as median_s
    from periods
    cross join account
    inner join resolves
        on {{ local_time('resolves.resolved_at', 'account.timezone') }} < periods.period_end
        and {{ local_time('resolves.resolved_at', 'account.timezone') }}
            >= periods.period_end - interval '90' day
        and (
            resolves.resolved_until is null
            or {{ local_time('resolves.resolved_until', 'account.timezone') }} >= periods.period_end
        )
    group by periods.period_start, resolves.category
),

dated as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        episodes.channel,
        episodes.category,
        handled.median_s
    from episodes
    cross join account
    inner join periods
        on {{ month_start(local_date('episodes.opened_at', 'account.timezone')) }}
            = cast(periods.period_start as date)
    left join handled
        on periods.period_start = handled.period_start
        and episodes.category = handled.category
),

cut as (
    {{ cut_by('dated', ['channel', 'category']) }}
),

summed as (
    select
        grain,
        period_start,
        period_end,
        cut_channel as channel,
        cut_category as category,
        count(*) as episodes,
        case when count(*) = count(median_s) then sum(median_s) / 3600.0 end as hours
    from cut
    group by grain, period_start, period_end, cut_channel, cut_category
)

{{ kpi_own_rows('summed', 'ai_savings', [
    {'stat': 'hours', 'value': 'hours', 'n': 'episodes'},
], ['channel', 'category']) }}
