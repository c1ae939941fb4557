{{ config(tags='live') }}
-- One row a stat of a KPI: how its rows are judged, and whether the account's data can say it.
with

account as (
    select * from {{ ref('dim_accounts') }}
),

int_clock_targets as (
    select * from {{ ref('dim_clock_targets') }}
),

kpi_settings as (
    select * from {{ ref('dim_kpi_settings') }}
),

declared as (
    {%- for block in kpi_blocks() %}
    {%- set outer_last = loop.last %}
    {%- for stat in block.stats %}
    {%- set needs = stat.needs | unique | list %}
    select
        '{{ stat.kpi }}' as kpi,
        '{{ stat.stat }}' as stat,
        {{ stat.position }} as position,
        '{{ stat.kind }}' as kind,
        {{ text_literal(stat.get('unit')) }} as unit,
        '{{ stat.attribution }}' as attribution,
        cast({{ look_ahead_s(stat) }} as bigint) as look_ahead_s,
        {{ 'account.min_n' if stat.min_n == 'account' else (stat.min_n or 'null') }} as min_n,
        {{ stat.is_count }} as is_count,
        {{ stat.is_stock }} as is_stock,
        {{ stat.is_hidden }} as is_hidden,
        {{ text_literal(stat.ai_coverage) }} as ai_coverage,
        {{ 'orders' in block.meta.reads }} as reads_orders,
        {{ 'tickets' in block.meta.reads }} as reads_tickets,
        coalesce({{ all_given(needs) }}, false) as is_available,
        {%- for grain in kpi_real_grains() %}
        {{ grain in stat.grains }} as has_{{ grain }},
        {%- endfor %}
        {{ 'all' in stat.slices }} as has_all,
        '{{ block.definition_version }}' as definition_version
    from account
    {{ 'union all' if not (loop.last and outer_last) }}
    {%- endfor %}
    {%- else %}
    select null as kpi
    {%- endfor %}
),

overridden as (
    select
        declared.kpi,
        declared.stat,
        declared.position,
        declared.kind,
        declared.unit,
        declared.attribution,
        declared.look_ahead_s,
        cast(
            case when declared.min_n is not null then coalesce(kpi_settings.min_n, declared.min_n) end
            as bigint
        ) as min_n,
        declared.is_count,
        declared.is_stock,
        declared.is_hidden,
        declared.ai_coverage,
        declared.is_available,
        {%- for grain in kpi_real_grains() %}
        declared.has_{{ grain }},
        {%- endfor %}
        declared.has_all,
        declared.definition_version,
        account.data_as_of,
        account.timezone,
        account.ai_coverage_complete_from,
        case
            when declared.reads_tickets and declared.reads_orders
                then greatest(account.tickets_first_loaded_at, account.orders_first_loaded_at)
            when declared.reads_orders then account.orders_first_loaded_at
            else account.tickets_first_loaded_at
        end as first_loaded_at
    from declared
    cross join account
    left join kpi_settings on declared.kpi = kpi_settings.kpi
)

select * from overridden
