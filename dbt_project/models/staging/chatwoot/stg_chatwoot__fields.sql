-- Custom attributes whose titles the map knows, and which of our columns they hold; a row a source.
with

definitions as (
    {{ newest_documents(source('landed', 'chatwoot_custom_attribute_definitions')) }}
),

labels as (
    select * from {{ ref('map_ticket_field') }}
    where kind = 'chatwoot'
),

read as (
    select
        source,
        {{ json_text('payload', '$.attribute_key') }} as field_name,
        lower(trim({{ json_text('payload', '$.attribute_display_name') }})) as label
    from definitions
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
