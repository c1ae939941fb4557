{#
  Stats that are made of other stats. Each branch reads `base`: the rows of all measured stats, the
  `all` slice filled, with grain, period, the five segment columns and slice; and `current_base`, those
  of the periods that are made anew.
    ratio_of: {numerator, denominator, denominator_slice: all | over: <dimension>}
    rolling: {numerator, denominator, denominator_slice, days}
    growth: {of, periods}
    difference: {of, between: [side, side]}    or {of, less}, of the same slice
#}

{% macro stat_filter(alias, name) -%}
    {{ alias }}.kpi = '{{ name.split('.')[0] }}' and {{ alias }}.stat = '{{ name.split('.')[1] }}'
{%- endmacro %}

{% macro in_grains(alias, stat, pseudo) -%}
    {{ alias }}.grain in ('{{ (stat.grains + (kpi_baseline_grains() if pseudo and stat.has_baseline else [])) | join("', '") }}')
{%- endmacro %}

{% macro in_slices(alias, stat) -%}
    {{ alias }}.slice in ('{{ stat.slices | join("', '") }}')
{%- endmacro %}

{# The same period and, of the segments, those that are not taken over the whole. #}
{% macro same_slice(left, right, whole=[]) -%}
    {{ left }}.grain = {{ right }}.grain
        and {{ left }}.period_start = {{ right }}.period_start
        {%- for column in ['handling'] + kpi_dimensions() %}
        and {{ right }}.{{ column }} = {{ "'all'" if column in whole else left ~ '.' ~ column }}
        {%- endfor %}
{%- endmacro %}

{% macro whole_columns(rule) %}
    {% if rule.denominator_slice %}{{ return(['handling'] + kpi_dimensions()) }}{% endif %}
    {{ return([rule.over] if rule.over else []) }}
{% endmacro %}

{% macro derived_row(stat, side, value, numerator, denominator, n) -%}
        '{{ stat.kpi }}' as kpi,
        '{{ stat.stat }}' as stat,
        {{ side }}.grain,
        {{ side }}.period_start,
        {{ side }}.period_end,
        {{ side }}.handling,
        {{ side }}.channel,
        {{ side }}.category,
        {{ side }}.team,
        {{ side }}.customer_segment,
        {{ side }}.slice,
        cast({{ value }} as double) as value,
        cast({{ numerator }} as double) as numerator,
        cast({{ denominator }} as double) as denominator,
        cast(coalesce({{ n }}, 0) as bigint) as n
{%- endmacro %}

{# What a numerator is where no row says so: a count 0, anything else unknown. #}
{% macro absent_value(name) %}
    {% for stat in kpi_stats() if stat.kpi ~ '.' ~ stat.stat == name %}
        {{ return('0' if stat.is_count else 'null') }}
    {% endfor %}
{% endmacro %}

{% macro ratio_of_branch(stat) %}
    {% set rule = stat.ratio_of %}
    {% set whole = whole_columns(rule) %}
    {% set absent = absent_value(rule.numerator) %}
    select
{{ derived_row(
    stat, 'numerators',
    'coalesce(numerators.value, ' ~ absent ~ ') / nullif(denominators.value, 0)',
    'coalesce(numerators.value, ' ~ absent ~ ')', 'coalesce(denominators.value, 0)',
    'denominators.value'
) }}
    from current_base as numerators
    left join current_base as denominators
        on {{ stat_filter('denominators', rule.denominator) }}
        and {{ same_slice('numerators', 'denominators', whole) }}
    where {{ stat_filter('numerators', rule.numerator) }}
        and {{ in_grains('numerators', stat, true) }}
        and {{ in_slices('numerators', stat) }}
    {% if not whole %}

    union all

    {# What came in with nothing gone out is 0, not absent. #}
    select
{{ derived_row(
    stat, 'denominators', absent ~ ' / nullif(denominators.value, 0)', absent,
    'denominators.value', 'denominators.value'
) }}
    from current_base as denominators
    left join current_base as numerators
        on {{ stat_filter('numerators', rule.numerator) }}
        and {{ same_slice('denominators', 'numerators') }}
    where {{ stat_filter('denominators', rule.denominator) }}
        and {{ in_grains('denominators', stat, true) }}
        and {{ in_slices('denominators', stat) }}
        and numerators.kpi is null
    {% endif %}
{% endmacro %}

{#
  Over the complete days that end with a period. Each day's row is joined to the ends it counts for.
  Without that many loaded days before the end, or before the end has come, it is not known.
#}
{% macro rolling_branch(stat) %}
    {% set rule = stat.rolling %}
    {% set span = "interval '" ~ rule.days ~ "' day" %}
    select
{{ derived_row(
    stat, 'numerators', 'numerators.total / nullif(denominators.total, 0)', 'numerators.total',
    'denominators.total', 'denominators.total'
) }}
    from (
        select
            ends.grain, ends.period_start, ends.period_end, days.handling, days.channel,
            days.category, days.team, days.customer_segment, days.slice,
            sum(days.value) as total
        from base as days
        inner join current_ends as ends
            on days.period_start >= ends.period_end - {{ span }}
            and days.period_start < ends.period_end
        where {{ stat_filter('days', rule.numerator) }}
            and days.grain = 'day_sliced'
            and {{ in_slices('days', stat) }}
            and (ends.grain <> 'day' or days.slice not like 'handling*%')
            and {{ stat_filter('ends', stat.kpi ~ '.' ~ stat.stat) }}
        group by
            ends.grain, ends.period_start, ends.period_end, days.handling, days.channel,
            days.category, days.team, days.customer_segment, days.slice
    ) as numerators
    inner join (
        select
            ends.grain, ends.period_start,
            sum(days.value) as total
        from base as days
        inner join current_ends as ends
            on days.period_start >= ends.period_end - {{ span }}
            and days.period_start < ends.period_end
        where {{ stat_filter('days', rule.denominator) }}
            and days.grain = 'day_sliced'
            and days.slice = 'all'
            and {{ stat_filter('ends', stat.kpi ~ '.' ~ stat.stat) }}
        group by ends.grain, ends.period_start
    ) as denominators
        on numerators.grain = denominators.grain
        and numerators.period_start = denominators.period_start
    inner join current_ends as ends
        on {{ stat_filter('ends', stat.kpi ~ '.' ~ stat.stat) }}
        and numerators.grain = ends.grain
        and numerators.period_start = ends.period_start
    where ends.is_over
        and ends.period_end - {{ span }} >= ends.first_loaded_local
{% endmacro %}

{# Against the mean of the complete periods before; a period without a row counts 0. #}
{% macro growth_branch(stat) %}
    {% set rule = stat.growth %}
    select
{{ derived_row(
    stat, 'grown',
    'case when grown.n >= account.min_n and grown.mean_before >= account.min_n then grown.value / grown.mean_before - 1 end',
    'grown.value', 'grown.mean_before', 'grown.n'
) }}
    from (
        select
            current_rows.grain, current_rows.period_start, current_rows.period_end,
            current_rows.handling, current_rows.channel, current_rows.category,
            current_rows.team, current_rows.customer_segment, current_rows.slice,
            current_rows.value, current_rows.n,
            case
                when max(ends.ordinal) > {{ rule.periods }}
                    then coalesce(sum(before_rows.value), 0) / {{ rule.periods }}.0
            end as mean_before
        from current_base as current_rows
        left join ends
            on {{ stat_filter('ends', stat.kpi ~ '.' ~ stat.stat) }}
            and current_rows.grain = ends.grain
            and current_rows.period_start = ends.period_start
        left join ends as ends_before
            on {{ stat_filter('ends_before', stat.kpi ~ '.' ~ stat.stat) }}
            and ends.grain = ends_before.grain
            and ends_before.ordinal < ends.ordinal
            and ends_before.ordinal >= ends.ordinal - {{ rule.periods }}
        left join base as before_rows
            on {{ stat_filter('before_rows', rule.of) }}
            and before_rows.grain = ends_before.grain
            and before_rows.period_start = ends_before.period_start
            {%- for column in ['handling'] + kpi_dimensions() %}
            and before_rows.{{ column }} = current_rows.{{ column }}
            {%- endfor %}
        where {{ stat_filter('current_rows', rule.of) }}
            and {{ in_grains('current_rows', stat, false) }}
            and {{ in_slices('current_rows', stat) }}
        group by
            current_rows.grain, current_rows.period_start, current_rows.period_end,
            current_rows.handling, current_rows.channel, current_rows.category,
            current_rows.team, current_rows.customer_segment, current_rows.slice,
            current_rows.value, current_rows.n
    ) as grown
    cross join account
{% endmacro %}

{# One side of the handling split less the other; known where both are. #}
{% macro difference_branch(stat) %}
    {% set rule = stat.difference %}
    {% if rule.less %}{{ return(less_branch(stat)) }}{% endif %}
    select
        '{{ stat.kpi }}' as kpi,
        '{{ stat.stat }}' as stat,
        one.grain,
        one.period_start,
        one.period_end,
        'all' as handling,
        one.channel,
        one.category,
        one.team,
        one.customer_segment,
        case when one.slice = 'handling' then 'all' else substr(one.slice, 10) end as slice,
        cast(one.value - other.value as double) as value,
        cast(null as double) as numerator,
        cast(null as double) as denominator,
        cast(least(one.n, other.n) as bigint) as n
    from current_base as one
    inner join current_base as other
        on {{ stat_filter('other', rule.of) }}
        and other.handling = '{{ rule.between[1] }}'
        and one.grain = other.grain
        and one.period_start = other.period_start
        {%- for column in kpi_dimensions() %}
        and one.{{ column }} = other.{{ column }}
        {%- endfor %}
    where {{ stat_filter('one', rule.of) }}
        and one.handling = '{{ rule.between[0] }}'
        and {{ in_grains('one', stat, true) }}
        and case when one.slice = 'handling' then 'all' else substr(one.slice, 10) end
            in ('{{ stat.slices | join("', '") }}')
        and one.value is not null
        and other.value is not null
{% endmacro %}

{% macro less_branch(stat) %}
    {% set rule = stat.difference %}
    select
{{ derived_row(stat, 'one', 'one.value - other.value', 'null', 'null', 'least(one.n, other.n)') }}
    from current_base as one
    inner join current_base as other
        on {{ stat_filter('other', rule.less) }}
        and {{ same_slice('one', 'other') }}
    where {{ stat_filter('one', rule.of) }}
        and {{ in_grains('one', stat, true) }}
        and {{ in_slices('one', stat) }}
        and one.value is not null
        and other.value is not null
{% endmacro %}
