-- Which figures move together: Spearman's rank correlation between the stats that the goals of headline
-- and diagnostic KPIs speak of, week by week, at once or some weeks later. Association, not cause.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where grain = 'week'
        and handling = 'all' and channel = 'all' and category = 'all' and team = 'all'
        and customer_segment = 'all'
        and not is_partial and is_mature and value is not null
),

kpi_catalog as (
    select * from {{ ref('kpi_catalog') }}
    where tier in ('headline', 'diagnostic')
),

account as (
    select * from {{ ref('dim_accounts') }}
),

series as (
    select
        kpi_values.kpi,
        cast(kpi_values.period_start as date) as week_start,
        kpi_values.value
    from kpi_values
    inner join kpi_catalog
        on kpi_values.kpi = kpi_catalog.kpi and kpi_values.stat = kpi_catalog.target_stat
),

pairs as (
    select
        one.kpi as kpi_a,
        other.kpi as kpi_b,
        lags.lag_weeks,
        one.value as value_a,
        other.value as value_b
    from series as one
    cross join (select {{ integer_rows(0, 4) }} as lag_weeks) as lags
    inner join series as other
        on other.week_start = {{ add_days('one.week_start', '7 * lags.lag_weeks') }}
        and one.kpi <> other.kpi
),

-- Equal values share the mean of their ranks.
ranked as (
    select
        kpi_a,
        kpi_b,
        lag_weeks,
        rank() over (partition by kpi_a, kpi_b, lag_weeks order by value_a)
            + (count(*) over (partition by kpi_a, kpi_b, lag_weeks, value_a) - 1) / 2.0 as rank_a,
        rank() over (partition by kpi_a, kpi_b, lag_weeks order by value_b)
            + (count(*) over (partition by kpi_a, kpi_b, lag_weeks, value_b) - 1) / 2.0 as rank_b
    from pairs
),

correlated as (
    select
        kpi_a,
        kpi_b,
        lag_weeks,
        {{ correlation('rank_a', 'rank_b') }} as rho,
        count(*) as n
    from ranked
    group by kpi_a, kpi_b, lag_weeks
    having count(*) >= 12
)

select
    correlated.kpi_a,
    correlated.kpi_b,
    cast(correlated.lag_weeks as integer) as lag_weeks,
    cast(correlated.rho as double) as rho,
    cast(correlated.n as bigint) as n,
    account.data_as_of as as_of
from correlated
cross join account
