-- Lines as ordered: what was returned or removed later is a refund. Ids grow along an order.
{{ config(materialized='incremental', unique_key='source, order_gid') }}

with

documents as (
    {{ told_orders(source('landed', 'shopify_orders')) }}
),

items as (
    select
        source,
        _key as order_gid,
        {{ json_items('payload', '$.lineItems.nodes') }} as item,
        loaded_at
    from documents
),

read as (
    select
        source,
        order_gid,
        {{ first_match(json_text('item', '$.id'), '([0-9]+)$') }} as line_id,
        nullif(trim({{ json_text('item', '$.sku') }}), '') as sku,
        nullif(trim({{ json_text('item', '$.product.productType') }}), '') as product_type,
        try_cast({{ json_text('item', '$.quantity') }} as decimal(18, 4)) as quantity,
        try_cast(
            {{ json_text('item', '$.discountedTotalSet.shopMoney.amount') }} as decimal(18, 4)
        ) as net_amount,
        loaded_at
    from items
),

numbered as (
    select
        *,
        {{ line_no('order_gid') }} as line_no
    from read
)

select * from numbered
