with

landed as (
    select * from {{ source('bookbag', 'built_orders') }}
),

renamed as (
    select
        order_key,
        source,
        order_id,
        customer_key,
        order_number,
        mark
    from landed
)

select * from renamed
