{{ config(materialized='incremental', unique_key='source, order_gid') }}

with

documents as (
    {{ told_orders(source('landed', 'shopify_orders')) }}
),

items as (
    select
        source,
        _key as order_gid,
        {{ json_items('payload', '$.refunds') }} as item,
        loaded_at
    from documents
),

read as (
    select
        source,
        order_gid,
        {{ first_match(json_text('item', '$.id'), '([0-9]+)$') }} as refund_id,
        {{ instant(json_text('item', '$.createdAt')) }} as refunded_at,
        try_cast(
            {{ json_text('item', '$.totalRefundedSet.shopMoney.amount') }} as decimal(18, 4)
        ) as amount,
        nullif(trim({{ json_text('item', '$.note') }}), '') as reason,
        loaded_at
    from items
)

select * from read
