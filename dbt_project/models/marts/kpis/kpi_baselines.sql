-- What is normal (F12): each stat over the last 30 complete days, over the 30 before the AI came, and
-- over the last 6 to 12 months. A sum is a day's share of it; a stock the mean of its days.
with

base as (
    select * from {{ ref('kpi_base') }}
    where grain in ('{{ kpi_baseline_grains() | join("', '") }}')
),

derived as (
    select * from {{ ref('kpi_derived') }}
    where grain in ('{{ kpi_baseline_grains() | join("', '") }}')
),

kpi_stats as (
    select * from {{ ref('kpi_stats') }}
),

unioned as (
    select * from base

    union all

    select * from derived
),

placed as (
    select
        unioned.*,
        kpi_stats.kind,
        kpi_stats.is_stock,
        {{ utc_instant('unioned.period_start', 'kpi_stats.timezone') }} >= kpi_stats.first_loaded_at
        and kpi_stats.is_available
        and not coalesce(
            kpi_stats.ai_coverage = 'all'
            and unioned.period_start < cast(kpi_stats.ai_coverage_complete_from as timestamp), false
        ) as is_known
    from unioned
    inner join kpi_stats on unioned.kpi = kpi_stats.kpi and unioned.stat = kpi_stats.stat
)

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
    slice,
    case
        when kind in ('count', 'sum')
            then value / {{ days_between('cast(period_start as date)', 'cast(period_end as date)') }}
        else value
    end as value,
    kind in ('count', 'sum') and not is_stock as is_per_day,
    n
from placed
where is_known
    and kind <> 'count_distinct'
    and (
        grain <> 'baseline_12m'
        or {{ days_between('cast(period_start as date)', 'cast(period_end as date)') }} >= 182
    )
