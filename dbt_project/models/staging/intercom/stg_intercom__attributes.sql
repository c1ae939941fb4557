-- Attributes of a conversation whose names the map knows.
with

conversations as (
    select * from {{ ref('stg_intercom__conversations') }}
),

names as (
    select * from {{ ref('map_ticket_field') }}
    where kind = 'intercom'
),

fields as (
    select
        source,
        ticket_id,
        {{ items_of('custom_attributes') }} as field
    from conversations
),

read as (
    select
        source,
        ticket_id,
        lower(trim({{ field_name('field') }})) as attribute,
        {{ field_value('field') }} as content
    from fields
),

own_columns as (
    select
        read.source,
        read.ticket_id,
        {%- for column in ['category', 'subcategory', 'product_sku', 'order_id', 'language'] %}
        max(case when names.target = '{{ column }}' then read.content end) as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from read
    inner join names on read.attribute = names.source_value
    group by read.source, read.ticket_id
)

select * from own_columns
