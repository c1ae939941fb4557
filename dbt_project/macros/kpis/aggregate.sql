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

{% macro is_single_slice_grain(grain) %}{{ return(grain in ['hour', 'day']) }}{% endmacro %}

{# Stats that are read from facts, one entry a fact: a stock has a daily and an hourly one. #}
{% macro kpi_measures() %}
    {% set measures = [] %}
    {% set stats = kpi_stats() %}
    {% set rolled = [] %}
    {% for stat in stats if stat.kind == 'rolling' %}
        {% do rolled.extend([stat.rolling.numerator, stat.rolling.denominator]) %}
    {% endfor %}
    {% for stat in stats if not stat.is_derived and stat.kind != 'rows_from' %}
        {% set longer = [] %}
        {% for grain in stat.grains if grain != 'hour' %}{% do longer.append(grain) %}{% endfor %}
        {% if stat.has_baseline %}{% do longer.extend(kpi_baseline_grains()) %}{% endif %}
        {% if stat.kpi ~ '.' ~ stat.stat in rolled %}{% do longer.append('day_sliced') %}{% endif %}
        {% set hours = ['hour'] if 'hour' in stat.grains else [] %}
        {% if stat.snapshot %}
            {% do measures.append(dict(stat, fact=stat.snapshot.day, at='local_start', grains=longer)) %}
            {% if hours %}
                {% do measures.append(dict(stat, fact=stat.snapshot.hour, at='local_start', grains=hours)) %}
            {% endif %}
        {% else %}
            {% do measures.append(dict(stat, grains=hours + longer)) %}
        {% endif %}
    {% endfor %}
    {{ return(measures) }}
{% endmacro %}

{# Seconds after period_end until a stat is mature, as SQL over `account`. #}
{% macro look_ahead_s(stat) %}
    {% set given = stat.mature_after | string %}
    {% if given == 'target' %}
        {{ return("(select coalesce(max(target_s), 0) from int_clock_targets where kpi = '" ~ stat.kpi ~ "')") }}
    {% elif modules.re.match('^[0-9]+h$', given) %}{{ return(given[:-1] | int * 3600) }}
    {% elif modules.re.match('^[0-9]+d$', given) %}{{ return(given[:-1] | int * 86400) }}
    {% elif modules.re.match('^[0-9]+$', given) %}{{ return(given | int) }}
    {% else %}{{ return('account.' ~ given) }}
    {% endif %}
{% endmacro %}

{# Grouping columns of the slices at a grain: the side and the high-value segment lie across. #}
{% macro slice_sets(slices, grain) %}
    {% set columns = {
        'all': [], 'handling': ['seg_handling', 'seg_side'], 'channel': ['seg_channel'],
        'category': ['seg_category'], 'team': ['seg_team'],
        'customer_segment': ['seg_customer', 'seg_high_value'],
    } %}
    {% set sets = [] %}
    {% for slice in slices %}
        {% set parts = slice.split('*') %}
        {% if slice == 'all' %}{% do sets.append([]) %}
        {% elif parts | length == 1 %}
            {% for column in columns[slice] %}{% do sets.append([column]) %}{% endfor %}
        {% elif not is_single_slice_grain(grain) %}
            {% for side in columns.handling %}
                {% for column in columns[parts[1]] %}{% do sets.append([side, column]) %}{% endfor %}
            {% endfor %}
        {% endif %}
    {% endfor %}
    {{ return(sets) }}
{% endmacro %}

{% macro slice_value(columns, used) -%}
    {%- set present = [] -%}
    {%- for column in columns if column in used -%}{%- do present.append(column) -%}{%- endfor -%}
    {%- if present -%}
        case
        {%- for column in present %}
            when grouping({{ column }}) = 0
                then {{ "case when seg_high_value then 'high_value' end" if column == 'seg_high_value' else column }}
        {%- endfor %}
            else 'all'
        end
    {%- else -%}
        'all'
    {%- endif -%}
{%- endmacro %}

{% macro registered(registry, expression) %}
    {% if expression not in registry %}
        {% do registry.update({expression: 'a' ~ registry | length}) %}
    {% endif %}
    {{ return(registry[expression]) }}
{% endmacro %}

{#
  SQL of one measure over the aggregates of its branch: value, numerator, denominator, n. The
  aggregates go into `registry` (expression → alias), so that stats share them.
#}
{% macro measure_entry(measure, registry, fractions) %}
    {% set condition = '(' ~ measure.where | trim ~ ')' %}
    {% if measure.holds_until %}
        {% set condition = condition ~ ' and (local_' ~ measure.holds_until
            ~ ' is null or local_' ~ measure.holds_until ~ ' >= period_end)' %}
    {% endif %}
    {% set given = measure[measure.kind] %}
    {% set entry = {
        'kpi': "'" ~ measure.kpi ~ "'", 'stat': "'" ~ measure.stat ~ "'",
        'value': 'null', 'numerator': 'null', 'denominator': 'null', 'n': '0',
    } %}
    {% set rows = registered(registry, count_if(condition)) %}
    {% if measure.kind == 'count' and given == 'rows' %}
        {% do entry.update({'value': rows, 'n': rows}) %}
    {% elif measure.kind == 'count' %}
        {% set total = registered(registry, 'sum(case when ' ~ condition ~ ' then ' ~ given ~ ' end)') %}
        {% do entry.update({'value': total, 'n': total}) %}
    {% elif measure.kind == 'count_distinct' %}
        {% set total = registered(registry, 'count(distinct case when ' ~ condition ~ ' then ' ~ given ~ ' end)') %}
        {% do entry.update({'value': total, 'n': total}) %}
    {% elif measure.kind in ['ratio', 'within_target'] %}
        {% if measure.kind == 'ratio' %}
            {% set flag = '(' ~ given ~ ')' %}
        {% else %}
            {% set target = 'target_' ~ measure.kpi %}
            {% set flag = '(case when ' ~ given.elapsed ~ ' is not null then ' ~ given.elapsed ~ ' <= ' ~ target
                ~ (' when ' ~ given.unanswered ~ ' >= ' ~ target ~ ' then false' if given.unanswered else '') ~ ' end)' %}
        {% endif %}
        {% if measure.per %}
            {% set yes = 'count(distinct case when ' ~ condition ~ ' and ' ~ flag ~ ' then ' ~ measure.per ~ ' end)' %}
            {% set judged = 'count(distinct case when ' ~ condition ~ ' and ' ~ flag ~ ' is not null then ' ~ measure.per ~ ' end)' %}
        {% else %}
            {% set yes = count_if(condition ~ ' and ' ~ flag) %}
            {% set judged = count_if(condition ~ ' and ' ~ flag ~ ' is not null') %}
        {% endif %}
        {% set yes = registered(registry, yes) %}
        {% set judged = registered(registry, judged) %}
        {% do entry.update({
            'value': yes ~ ' / nullif(cast(' ~ judged ~ ' as double), 0)',
            'numerator': yes, 'denominator': judged, 'n': judged,
        }) %}
    {% else %}
        {% set expression = given.of if measure.kind == 'quantile' else given %}
        {% set picked = 'case when ' ~ condition ~ ' then ' ~ expression ~ ' end' %}
        {% set seen = registered(registry, 'count(' ~ picked ~ ')') %}
        {% if measure.kind == 'quantile' %}
            {% set as_double = 'cast(' ~ picked ~ ' as double)' %}
            {% set ordered = fractions[measure.where ~ '|' ~ expression] %}
            {% set all_of = registered(registry, quantiles(as_double, ordered)) %}
            {% do entry.update({'value': quantile_of(all_of, ordered.index(given.p)), 'n': seen}) %}
        {% elif measure.kind == 'max' %}
            {% do entry.update({'value': registered(registry, 'max(' ~ picked ~ ')'), 'n': seen}) %}
        {% else %}
            {% set total = registered(registry, 'sum(' ~ picked ~ ')') %}
            {% set total = 'case when ' ~ seen ~ ' = ' ~ rows ~ ' then ' ~ total ~ ' end' if measure.is_complete else total %}
            {% if measure.kind == 'mean' %}
                {% set n = rows if measure.is_complete else seen %}
                {% do entry.update({
                    'value': 'cast(' ~ total ~ ' as double) / nullif(' ~ n ~ ', 0)',
                    'numerator': total, 'denominator': n, 'n': n,
                }) %}
            {% else %}
                {% do entry.update({'value': total, 'n': rows if measure.is_complete else seen}) %}
            {% endif %}
        {% endif %}
    {% endif %}
    {% for field in ['value', 'numerator', 'denominator'] %}
        {% do entry.update({field: 'cast(' ~ entry[field] ~ ' as double)'}) %}
    {% endfor %}
    {% do entry.update({'n': 'cast(' ~ entry.n ~ ' as bigint)'}) %}
    {{ return(entry) }}
{% endmacro %}

{# Rows of one grain, wide, then long. `window` holds period_start, period_end and a filter. #}
{% macro grain_branch(rows, grain, measures, window) %}
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
            {% if window.filter %}where {{ window.filter }}{% endif %}
        ) as dated
        {{ group_by_sets(sets) }}
    ) as sliced
    where handling is not null
        and channel is not null
        and category is not null
        and team is not null
        and customer_segment is not null
{% endmacro %}

{% macro slice_name() -%}
    case when handling <> 'all' then 'handling' else '' end
    || case when handling <> 'all' and (channel <> 'all' or category <> 'all' or team <> 'all' or customer_segment <> 'all') then '*' else '' end
    || case
        when channel <> 'all' then 'channel'
        when category <> 'all' then 'category'
        when team <> 'all' then 'team'
        when customer_segment <> 'all' then 'customer_segment'
        when handling = 'all' then 'all'
        else ''
    end
{%- endmacro %}

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

{% macro rows_cte(name, at, measures, fact) %}
{{ name }} as (
    select
        fact.*,
        {% if measures[0].snapshot -%}
        fact.{{ at }} as local_at,
        {%- else -%}
        {{ local_time('fact.' ~ at, 'account.timezone') }} as local_at,
        {%- endif %}
        {%- set until = [] %}
        {%- set clocks = [] %}
        {%- for measure in measures %}
            {%- if measure.holds_until and measure.holds_until not in until %}{% do until.append(measure.holds_until) %}{% endif %}
            {%- if measure.kind == 'within_target' and measure.kpi not in clocks %}{% do clocks.append(measure.kpi) %}{% endif %}
        {%- endfor %}
        {%- for column in until %}
        {{ local_time('fact.' ~ column, 'account.timezone') }} as local_{{ column }},
        {%- endfor %}
        {%- for kpi in clocks %}
        coalesce(own_{{ kpi }}.target_s, general_{{ kpi }}.target_s) as target_{{ kpi }},
        {%- endfor %}
        fact.handling as seg_handling,
        fact.handling_side as seg_side,
        fact.channel as seg_channel,
        fact.category as seg_category,
        fact.team as seg_team,
        fact.customer_segment as seg_customer,
        coalesce(fact.is_high_value, false) as seg_high_value
    from {{ fact }} as fact
    cross join account
    {%- for kpi in clocks %}
    {%- for kind in ['own', 'general'] %}
    left join int_clock_targets as {{ kind }}_{{ kpi }}
        on {{ kind }}_{{ kpi }}.kpi = '{{ kpi }}'
        and {{ kind }}_{{ kpi }}.is_sync = coalesce(fact.is_sync, false)
        and {{ kind }}_{{ kpi }}.channel = {{ 'fact.channel' if kind == 'own' else "'all'" }}
        and {{ kind }}_{{ kpi }}.valid_from <= {{ local_time('fact.' ~ at, 'account.timezone') }}
        and {{ kind }}_{{ kpi }}.valid_to > {{ local_time('fact.' ~ at, 'account.timezone') }}
    {%- endfor %}
    {%- endfor %}
    where fact.{{ at }} is not null
    {%- if not measures[0].snapshot %}
        -- Else a week would hold days that have no row (K12).
        and fact.{{ at }} >= least(account.tickets_first_loaded_at, account.orders_first_loaded_at)
    {%- endif %}
)
{%- endmacro %}

{% macro kpi_aggregates(fact_name) %}
{%- set relation = ref(fact_name) -%}
{%- set account = ref('dim_accounts') -%}
{%- set targets = ref('dim_clock_targets') -%}
{%- if not execute -%}
select 1 as parsed
{%- else -%}
{%- set measures = [] -%}
{%- set instants = [] -%}
{%- for measure in kpi_measures() if measure.fact == fact_name -%}
    {%- do check_columns(measure, relation) -%}
    {%- do measures.append(measure) -%}
    {%- if measure.at not in instants -%}{%- do instants.append(measure.at) -%}{%- endif -%}
{%- endfor -%}
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
{{ rows_cte(instant ~ '_rows', instant, dated, fact_name) }},
{% for grain in kpi_real_grains() + ['day_sliced'] + kpi_baseline_grains() %}
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
    {{ grain_branch(instant ~ '_rows', grain, group, branch_window(grain, group[0])) }}
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

{% macro measure_columns() -%}
    measure.kpi,
        measure.stat,
        grain,
        period_start,
        period_end,
        handling,
        channel,
        category,
        team,
        customer_segment,
        slice,
        measure.value,
        measure.numerator,
        measure.denominator,
        measure.n
{%- endmacro %}

{# A branch groups by every slice that one of its stats has; each stat keeps only its own. #}
{% macro slice_limits(measures, grain) %}
    {%- set everything = [] -%}
    {%- for measure in measures -%}
        {%- for slice in measure.slices if slice not in everything -%}{%- do everything.append(slice) -%}{%- endfor -%}
    {%- endfor -%}
    {%- for measure in measures if measure.slices | length < everything | length %}
        and (
            measure.kpi <> '{{ measure.kpi }}'
            or measure.stat <> '{{ measure.stat }}'
            or slice in ('{{ measure.slices | join("', '") }}')
        )
    {%- endfor -%}
{% endmacro %}

{% macro no_measures() %}
    select
        cast(null as varchar) as kpi,
        cast(null as varchar) as stat,
        cast(null as varchar) as grain,
        cast(null as timestamp) as period_start,
        cast(null as timestamp) as period_end,
        cast(null as varchar) as handling,
        cast(null as varchar) as channel,
        cast(null as varchar) as category,
        cast(null as varchar) as team,
        cast(null as varchar) as customer_segment,
        cast(null as varchar) as slice,
        cast(null as double) as value,
        cast(null as double) as numerator,
        cast(null as double) as denominator,
        cast(null as bigint) as n
    where false
{% endmacro %}
