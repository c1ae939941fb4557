-- Tickets that this build looks at again.
with

reached as (
    select * from {{ ref('int_reached') }}
),

tickets as (
    select ticket_key, source, ticket_id
    from {{ ref('int_ticket_marks') }}

    union

    select ticket_key, source, ticket_id
    from {{ ref('stg_bookbag__built_tickets') }}
)

select
    tickets.ticket_key,
    tickets.source,
    tickets.ticket_id
from tickets
inner join reached on 'ticket ' || tickets.ticket_key = reached.node
