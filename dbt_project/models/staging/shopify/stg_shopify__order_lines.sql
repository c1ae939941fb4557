-- Lines as ordered: what was returned or removed later is a refund. Ids grow along an order.
with

documents as (
    select * from {{ ref('stg_shopify__order_documents') }}
),

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

items as (
    select
        source,
        order_id,
        {{ json_items('payload', '$.lineItems.nodes') }} as item,
        loaded_at
    from documents
),

read as (
    select
        source,
        {{ first_match(json_text('item', '$.id'), '([0-9]+)$') }} as line_id,
        order_id,
        nullif(trim({{ json_text('item', '$.sku') }}), '') as sku,
        nullif(trim({{ json_text('item', '$.product.productType') }}), '') as product_type,
        try_cast({{ json_text('item', '$.quantity') }} as decimal(18, 4)) as quantity,
        try_cast(
            {{ json_text('item', '$.discountedTotalSet.shopMoney.amount') }} as decimal(18, 4)
        ) as net_amount,
        loaded_at
    from items
),

renamed as (
    {{ lines_of_orders('read', 'orders') }}
)

select * from renamed
