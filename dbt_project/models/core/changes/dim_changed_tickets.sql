-- Tickets whose facts this build makes anew: those that it looks at again, and those of customers who
-- are in another segment than the last build found.
with

changed as (
    select * from {{ ref('int_changed_tickets') }}
),

tickets as (
    select * from {{ ref('int_ticket_marks') }}
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
        ticket_key,
        source,
        ticket_id
    from changed

    union

    select
        tickets.ticket_key,
        tickets.source,
        tickets.ticket_id
    from tickets
    inner join moved on tickets.customer_key = moved.customer_key
)

select * from unioned
