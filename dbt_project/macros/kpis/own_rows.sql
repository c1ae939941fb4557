{#
  What a model behind `rows_from` ends in. `relation` has grain, period_start, period_end and the
  segment columns that differ; `entries` are the stats: {stat, value, numerator, denominator, n} as SQL.
#}
{% macro kpi_own_rows(relation, kpi, entries, segments=[]) %}
    {%- set measures = [] -%}
    {%- for entry in entries -%}
        {%- do measures.append({
            'kpi': "'" ~ kpi ~ "'",
            'stat': "'" ~ entry.stat ~ "'",
            'value': 'cast(' ~ entry.value ~ ' as double)',
            'numerator': 'cast(' ~ entry.get('numerator', 'null') ~ ' as double)',
            'denominator': 'cast(' ~ entry.get('denominator', 'null') ~ ' as double)',
            'n': 'cast(coalesce(' ~ entry.n ~ ', 0) as bigint)',
        }) -%}
    {%- endfor -%}
select
        {{ measure_columns() }}
from (
    select
        grain,
        period_start,
        period_end,
        {%- for column in ['handling'] + kpi_dimensions() %}
        {{ column if column in segments else "'all' as " ~ column }},
        {%- endfor %}
        {{ slice_name_of(segments) }} as slice,
        {{ unpivoted(measures) }}
    from {{ relation }}
) as wide
where measure.n > 0 or measure.value is not null
{%- endmacro %}

{# Only one dimension is ever cut at a time by these models. #}
{% macro slice_name_of(segments) -%}
    case
        {%- for column in segments %}
        when {{ column }} <> 'all' then '{{ column }}'
        {%- endfor %}
        when true then 'all'
    end
{%- endmacro %}

{# Rows of a fact once for the whole and once for each dimension; a NULL segment is in none. #}
{% macro cut_by(relation, dimensions) -%}
    select
        {{ relation }}.*
        {%- for column in dimensions %},
        'all' as cut_{{ column }}
        {%- endfor %}
    from {{ relation }}
    {%- for dimension in dimensions %}

    union all

    select
        {{ relation }}.*
        {%- for column in dimensions %},
        {{ relation ~ '.' ~ column if column == dimension else "'all'" }} as cut_{{ column }}
        {%- endfor %}
    from {{ relation }}
    where {{ relation }}.{{ dimension }} is not null
    {%- if dimension == 'customer_segment' %}

    union all

    select
        {{ relation }}.*
        {%- for column in dimensions %},
        {{ "'high_value'" if column == dimension else "'all'" }} as cut_{{ column }}
        {%- endfor %}
    from {{ relation }}
    where {{ relation }}.is_high_value
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
