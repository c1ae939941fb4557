{# Slices of the marts that are no rows of kpi_values. #}

{# Rows once for each handling value they belong to: the whole, their own, their side (K7). #}
{% macro by_handling(relation, columns) -%}
    {%- for value in ["'all'", 'handling', 'handling_side'] %}
    select
        {{ value }} as handling_slice,
        {{ columns | join(', ') }}
    from {{ relation }}
    where {{ value }} is not null
    {{- '\n\n    union all\n' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# A value that a source calls `all` must not be taken for the whole (K19). #}
{% macro named_value(value, missing) -%}
    case when {{ value }} = 'all' then 'all_' else coalesce({{ value }}, '{{ missing }}') end
{%- endmacro %}
