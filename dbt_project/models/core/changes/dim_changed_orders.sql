-- Orders whose facts this build makes anew: those that it looks at again, and those of customers who
-- have come into another segment.
with

changed as (
    select * from {{ ref('int_changed_orders') }}
),

orders as (
    select * from {{ ref('int_order_marks') }}
),

moved_customers as (
    select * from {{ ref('dim_moved_customers') }}
),

unioned as (
    select
        order_key,
        source,
        order_id
    from changed

    union

    select
        orders.order_key,
        orders.source,
        orders.order_id
    from orders
    inner join moved_customers on orders.customer_key = moved_customers.customer_key
)

select * from unioned
