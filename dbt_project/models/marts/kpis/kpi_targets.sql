-- Goals of a stat, by segment and local date: the account's `targets` before bookbag.toml before the
-- block's (A4). `direction` says which way is good; `times_daily` ones count mean daily tickets.
with

targets as (
    select * from {{ ref('dim_targets') }}
),

kpi_settings as (
    select * from {{ ref('dim_kpi_settings') }}
),

declared as (
    {%- set rules = [] %}
    {%- for block in kpi_blocks() if block.stats %}
    {%- for rule in block.targets %}
        {%- do rules.append(dict(
            rule, kpi=block.kpi, direction=rule.direction or block.meta.direction, is_first=loop.first
        )) %}
    {%- else %}
        {%- do rules.append({
            'kpi': block.kpi, 'stat': (block.stats | first).stat, 'direction': block.meta.direction,
            'is_first': true,
        }) %}
    {%- endfor %}
    {%- endfor %}
    {%- for rule in rules %}
    select
        '{{ rule.kpi }}' as kpi,
        '{{ rule.stat }}' as stat,
        '{{ rule.direction }}' as direction,
        {{ rule.is_first }} as is_first,
        {{ rule.is_absolute or false }} as is_absolute,
        {{ rule.times_daily is defined }} as is_times_daily,
        {{ number_literal(rule.floor) }} as lowest,
        {{ number_literal(rule.good) }} as good,
        {{ number_literal(rule.better) }} as better,
        {{ number_literal(rule.best) }} as best
    {{ 'union all' if not loop.last }}
    {%- else %}
    select null as kpi
    {%- endfor %}
),

standing as (
    select
        declared.kpi,
        declared.stat,
        declared.direction,
        declared.is_absolute,
        declared.is_times_daily,
        declared.lowest,
        'any' as handling,
        'any' as channel,
        'any' as category,
        'any' as team,
        'any' as customer_segment,
        cast('0001-01-01' as date) as valid_from,
        case when declared.is_first then coalesce(kpi_settings.good, declared.good)
            else declared.good end as good,
        case when declared.is_first then coalesce(kpi_settings.better, declared.better)
            else declared.better end as better,
        case when declared.is_first then coalesce(kpi_settings.best, declared.best)
            else declared.best end as best
    from declared
    left join kpi_settings on declared.kpi = kpi_settings.kpi
),

-- A goal without a segment is everyone's, as the standing one is.
dated as (
    select
        targets.kpi,
        coalesce(targets.stat, declared.stat) as stat,
        declared.direction,
        declared.is_absolute,
        declared.is_times_daily,
        declared.lowest,
        case when targets.handling = 'all' then 'any' else targets.handling end as handling,
        case when targets.channel = 'all' then 'any' else targets.channel end as channel,
        case when targets.category = 'all' then 'any' else targets.category end as category,
        case when targets.team = 'all' then 'any' else targets.team end as team,
        case when targets.customer_segment = 'all' then 'any' else targets.customer_segment end
            as customer_segment,
        coalesce(targets.valid_from, cast('0001-01-02' as date)) as valid_from,
        targets.good,
        targets.better,
        targets.best
    from targets
    inner join declared on targets.kpi = declared.kpi and declared.is_first
    where targets.good is not null or targets.better is not null or targets.best is not null
),

unioned as (
    select * from standing

    union all

    select * from dated
)

select
    *,
    case when handling <> 'any' then 1 else 0 end
    + case when channel <> 'any' then 1 else 0 end
    + case when category <> 'any' then 1 else 0 end
    + case when team <> 'any' then 1 else 0 end
    + case when customer_segment <> 'any' then 1 else 0 end as specificity
from unioned
