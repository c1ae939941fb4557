-- Refunds that an order names; what they are is told by their own documents.
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
        {{ json_items('payload', '$.refunds') }} as item
    from documents
),

read as (
    select
        source,
        order_key,
        {{ json_text('item', '$.id') }} as refund_id,
        try_cast({{ json_text('item', '$.total') }} as decimal(18, 4)) as total
    from items
)

select * from read
