{# What differs between engines and only the KPIs need; the rest is in macros/engine.sql. #}

{% macro plus_days(wall_time, days) -%}
    ({{ wall_time }} + to_days(cast({{ days }} as integer)))
{%- endmacro %}

{# The dates from one wall time to another, both included; only in a select list. #}
{% macro day_rows(first, last) -%}
    cast(unnest(generate_series(
        date_trunc('day', {{ first }}), {{ last }}, interval 1 day
    )) as date)
{%- endmacro %}

{% macro plus_hours(wall_time, hours) -%}
    ({{ wall_time }} + to_hours(cast({{ hours }} as integer)))
{%- endmacro %}

{# Start of the local period that holds a wall time. #}
{% macro period_start(grain, wall_time, week_start) -%}
    {%- if grain == 'week' -%}
        {%- set shift = '(' ~ week_start ~ ' - 1)' -%}
        {{ plus_days("date_trunc('week', " ~ plus_days(wall_time, '-' ~ shift) ~ ")", shift) }}
    {%- else -%}
        date_trunc('{{ grain }}', {{ wall_time }})
    {%- endif -%}
{%- endmacro %}

{% macro period_end(grain, start) -%}
    ({{ start }} + interval '{{ 3 if grain == 'quarter' else 1 }}' {{ 'month' if grain == 'quarter' else grain }})
{%- endmacro %}

{% macro group_by_sets(sets) -%}
    group by grouping sets (
    {%- for columns in sets %}
        (period_start, period_end{% for column in columns %}, {{ column }}{% endfor %})
        {{- ',' if not loop.last }}
    {%- endfor %}
    )
{%- endmacro %}

{# Several quantiles of one value in one pass over it, and one of them. #}
{% macro quantiles(value, fractions) -%}
    quantile_cont({{ value }}, [{{ fractions | join(', ') }}])
{%- endmacro %}

{% macro quantile_of(quantiles, position) -%}
    {{ quantiles }}[{{ position + 1 }}]
{%- endmacro %}

{# Columns → rows: `entries` are dicts of SQL by field; the struct column is `measure`. #}
{% macro unpivoted(entries) -%}
    unnest([
    {%- for entry in entries %}
        { {%- for field, expression in entry.items() %}'{{ field }}': {{ expression }}
        {{- ', ' if not loop.last }}{% endfor -%} }
        {{- ',' if not loop.last }}
    {%- endfor %}
    ]) as measure
{%- endmacro %}

{# A few constant rows as a relation; every value is SQL text. #}
{% macro constant_rows(alias, columns, rows) -%}
    (
        values
        {%- for row in rows %}
        ({{ row | join(', ') }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as {{ alias }} ({{ columns | join(', ') }})
{%- endmacro %}
