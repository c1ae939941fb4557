-- Lines as ordered; what is given back of them is a refund. The product type is the first category
-- of the product, of which a line has the id alone.
with

documents as (
    select * from {{ ref('stg_woocommerce__order_documents') }}
),

orders as (
    select * from {{ ref('stg_woocommerce__orders') }}
),

product_documents as (
    {{ newest_documents(source('landed', 'woocommerce_products')) }}
),

products as (
    select
        source,
        _key as product_id,
        case
            when {{ json_text('payload', '$.categories[0].slug') }} <> 'uncategorized'
                then nullif(trim({{ json_text('payload', '$.categories[0].name') }}), '')
        end as product_type
    from product_documents
    where row_rank = 1
),

items as (
    select
        source,
        order_id,
        {{ json_items('payload', '$.line_items') }} as item,
        loaded_at
    from documents
),

read as (
    select
        source,
        {{ json_text('item', '$.id') }} as line_id,
        order_id,
        {{ json_text('item', '$.product_id') }} as product_id,
        nullif(trim({{ json_text('item', '$.sku') }}), '') as sku,
        try_cast({{ json_text('item', '$.quantity') }} as decimal(18, 4)) as quantity,
        try_cast({{ json_text('item', '$.total') }} as decimal(18, 4)) as net_amount,
        loaded_at
    from items
),

typed as (
    select
        read.*,
        products.product_type
    from read
    left join products
        on read.source = products.source and read.product_id = products.product_id
),

renamed as (
    {{ lines_of_orders('typed', 'orders') }}
)

select * from renamed
