-- Lines as ordered; what is given back of them is a refund. The product type is the first category
-- of the product, of which a line has the id alone.
with

items as (
    select * from {{ ref('stg_woocommerce__line_items') }}
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

typed as (
    select
        items.*,
        products.product_type
    from items
    left join products
        on items.source = products.source and items.product_id = products.product_id
),

renamed as (
    {{ lines_of_orders('typed', 'orders', 'order_key') }}
)

select * from renamed
