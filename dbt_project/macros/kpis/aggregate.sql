{#
  One fact → all its measures, long. For each instant that its stats are dated by and each grain:
  one scan, one group by over the slices, one unpivot. Pseudo-grains beside day, week, month …:
    day_sliced      days with every slice, for rolling windows
    baseline_30d    the last 30 complete and mature days; period_start is the window's first day
    baseline_pre_ai the 30 complete days before ai_launch_date
    baseline_12m    the last 365 complete and mature days, or as many as there are from 182 on
#}

{% macro kpi_real_grains() %}{{ return(['hour', 'day', 'week', 'month', 'quarter']) }}{% endmacro %}

{% macro kpi_baseline_grains() %}
    {{ return(['baseline_30d', 'baseline_pre_ai', 'baseline_12m']) }}
{% endmacro %}

{# Rows of one grain, wide, then long. `window` holds period_start, period_end and a filter. #}
{% macro grain_branch(rows, grain, measures, window, in_part) %}
    {%- set slices = [] -%}
    {%- for measure in measures -%}
        {%- for slice in measure.slices if slice not in slices -%}{%- do slices.append(slice) -%}{%- endfor -%}
    {%- endfor -%}
    {%- set sets = slice_sets(slices, grain) -%}
    {%- set used = sets | sum(start=[]) | unique | list -%}
    {%- set fractions = {} -%}
    {%- for measure in measures if measure.kind == 'quantile' -%}
        {%- set key = measure.where ~ '|' ~ measure.quantile.of -%}
        {%- if key not in fractions -%}{%- do fractions.update({key: []}) -%}{%- endif -%}
        {%- if measure.quantile.p not in fractions[key] -%}{%- do fractions[key].append(measure.quantile.p) -%}{%- endif -%}
    {%- endfor -%}
    {%- set registry = {} -%}
    {%- set entries = [] -%}
    {%- for measure in measures -%}{%- do entries.append(measure_entry(measure, registry, fractions)) -%}{%- endfor -%}
    select
        '{{ grain }}' as grain,
        period_start,
        period_end,
        handling,
        channel,
        category,
        team,
        customer_segment,
        {{ slice_name() }} as slice,
        {{ unpivoted(entries) }}
    from (
        select
            period_start,
            period_end,
            {{ slice_value(['seg_handling', 'seg_side'], used) }} as handling,
            {{ slice_value(['seg_channel'], used) }} as channel,
            {{ slice_value(['seg_category'], used) }} as category,
            {{ slice_value(['seg_team'], used) }} as team,
            {{ slice_value(['seg_customer', 'seg_high_value'], used) }} as customer_segment
            {%- for expression, alias in registry.items() %},
            {{ expression }} as {{ alias }}
            {%- endfor %}
        from (
            select
                fact_rows.*,
                {{ window.start }} as period_start,
                {{ window.end }} as period_end
            from {{ rows }} as fact_rows
            cross join account
            where {{ window.filter or 'true' }}
            {%- if in_part and grain not in kpi_baseline_grains() %}
                and {{ window.start }} in (
                    select period_start from touched_periods where grain = '{{ grain }}'
                )
            {%- endif %}
        ) as dated
        {{ group_by_sets(sets) }}
    ) as sliced
    where handling is not null
        and channel is not null
        and category is not null
        and team is not null
        and customer_segment is not null
{% endmacro %}

{% macro branch_window(grain, measure) %}
    {% if grain in ['baseline_30d', 'baseline_12m'] %}
        {% set end = "date_trunc('day', " ~ local_time(
            add_seconds('account.data_as_of', '-(' ~ look_ahead_s(measure) ~ ')'), 'account.timezone') ~ ")" %}
    {% elif grain == 'baseline_pre_ai' %}
        {% set end = 'cast(account.ai_launch_date as timestamp)' %}
    {% elif measure.snapshot and grain not in ['hour', 'day'] %}
        {# A stock of a longer period is that of its last day, of the running one the last known. #}
        {% set start = period_start(grain, 'fact_rows.local_at', 'account.week_start') %}
        {% set last = plus_days(period_end(grain, start), -1) %}
        {{ return({
            'start': start, 'end': period_end(grain, start),
            'filter': 'fact_rows.local_at = least(' ~ last ~ ', account.last_local_day)',
        }) }}
    {% else %}
        {% set base = 'day' if grain == 'day_sliced' else grain %}
        {% set start = period_start(base, 'fact_rows.local_at', 'account.week_start') %}
        {{ return({'start': start, 'end': period_end(base, start), 'filter': none}) }}
    {% endif %}
    {% if grain == 'baseline_12m' %}
        {% set start = 'greatest(' ~ plus_days(end, -365) ~ ', account.first_whole_day)' %}
    {% else %}
        {% set start = plus_days(end, -30) %}
    {% endif %}
    {{ return({
        'start': start, 'end': end,
        'filter': 'fact_rows.local_at >= ' ~ start ~ ' and fact_rows.local_at < ' ~ end,
    }) }}
{% endmacro %}

{% macro rows_cte(name, at, measures, fact, in_part) %}
{%- set until = [] %}
{%- set clocks = [] %}
{%- for measure in measures %}
    {%- if measure.holds_until and measure.holds_until not in until %}{% do until.append(measure.holds_until) %}{% endif %}
    {%- if measure.kind == 'within_target' and measure.kpi not in clocks %}{% do clocks.append(measure.kpi) %}{% endif %}
{%- endfor %}
{{ name }} as (
    select
        dated.*,
        {%- for kpi in clocks %}
        coalesce(own_{{ kpi }}.target_s, general_{{ kpi }}.target_s) as target_{{ kpi }},
        {%- endfor %}
        dated.handling as seg_handling,
        dated.handling_side as seg_side,
        dated.channel as seg_channel,
        dated.category as seg_category,
        dated.team as seg_team,
        dated.customer_segment as seg_customer,
        coalesce(dated.is_high_value, false) as seg_high_value
    from (
        select
            fact.*,
            {%- for column in until %}
            {{ local_time('fact.' ~ column, 'account.timezone') }} as local_{{ column }},
            {%- endfor %}
            {{ 'fact.' ~ at if measures[0].snapshot else local_time('fact.' ~ at, 'account.timezone') }}
                as local_at
        from {{ fact }} as fact
        cross join account
        where fact.{{ at }} is not null
        {%- if not measures[0].snapshot %}
            -- Else a week would hold days that have no row (K12).
            and fact.{{ at }} >= least(account.tickets_first_loaded_at, account.orders_first_loaded_at)
        {%- endif %}
        {%- if in_part %}
            and {{ local_date('fact.' ~ at, "'UTC'") }} in (select day from touched_days)
        {%- endif %}
    ) as dated
    {%- for kpi in clocks %}
    {%- for kind in ['own', 'general'] %}
    left join int_clock_targets as {{ kind }}_{{ kpi }}
        on {{ kind }}_{{ kpi }}.kpi = '{{ kpi }}'
        and {{ kind }}_{{ kpi }}.is_sync = coalesce(dated.is_sync, false)
        and {{ kind }}_{{ kpi }}.channel = {{ 'dated.channel' if kind == 'own' else "'all'" }}
        and {{ kind }}_{{ kpi }}.valid_from <= dated.local_at
        and {{ kind }}_{{ kpi }}.valid_to > dated.local_at
    {%- endfor %}
    {%- endfor %}
)
{%- endmacro %}

{% macro kpi_aggregates(fact_name) %}
{%- set relation = ref(fact_name) -%}
{%- set account = ref('dim_accounts') -%}
{%- set targets = ref('dim_clock_targets') -%}
{%- set touched = ref('dim_touched_periods') -%}
{%- if not execute -%}
select 1 as parsed
{%- else -%}
{%- set in_part = is_partial() -%}
{%- set measures = [] -%}
{%- set instants = [] -%}
{%- set grains = [] -%}
{%- for measure in kpi_measures() if measure.fact == fact_name -%}
    {%- do measures.append(measure) -%}
    {%- if measure.at not in instants -%}{%- do instants.append(measure.at) -%}{%- endif -%}
    {%- do grains.extend(measure.grains) -%}
{%- endfor -%}
{%- do check_columns(measures, relation) -%}
with

int_accounts as (
    select * from {{ account }}
),

int_clock_targets as (
    select * from {{ targets }}
),

{{ fact_name }} as (
    select * from {{ relation }}
),

touched_periods as (
    select * from {{ touched }}
),
{%- if in_part and grains %}

-- Of rows that are dated in no such period nothing is worked out. No zone is off by a day.
touched_days as (
    {%- for grain in kpi_real_grains() if grain in grains %}
    select {{ day_rows(
        plus_days('period_start', -1), plus_days(period_end(grain, 'period_start'), 1)
    ) }} as day
    from touched_periods
    where grain = '{{ grain }}'
    {{ 'union' if not loop.last }}
    {%- endfor %}
),
{%- endif %}

account as (
    select
        *,
        date_trunc('day', {{ local_time(add_seconds('data_as_of', -1), 'timezone') }}) as last_local_day,
        {{ first_whole_day() }} as first_whole_day
    from int_accounts
),
{% set branches = [] %}
{% for instant in instants %}
{% set dated = measures | selectattr('at', 'equalto', instant) | list %}
{{ rows_cte(instant ~ '_rows', instant, dated, fact_name, in_part) }},
{# Rows of the windows that baselines are stay until a day is over. #}
{% for grain in kpi_real_grains() + ['day_sliced'] + ([] if in_part else kpi_baseline_grains()) %}
    {% set groups = {} %}
    {% for measure in dated if grain in measure.grains %}
        {% set key = look_ahead_s(measure) | string if grain in ['baseline_30d', 'baseline_12m'] else grain %}
        {% if key not in groups %}{% do groups.update({key: []}) %}{% endif %}
        {% do groups[key].append(measure) %}
    {% endfor %}
    {% for group in groups.values() %}
        {% set branch = instant ~ '_' ~ grain ~ ('_' ~ loop.index if groups | length > 1 else '') %}
        {% do branches.append((branch, grain, group)) %}
{{ branch }} as (
    {{ grain_branch(instant ~ '_rows', grain, group, branch_window(grain, group[0]), in_part) }}
),
    {% endfor %}
{% endfor %}
{% endfor %}

measured as (
    {% for branch, grain, group in branches %}
    select
        {{ measure_columns() }}
    from {{ branch }}
    where measure.n > 0
        {{ slice_limits(group, grain) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
    {% if not branches %}
    {{ no_measures() }}
    {% endif %}
)

select * from measured
{%- endif -%}
{% endmacro %}
