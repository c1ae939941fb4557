{{ config(meta={'changes': 'kpi_reached_periods'}) }}
-- The rows of stats that are made of other stats.
{%- set derived = kpi_stats() | selectattr('is_derived') | list %}
with

base as (
    select * from {{ ref('kpi_base') }}
),

current_base as (
    select * from {{ changed('kpi_base', 'grain, period_start') }}
),

kpi_stats as (
    select * from {{ ref('kpi_stats') }}
),

periods as (
    select * from {{ ref('kpi_periods') }}
),

account as (
    select * from {{ ref('dim_accounts') }}
),

-- Periods of the stats that look back, counted from the first complete one.
ends as (
    select
        kpi_stats.kpi,
        kpi_stats.stat,
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.ends_at <= kpi_stats.data_as_of as is_over,
        {{ local_time('kpi_stats.first_loaded_at', 'kpi_stats.timezone') }} as first_loaded_local,
        sum(case when periods.starts_at >= kpi_stats.first_loaded_at then 1 else 0 end) over (
            partition by kpi_stats.kpi, kpi_stats.stat, periods.grain
            order by periods.period_start
            rows between unbounded preceding and current row
        ) as ordinal
    from kpi_stats
    inner join periods
        on periods.ends_at > kpi_stats.first_loaded_at
        and {{ has_grain('kpi_stats', 'periods') }}
    where kpi_stats.kind in ('rolling', 'growth')
),

current_ends as (
    select * from ends
    where {{ is_changed('grain, period_start') }}
),

derived as (
    {%- for stat in derived %}
    {%- if stat.kind == 'ratio_of' %}{{ ratio_of_branch(stat) }}
    {%- elif stat.kind == 'rolling' %}{{ rolling_branch(stat) }}
    {%- elif stat.kind == 'growth' %}{{ growth_branch(stat) }}
    {%- else %}{{ difference_branch(stat) }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- else %}
    select {{ kpi_row_columns() }} from base
    {%- endfor %}
)

select * from derived
