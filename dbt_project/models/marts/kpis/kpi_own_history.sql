-- The account's own benchmark (F21): quartiles of a figure over its complete and mature periods of the
-- last 12 months.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where grain <> 'hour' and not is_partial and is_mature and not is_low_sample
        and value is not null
        and (channel = 'all' and category = 'all' and team = 'all' and customer_segment = 'all'
            or handling = 'all')
),

account as (
    select * from {{ ref('dim_accounts') }}
),

summed as (
    select
        kpi_values.kpi,
        kpi_values.stat,
        kpi_values.grain,
        kpi_values.handling,
        kpi_values.channel,
        kpi_values.category,
        kpi_values.team,
        kpi_values.customer_segment,
        {{ quantiles('kpi_values.value', [0.25, 0.5, 0.75]) }} as quartiles,
        count(*) as periods
    from kpi_values
    cross join account
    where kpi_values.period_start
        >= {{ local_time('account.data_as_of', 'account.timezone') }} - interval '12' month
    group by
        kpi_values.kpi, kpi_values.stat, kpi_values.grain, kpi_values.handling,
        kpi_values.channel, kpi_values.category, kpi_values.team, kpi_values.customer_segment
)

select
    kpi,
    stat,
    grain,
    handling,
    channel,
    category,
    team,
    customer_segment,
    {{ quantile_of('quartiles', 0) }} as own_p25,
    {{ quantile_of('quartiles', 1) }} as own_p50,
    {{ quantile_of('quartiles', 2) }} as own_p75,
    periods as own_periods
from summed
