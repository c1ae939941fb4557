{# K19: a customer's segment in a month; `months` is fct_customer_months joined on both. #}
{% macro customer_segment(customer_key, months) -%}
    case
        when {{ customer_key }} is null then 'unlinked'
        when {{ months }}.is_new then 'new'
        when {{ months }}.is_returning then 'returning'
        else 'inactive'
    end
{%- endmacro %}

{# K7's two-way split. #}
{% macro handling_side(handling) -%}
    case
        when {{ handling }} = 'ai_only' then 'ai_handled'
        when {{ handling }} in ('human_only', 'hybrid') then 'human_handled'
    end
{%- endmacro %}

{# Bands of a score on the scale 1–5: 4_5, 3, 1_2; none without a score. #}
{% macro csat_band(score_5) -%}
    case
        when {{ score_5 }} >= 4 then '4_5'
        when {{ score_5 }} <= 2 then '1_2'
        when {{ score_5 }} is not null then '3'
        else 'none'
    end
{%- endmacro %}

{# Segments that a fact cannot be cut by; the KPIs' aggregates look for all of them. #}
{% macro no_segments(columns) -%}
    {%- for column in columns -%}
        cast(null as {{ text_type() }}) as {{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

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
