{#
  Everything that keys, relations and values of one table must obey, as one test: each dbt test
  costs a tenth of a second, whatever it looks at. A failing row says which rule broke and on what.

    key         columns of which no two rows share a combination, and none is NULL
    nullable    those of the key that may be NULL
    not_null    other columns that are never NULL
    accepted    {column: values}; NULL passes only where the values have it
    links       [{columns, to, to_columns}]: what a row points to is there; to_columns are columns
                unless given, and a row with a NULL in its columns points to nothing
#}
{% test is_sound(model, key, nullable=[], not_null=[], accepted={}, links=[]) %}
{# The table itself in each branch, no import: DuckDB would copy all of it for the branches. #}
with

repeated as (
    select
        'key is shared: {{ key | join(', ') }}' as broken_rule,
        {{ shown_together(key) }} as example
    from {{ model }}
    group by {{ key | join(', ') }}
    having count(*) > 1
),

{% for column in key + not_null if column not in nullable -%}
missing_{{ column }} as (
    select
        '{{ column }} is NULL' as broken_rule,
        cast(null as {{ text_type() }}) as example
    from {{ model }}
    where {{ column }} is null
),

{% endfor -%}

{% for column, values in accepted.items() -%}
unknown_{{ column }} as (
    select
        '{{ column }} has an unknown value' as broken_rule,
        cast({{ column }} as {{ text_type() }}) as example
    from {{ model }}
    where {{ column }} not in (
        {%- for value in values if value is not none -%}
        '{{ value }}'{{ ', ' if not loop.last }}
        {%- endfor -%}
    ){{ ' or ' ~ column ~ ' is null' if none not in values }}
),

{% endfor -%}

{% for link in links -%}
orphans_{{ loop.index }} as (
    select
        '{{ link.columns | join(', ') }} points to nothing' as broken_rule,
        {{ shown_together(link.columns, 'tested.') }} as example
    from {{ model }} as tested
    left join {{ link.to }} as target
        on {% for column in link.columns -%}
        tested.{{ column }} = target.{{ (link.to_columns or link.columns)[loop.index0] }}
        {{- ' and ' if not loop.last }}
        {%- endfor %}
    where target.{{ (link.to_columns or link.columns)[0] }} is null
        {%- for column in link.columns %}
        and tested.{{ column }} is not null
        {%- endfor %}
),

{% endfor -%}
broken as (
    select * from repeated
    {%- for column in key + not_null if column not in nullable %}
    union all
    select * from missing_{{ column }}
    {%- endfor %}
    {%- for column in accepted %}
    union all
    select * from unknown_{{ column }}
    {%- endfor %}
    {%- for link in links %}
    union all
    select * from orphans_{{ loop.index }}
    {%- endfor %}
)

select * from broken
{% endtest %}

{# Values of several columns as one text. #}
{% macro shown_together(columns, prefix='') -%}
    {%- for column in columns -%}
    coalesce(cast({{ prefix }}{{ column }} as {{ text_type() }}), 'NULL')
    {{- " || ' · ' || " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
