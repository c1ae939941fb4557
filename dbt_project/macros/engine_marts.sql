{# What differs between engines and only the marts need; the rest is in macros/engine.sql. #}

{# The newest few texts of a group as a JSON array; rows without a text are none. #}
{% macro newest_texts(value, newest_first, limit) -%}
    coalesce(
        cast(to_json(list_slice(
            list({{ value }} order by {{ newest_first }}) filter (where {{ value }} is not null),
            1, {{ limit }}
        )) as varchar),
        '[]'
    )
{%- endmacro %}
