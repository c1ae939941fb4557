{{ config(materialized='incremental', unique_key='source, order_key') }}

with

documents as (
    {{ told_orders(
        source('landed', 'woocommerce_orders'),
        is_trashed=json_text('payload', '$.status') ~ " = 'trash'",
    ) }}
),

items as (
    select
        source,
        _key as order_key,
        {{ json_items('payload', '$.line_items') }} as item,
        loaded_at
    from documents
),

read as (
    select
        source,
        order_key,
        {{ json_text('item', '$.id') }} as line_id,
        {{ json_text('item', '$.product_id') }} as product_id,
        nullif(trim({{ json_text('item', '$.sku') }}), '') as sku,
        try_cast({{ json_text('item', '$.quantity') }} as decimal(18, 4)) as quantity,
        try_cast({{ json_text('item', '$.total') }} as decimal(18, 4)) as net_amount,
        loaded_at
    from items
),

numbered as (
    select
        *,
        {{ line_no('order_key') }} as line_no
    from read
)

select * from numbered
