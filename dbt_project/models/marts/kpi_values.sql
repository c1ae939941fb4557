{{ config(
    materialized='incremental', unique_key='grain, period_start', on_schema_change='fail', tags='live',
    meta={'changes': 'kpi_reached_periods'}
) }}
-- The one long table of every figure: one row per KPI, stat, grain, period and segment.
with

base as (
    select * from {{ changed('kpi_base', 'grain, period_start') }}
),

derived as (
    select * from {{ changed('kpi_derived', 'grain, period_start') }}
),

kpi_stats as (
    select * from {{ ref('kpi_stats') }}
    where not is_hidden
),

periods as (
    select * from {{ changed('kpi_periods', 'grain, period_start') }}
),

measured as (
    select * from base

    union all

    select * from derived
),

-- A derived stat has a row for every period of the whole, too.
missing as (
    select
        kpi_stats.kpi,
        kpi_stats.stat,
        periods.grain,
        periods.period_start,
        periods.period_end
    from kpi_stats
    inner join periods
        on periods.has_begun
        and periods.ends_at > kpi_stats.first_loaded_at
        and {{ has_grain('kpi_stats', 'periods') }}
    left join derived
        on kpi_stats.kpi = derived.kpi
        and kpi_stats.stat = derived.stat
        and periods.grain = derived.grain
        and periods.period_start = derived.period_start
        and derived.slice = 'all'
    where kpi_stats.kind in ('{{ kpi_derived_kinds() | join("', '") }}')
        and kpi_stats.has_all
        and derived.kpi is null
),

rows_of_all as (
    select * from measured

    union all

    select
        kpi, stat, grain, period_start, period_end, 'all' as handling, 'all' as channel,
        'all' as category, 'all' as team, 'all' as customer_segment, 'all' as slice,
        cast(null as double) as value, cast(null as double) as numerator,
        cast(null as double) as denominator, cast(0 as bigint) as n
    from missing
),

judged as (
    select
        rows_of_all.kpi,
        rows_of_all.stat,
        rows_of_all.grain,
        rows_of_all.period_start,
        rows_of_all.period_end,
        rows_of_all.handling,
        rows_of_all.channel,
        rows_of_all.category,
        rows_of_all.team,
        rows_of_all.customer_segment,
        kpi_stats.is_available and not coalesce(
            (kpi_stats.ai_coverage = 'all'
                or (kpi_stats.ai_coverage = 'handling' and rows_of_all.handling <> 'all'))
            and rows_of_all.period_start < cast(kpi_stats.ai_coverage_complete_from as timestamp),
            false
        ) as is_known,
        rows_of_all.slice = 'all' and periods.has_begun as is_whole,
        rows_of_all.value,
        rows_of_all.numerator,
        rows_of_all.denominator,
        rows_of_all.n,
        kpi_stats.attribution,
        kpi_stats.min_n,
        kpi_stats.is_count,
        kpi_stats.look_ahead_s,
        kpi_stats.first_loaded_at,
        periods.starts_at,
        periods.ends_at,
        kpi_stats.data_as_of,
        kpi_stats.definition_version
    from rows_of_all
    inner join kpi_stats
        on rows_of_all.kpi = kpi_stats.kpi and rows_of_all.stat = kpi_stats.stat
    inner join periods
        on rows_of_all.grain = periods.grain
        and rows_of_all.period_start = periods.period_start
    where rows_of_all.grain in ('{{ kpi_real_grains() | join("', '") }}')
),

flagged as (
    select
        kpi,
        stat,
        grain,
        period_start,
        period_end,
        handling,
        channel,
        category,
        team,
        customer_segment,
        case when is_known then value end as value,
        case when is_known then numerator end as numerator,
        case when is_known then denominator end as denominator,
        case when is_known then n else cast(0 as bigint) end as n,
        attribution,
        ends_at > data_as_of or starts_at < first_loaded_at as is_partial,
        {{ add_seconds('ends_at', 'look_ahead_s') }} <= data_as_of as is_mature,
        coalesce(not is_count and case when is_known then n else 0 end < min_n, false)
            as is_low_sample,
        data_as_of,
        definition_version
    from judged
    where is_known or is_whole
)

select * from flagged
