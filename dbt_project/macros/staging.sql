{#
  Newest landed row of each natural key (K15): by updated_at where the entity has one, then by load
  order. `relation` is a landed view; rows whose newest state is a tombstone stay, marked.
#}
{% macro newest_rows(relation, updated_at=none) %}
    select
        *,
        row_number() over (
            partition by source, _key
            order by
                {% if updated_at %}{{ updated_at }} desc nulls last,{% endif %}
                _dlt_load_id desc, _file desc, _line desc
        ) as row_rank
    from {{ relation }}
{% endmacro %}

{# Text as a segment value: trimmed, empty is NULL, and never the word that stands for every row. #}
{% macro segment_text(column, lower=false) -%}
    case
        when trim({{ column }}) = '' then null
        when {% if lower %}lower(trim({{ column }})){% else %}trim({{ column }}){% endif %} = 'all'
            then 'all_'
        else {% if lower %}lower(trim({{ column }})){% else %}trim({{ column }}){% endif %}
    end
{%- endmacro %}

{# Whether a run sees a row that happened at an instant: not what is later than its as_of. #}
{% macro is_seen(instant) -%}
    coalesce({{ instant }} <= (select as_of from {{ ref('stg_bookbag__account') }}), true)
{%- endmacro %}
