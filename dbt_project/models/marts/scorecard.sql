-- A KPI's own stat over the last 13 complete weeks, wide; w_13 is the newest. Immature weeks stay
-- empty.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where grain = 'week'
        and channel = 'all' and category = 'all' and team = 'all' and customer_segment = 'all'
        and not is_partial and is_mature
),

kpi_catalog as (
    select * from {{ ref('kpi_catalog') }}
),

kpi_status as (
    select * from {{ ref('kpi_status') }}
    where grain = 'week'
        and channel = 'all' and category = 'all' and team = 'all' and customer_segment = 'all'
),

kpi_stats as (
    select * from {{ ref('kpi_stats') }}
    where not is_hidden and has_week
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
        row_number() over (order by periods.period_start desc) as recency
    from periods
    cross join account
    where periods.ends_at <= account.data_as_of
),

spread as (
    select
        kpi_stats.kpi,
        kpi_stats.stat,
        kpi_stats.position,
        kpi_stats.unit,
        kpi_values.handling
        {%- for week in range(1, 14) %},
        max(case when weeks.recency = {{ 14 - week }} then kpi_values.value end) as w_{{ week }}
        {%- endfor %}
    from kpi_stats
    inner join kpi_values on kpi_stats.kpi = kpi_values.kpi and kpi_stats.stat = kpi_values.stat
    inner join weeks on kpi_values.period_start = weeks.period_start
    where weeks.recency <= 13
    group by
        kpi_stats.kpi, kpi_stats.stat, kpi_stats.position, kpi_stats.unit, kpi_values.handling
),

last_week as (
    select cast(max(period_start) as date) as last_week_start
    from weeks
),

joined as (
    select
        kpi_catalog.code,
        spread.kpi,
        spread.stat,
        kpi_catalog.label,
        kpi_catalog.tier,
        coalesce(spread.unit, kpi_catalog.unit) as unit,
        spread.handling,
        last_week.last_week_start
        {%- for week in range(1, 14) %},
        spread.w_{{ week }}
        {%- endfor %},
        coalesce(kpi_status.better, kpi_status.good) as target,
        kpi_status.baseline_30d as baseline,
        case
            when kpi_status.is_low_sample then 'low sample'
            when kpi_status.is_breach then 'alert'
            else kpi_status.target_tier
        end as status
    from spread
    inner join kpi_catalog on spread.kpi = kpi_catalog.kpi
    cross join last_week
    left join kpi_status
        on spread.kpi = kpi_status.kpi
        and spread.stat = kpi_status.stat
        and spread.handling = kpi_status.handling
)

select * from joined
