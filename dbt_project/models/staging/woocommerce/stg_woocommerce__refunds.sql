-- An order names its refunds, so one that was taken back is no more; dates are with the refunds.
with

items as (
    select * from {{ ref('stg_woocommerce__refund_items') }}
),

refunds as (
    select * from {{ ref('stg_woocommerce__refund_documents') }}
),

orders as (
    select * from {{ ref('stg_woocommerce__orders') }}
),

joined as (
    select
        refunds.source,
        refunds.refund_id,
        orders.order_id,
        refunds.refunded_at,
        refunds.amount,
        refunds.reason,
        'refund' as kind,
        refunds.loaded_at
    from refunds
    inner join items
        on refunds.source = items.source and refunds.refund_id = items.refund_id
    inner join orders on items.source = orders.source and items.order_key = orders.order_key
    where refunds.refunded_at is not null and refunds.amount is not null
)

select * from joined
