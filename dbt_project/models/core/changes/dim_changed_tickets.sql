-- Tickets whose facts this build makes anew: those that it looks at again, and those of customers who
-- have come into another segment.
with

changed as (
    select * from {{ ref('int_changed_tickets') }}
),

tickets as (
    select * from {{ ref('int_ticket_marks') }}
),

moved_customers as (
    select * from {{ ref('dim_moved_customers') }}
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
    inner join moved_customers on tickets.customer_key = moved_customers.customer_key
)

select * from unioned
