with

items as (
    select * from {{ ref('stg_shopify__line_items') }}
),

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

renamed as (
    {{ lines_of_orders('items', 'orders', 'order_gid') }}
)

select * from renamed
