-- Orders whose facts this build makes anew: those that it looks at again, and those of customers who
-- are in another segment than the last build found.
with

changed as (
    select * from {{ ref('int_changed_orders') }}
),

orders as (
    select * from {{ ref('int_order_marks') }}
),

customers as (
    select * from {{ ref('dim_customer_marks') }}
),

built_customers as (
    select * from {{ ref('int_built_customers') }}
),

moved as (
    select coalesce(customers.customer_key, built_customers.customer_key) as customer_key
    from customers
    full outer join built_customers on customers.customer_key = built_customers.customer_key
    where customers.mark is null
        or built_customers.mark is null
        or customers.mark <> built_customers.mark
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
    inner join moved on orders.customer_key = moved.customer_key
)

select * from unioned
