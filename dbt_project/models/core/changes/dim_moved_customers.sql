-- Customers who are in another segment than the last build found, in any month.
with

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
)

select * from moved
