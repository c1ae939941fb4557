-- The rows of every measured stat; of the whole one for each period: a count that nothing added to
-- is 0 where the data could have said so, anything else is unknown (K12).
with

{% for model in kpi_sources() -%}
{{ model }} as (
    select * from {{ changed(model, 'grain, period_start') }}
),

{% endfor -%}
kpi_stats as (
    select * from {{ ref('kpi_stats') }}
),

periods as (
    select * from {{ changed('kpi_periods', 'grain, period_start') }}
),

measured as (
    {%- for model in kpi_sources() %}
    select {{ kpi_row_columns() }}
    from {{ model }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

expected as (
    select
        kpi_stats.kpi,
        kpi_stats.stat,
        kpi_stats.is_count and kpi_stats.is_available as is_zero,
        kpi_stats.kind in ('ratio', 'within_target') and kpi_stats.is_available as is_none_of_none,
        periods.grain,
        periods.period_start,
        periods.period_end
    from kpi_stats
    inner join periods
        on periods.has_begun
        and periods.ends_at > kpi_stats.first_loaded_at
        and {{ has_grain('kpi_stats', 'periods') }}
    where kpi_stats.kind not in ('{{ kpi_derived_kinds() | join("', '") }}')
        and kpi_stats.has_all
        and (
            not kpi_stats.is_stock
            or periods.grain <> 'hour'
            or periods.period_start
                >= {{ local_time('kpi_stats.data_as_of', 'kpi_stats.timezone') }} - interval '14' day
        )
),

missing as (
    select expected.*
    from expected
    left join measured
        on expected.kpi = measured.kpi
        and expected.stat = measured.stat
        and expected.grain = measured.grain
        and expected.period_start = measured.period_start
        and measured.slice = 'all'
    where measured.kpi is null
),

filled as (
    select
        kpi,
        stat,
        grain,
        period_start,
        period_end,
        'all' as handling,
        'all' as channel,
        'all' as category,
        'all' as team,
        'all' as customer_segment,
        'all' as slice,
        case when is_zero then cast(0 as double) end as value,
        case when is_none_of_none then cast(0 as double) end as numerator,
        case when is_none_of_none then cast(0 as double) end as denominator,
        cast(0 as bigint) as n
    from missing
),

unioned as (
    select * from measured

    union all

    select * from filled

    union all

    -- Rolling windows read the days once more, with every slice.
    select
        kpi, stat, 'day_sliced' as grain, period_start, period_end, handling, channel, category,
        team, customer_segment, slice, value, numerator, denominator, n
    from filled
    where grain = 'day'
)

select * from unioned
