{#
  Names of the custom fields whose labels the map knows, each in the column of ours that it holds; a
  row a source. `fields` is a landed view of a vendor's kind, `name` and `label` are paths in its
  documents.
#}
{% macro named_fields(kind, fields, name, label) %}
    with

    documents as (
        {{ newest_documents(fields) }}
    ),

    labels as (
        select * from {{ ref('map_ticket_field') }}
        where kind = '{{ kind }}'
    ),

    read as (
        select
            source,
            {{ json_text('payload', name) }} as field_name,
            lower(trim({{ json_text('payload', label) }})) as label
        from documents
        where row_rank = 1 and not _is_deleted
    )

    select
        read.source,
        {%- for column in ['category', 'subcategory', 'product_sku', 'order_id', 'language'] %}
        min(case when labels.target = '{{ column }}' then read.field_name end) as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from read
    inner join labels on read.label = labels.source_value
    group by read.source
{% endmacro %}
