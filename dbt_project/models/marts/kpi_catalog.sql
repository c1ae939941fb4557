-- The catalogue: one row a KPI, as its block says and bookbag.toml overrides, with what the
-- account's data can and cannot say.
with

account as (
    select * from {{ ref('dim_accounts') }}
),

kpi_settings as (
    select * from {{ ref('dim_kpi_settings') }}
),

declared as (
    {%- for block in kpi_blocks() %}
    {%- set meta = block.meta %}
    {%- set first = block.stats | rejectattr('is_hidden') | first | default({}, true) %}
    {%- set needs = (meta.needs + first.get('needs', [])) | unique | list %}
    {%- set tiers = block.targets | first | default({}, true) %}
    select
        '{{ meta.code }}' as code,
        '{{ block.kpi }}' as kpi,
        {{ text_literal(block.label) }} as label,
        '{{ meta.tier }}' as tier,
        '{{ meta.unit }}' as unit,
        '{{ kpi_format(block.kpi, first.get('stat'), first.get('unit', meta.unit)) }}' as format,
        '{{ meta.direction }}' as direction,
        '{{ meta.quadrant }}' as quadrant,
        {{ text_literal(block.definition) }} as definition,
        '{{ tojson(block.stats | rejectattr('is_hidden') | map(attribute='stat') | list) }}' as stats,
        '{{ tojson(kpi_formats(block)) }}' as formats,
        {{ text_literal(first.get('attribution')) }} as attribution,
        {{ text_literal(block.owner) }} as owner,
        {{ text_literal(' '.join(meta.protocol.split())) }} as protocol,
        '{{ meta.cadence }}' as cadence,
        {{ text_literal(meta.benchmark) }} as benchmark,
        {{ text_literal(meta.benchmark_source) }} as benchmark_source,
        {{ text_literal(tiers.stat or first.get('stat')) }} as target_stat,
        {{ text_literal(meta.get('watch', {}).get('stat')) }} as watched_stat,
        {{ text_literal(meta.get('watch', {}).get('law')) }} as law,
        {{ number_literal(tiers.good) }} as good,
        {{ number_literal(tiers.better) }} as better,
        {{ number_literal(tiers.best) }} as best,
        {{ text_literal(meta.get('alert')) }} as alert,
        {{ number_literal(block.alerts | selectattr('below', 'defined') | map(attribute='below') | first) }}
            as alert_below,
        {{ number_literal(block.alerts | selectattr('above', 'defined') | map(attribute='above') | first) }}
            as alert_above,
        {{ 'cast(account.min_n as bigint)' if first.get('min_n') == 'account' else 'cast(' ~ (first.get('min_n') or 'null') ~ ' as bigint)' }}
            as min_n,
        coalesce({{ all_given(needs) }}, false) as available,
        case
            {%- for need in needs if need in need_reasons() %}
            when not coalesce(account.{{ need }}, false) then '{{ need_reasons()[need] }}'
            {%- endfor %}
            when false then ''
        end as unavailable_reason,
        '{{ block.definition_version }}' as definition_version
    from account
    {{ 'union all' if not loop.last }}
    {%- else %}
    select null as kpi
    {%- endfor %}
),

overridden as (
    select
        declared.code,
        declared.kpi,
        declared.label,
        declared.tier,
        declared.unit,
        declared.format,
        declared.direction,
        declared.quadrant,
        declared.definition,
        declared.stats,
        declared.formats,
        declared.attribution,
        coalesce(kpi_settings.owner, declared.owner) as owner,
        coalesce(kpi_settings.protocol, declared.protocol) as protocol,
        coalesce(kpi_settings.cadence, declared.cadence) as cadence,
        declared.benchmark,
        declared.benchmark_source,
        declared.target_stat,
        declared.watched_stat,
        declared.law,
        coalesce(kpi_settings.good, declared.good) as good,
        coalesce(kpi_settings.better, declared.better) as better,
        coalesce(kpi_settings.best, declared.best) as best,
        declared.alert,
        coalesce(kpi_settings.alert_below, declared.alert_below) as alert_below,
        coalesce(kpi_settings.alert_above, declared.alert_above) as alert_above,
        cast(case when declared.min_n is not null then coalesce(kpi_settings.min_n, declared.min_n) end
            as bigint) as min_n,
        declared.available,
        declared.unavailable_reason,
        declared.definition_version
    from declared
    left join kpi_settings on declared.kpi = kpi_settings.kpi
)

select * from overridden
