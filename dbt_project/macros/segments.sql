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
