-- Alert rules of the blocks as rows; a threshold of bookbag.toml or of `targets` takes the place of the
-- block's own of that side. `slices` is a list between bars; a rule without a grain of its own is
-- judged at the one that its KPI is reviewed at.
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
        'below_baseline_times', 'off_baseline_by', 'below_previous_by', 'above_previous_times',
        'moves_by',
    ] %}
    {%- for block in kpi_blocks() %}
    {%- for rule in block.alerts %}
    {%- for kind in kinds if kind in rule %}
        {%- do rules.append(dict(
            rule, kpi=block.kpi, rule=kind, bound=rule[kind],
            grain=rule.grain or ('month' if block.meta.cadence.startswith('month') else 'week'),
        )) %}
    {%- endfor %}
    {%- endfor %}
    {%- endfor %}
    {%- for rule in rules %}
    select
        '{{ rule.kpi }}' as kpi,
        '{{ rule.stat }}' as stat,
        '{{ rule.rule }}' as rule,
        {{ number_literal(rule.bound) }} as bound,
        '{{ rule.grain }}' as grain,
        '|{{ (rule.slices or ['all']) | join('|') }}|' as slices,
        {{ rule.periods or 1 }} as periods,
        {{ rule.is_absolute or false }} as is_absolute,
        {{ rule.is_muted_by_context or false }} as is_muted_by_context
    {{ 'union all' if not loop.last }}
    {%- else %}
    select null as kpi
    {%- endfor %}
),

first_stats as (
    {%- for block in kpi_blocks() if block.stats %}
    select
        '{{ block.kpi }}' as kpi,
        '{{ (block.alerts | first | default(block.targets | first, true) | default(block.stats | first, true)).stat }}'
            as stat,
        '{{ 'month' if block.meta.cadence.startswith('month') else 'week' }}' as grain
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
        first_stats.stat,
        first_stats.grain,
        handed_over.stat as named_stat,
        coalesce(handed_over.alert_below, kpi_settings.alert_below) as alert_below,
        coalesce(handed_over.alert_above, kpi_settings.alert_above) as alert_above
    from first_stats
    left join kpi_settings on first_stats.kpi = kpi_settings.kpi
    left join handed_over on first_stats.kpi = handed_over.kpi
),

sides as (
    select kpi, stat, grain, named_stat, 'below' as rule, alert_below as bound
    from own
    where alert_below is not null

    union all

    select kpi, stat, grain, named_stat, 'above' as rule, alert_above as bound
    from own
    where alert_above is not null
),

rebound as (
    select
        declared.kpi,
        declared.stat,
        declared.rule,
        coalesce(sides.bound, declared.bound) as bound,
        declared.grain,
        declared.slices,
        declared.periods,
        declared.is_absolute,
        declared.is_muted_by_context
    from declared
    left join sides
        on declared.kpi = sides.kpi
        and declared.rule = sides.rule
        and (sides.named_stat is null or sides.named_stat = declared.stat)

    union all

    -- A side that the block has no rule for.
    select
        sides.kpi,
        coalesce(sides.named_stat, sides.stat) as stat,
        sides.rule,
        sides.bound,
        sides.grain,
        '|all|' as slices,
        1 as periods,
        false as is_absolute,
        false as is_muted_by_context
    from sides
    left join declared
        on sides.kpi = declared.kpi
        and sides.rule = declared.rule
        and (sides.named_stat is null or sides.named_stat = declared.stat)
    where declared.kpi is null
)

select * from rebound
