-- Alert rules of the blocks as rows; a threshold of bookbag.toml or of `targets` replaces the
-- block's own of that side. `slices` is a list between bars; NULL grain = day, week and month.
with

kpi_settings as (
    select * from {{ ref('dim_kpi_settings') }}
),

targets as (
    select * from {{ ref('dim_targets') }}
),

account as (
    select * from {{ ref('dim_accounts') }}
),

declared as (
    {%- set rules = [] %}
    {%- set kinds = [
        'below', 'above', 'below_baseline_by', 'above_baseline_by', 'above_baseline_times',
        'off_baseline_by',
    ] %}
    {%- for block in kpi_blocks() %}
    {%- for rule in block.alerts %}
    {%- for kind in kinds if kind in rule %}
        {%- do rules.append(dict(rule, kpi=block.kpi, rule=kind, bound=rule[kind])) %}
    {%- endfor %}
    {%- endfor %}
    {%- endfor %}
    {%- for rule in rules %}
    select
        '{{ rule.kpi }}' as kpi,
        '{{ rule.stat }}' as stat,
        '{{ rule.rule }}' as rule,
        {{ number_literal(rule.bound) }} as bound,
        {{ text_literal(rule.grain) }} as grain,
        '|{{ (rule.slices or ['all']) | join('|') }}|' as slices,
        {{ rule.periods or 1 }} as periods,
        {{ rule.is_absolute or false }} as is_absolute
    {{ 'union all' if not loop.last }}
    {%- else %}
    select null as kpi
    {%- endfor %}
),

first_stats as (
    {%- for block in kpi_blocks() %}
    select
        '{{ block.kpi }}' as kpi,
        '{{ (block.alerts | first | default(block.targets | first, true) | default(block.stats | first, true)).stat }}'
            as stat
    {{ 'union all' if not loop.last }}
    {%- else %}
    select null as kpi
    {%- endfor %}
),

handed_over as (
    select
        kpi,
        max(stat) as stat,
        max(alert_below) as alert_below,
        max(alert_above) as alert_above
    from targets
    cross join account
    where (valid_from is null or valid_from <= {{ local_date('account.data_as_of', 'account.timezone') }})
        and (alert_below is not null or alert_above is not null)
    group by kpi
),

own as (
    select
        first_stats.kpi,
        coalesce(handed_over.stat, first_stats.stat) as stat,
        coalesce(handed_over.alert_below, kpi_settings.alert_below) as alert_below,
        coalesce(handed_over.alert_above, kpi_settings.alert_above) as alert_above
    from first_stats
    left join kpi_settings on first_stats.kpi = kpi_settings.kpi
    left join handed_over on first_stats.kpi = handed_over.kpi
),

replaced as (
    select declared.*
    from declared
    left join own on declared.kpi = own.kpi
    where not (declared.rule = 'below' and own.alert_below is not null)
        and not (declared.rule = 'above' and own.alert_above is not null)

    union all

    select
        kpi, stat, 'below' as rule, alert_below as bound, null as grain, '|all|' as slices,
        1 as periods, false as is_absolute
    from own
    where alert_below is not null

    union all

    select
        kpi, stat, 'above' as rule, alert_above as bound, null as grain, '|all|' as slices,
        1 as periods, false as is_absolute
    from own
    where alert_above is not null
)

select * from replaced
