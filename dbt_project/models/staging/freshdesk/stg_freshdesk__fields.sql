-- Custom fields whose labels the map knows, and which of our columns they hold; a row a source.
with

fields as (
    {{ newest_documents(source('landed', 'freshdesk_ticket_fields')) }}
),

labels as (
    select * from {{ ref('map_ticket_field') }}
    where kind = 'freshdesk'
),

read as (
    select
        source,
        {{ json_text('payload', '$.name') }} as field_name,
        lower(trim({{ json_text('payload', '$.label') }})) as label
    from fields
    where row_rank = 1 and not _is_deleted
),

mapped as (
    select
        read.source,
        {%- for column in ['category', 'subcategory', 'product_sku', 'order_id', 'language'] %}
        min(case when labels.target = '{{ column }}' then read.field_name end) as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from read
    inner join labels on read.label = labels.source_value
    group by read.source
)

select * from mapped
