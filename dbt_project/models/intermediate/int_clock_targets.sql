-- What within_target measures against: the middle tier of each KPI with a clock, by local date; the
-- account's `targets` before bookbag.toml before the default (K14).
{%- set clocks = [] %}
{%- for block in kpi_blocks() %}
    {%- for stat in block.stats if stat.kind == 'within_target' and block.kpi not in clocks | map(attribute='kpi') | list %}
        {%- do clocks.append(block) %}
    {%- endfor %}
{%- endfor %}
with

targets as (
    select * from {{ ref('int_targets') }}
),

kpi_settings as (
    select * from {{ ref('int_kpi_settings') }}
),

defaults as (
    {%- for block in clocks %}
    {%- set tiers = block.targets[0] %}
    select '{{ block.kpi }}' as kpi, '{{ tiers.stat }}' as stat, false as is_sync,
        cast({{ tiers.better }} as double) as target_s
    union all
    select '{{ block.kpi }}' as kpi, '{{ tiers.stat }}' as stat, true as is_sync,
        cast({{ (tiers.sync or tiers).better }} as double) as target_s
    {{ 'union all' if not loop.last }}
    {%- else %}
    select null as kpi
    {%- endfor %}
),

standing as (
    select
        defaults.kpi,
        defaults.stat,
        defaults.is_sync,
        'all' as channel,
        cast('0001-01-01' as date) as valid_from,
        coalesce(kpi_settings.better, defaults.target_s) as target_s
    from defaults
    left join kpi_settings on defaults.kpi = kpi_settings.kpi
),

dated as (
    select
        defaults.kpi,
        defaults.stat,
        defaults.is_sync,
        targets.channel,
        coalesce(targets.valid_from, cast('0001-01-02' as date)) as valid_from,
        max(targets.better) as target_s
    from defaults
    inner join targets
        on defaults.kpi = targets.kpi
        and (targets.stat is null or targets.stat = defaults.stat)
    where targets.better is not null
        and targets.handling = 'all'
        and targets.category = 'all'
        and targets.team = 'all'
        and targets.customer_segment = 'all'
    group by defaults.kpi, defaults.stat, defaults.is_sync, targets.channel,
        coalesce(targets.valid_from, cast('0001-01-02' as date))
),

unioned as (
    select * from standing

    union all

    select * from dated
),

spans as (
    select
        kpi,
        is_sync,
        channel,
        cast(valid_from as timestamp) as valid_from,
        cast(coalesce(
            lead(valid_from) over (partition by kpi, is_sync, channel order by valid_from),
            cast('9999-12-31' as date)
        ) as timestamp) as valid_to,
        cast(target_s as bigint) as target_s
    from unioned
)

select * from spans
