{# Rows of business_case. An input is measured or configured; a result is arithmetic over inputs. #}

{% macro case_row(name, value, unit, origin, low='null', high='null', assumption='null') -%}
    select
        '{{ name }}' as name,
        cast({{ value }} as double) as value,
        '{{ unit }}' as unit,
        '{{ origin }}' as source,
        cast({{ low }} as double) as low,
        cast({{ high }} as double) as high,
        {{ 'cast(null as ' ~ text_type() ~ ')' if assumption == 'null' else "'" ~ assumption ~ "'" }} as assumption
{%- endmacro %}

{# Value of a stat of the whole account in the month that the case is made for. #}
{% macro case_kpi(kpi, stat) -%}
    max(case when kpi = '{{ kpi }}' and stat = '{{ stat }}' then value end)
{%- endmacro %}
