-- What hangs together, now or when the last build ended: a ticket with its customer, with the ticket it
-- was merged into and with the orders it is about, an order with its customer. Each link both ways.
with

tickets as (
    select ticket_key, survivor_key, customer_key, order_number
    from {{ ref('int_ticket_marks') }}

    union

    select ticket_key, survivor_key, customer_key, order_number
    from {{ ref('stg_bookbag__built_tickets') }}
),

orders as (
    select order_key, customer_key, order_number
    from {{ ref('int_order_marks') }}

    union

    select order_key, customer_key, order_number
    from {{ ref('stg_bookbag__built_orders') }}
),

mentions as (
    select * from {{ ref('int_source_order_mentions') }}
),

built_mentions as (
    select * from {{ ref('stg_bookbag__built_mentions') }}
),

ticket_marks as (
    select * from {{ ref('int_ticket_marks') }}
),

named as (
    select
        ticket_key,
        order_number
    from tickets
    where order_number is not null

    union all

    select
        ticket_marks.ticket_key,
        mentions.order_number
    from mentions
    inner join ticket_marks
        on mentions.source = ticket_marks.source and mentions.ticket_id = ticket_marks.ticket_id

    union all

    select
        ticket_key,
        order_number
    from built_mentions
),

links as (
    select 'ticket ' || ticket_key as node, 'customer ' || customer_key as other
    from tickets
    where customer_key is not null

    union all

    select 'ticket ' || ticket_key as node, 'ticket ' || survivor_key as other
    from tickets
    where survivor_key is not null

    union all

    select 'order ' || order_key as node, 'customer ' || customer_key as other
    from orders
    where customer_key is not null

    union all

    select 'ticket ' || named.ticket_key as node, 'order ' || orders.order_key as other
    from named
    inner join orders on named.order_number = orders.order_number
),

both_ways as (
    select node, other
    from links

    union all

    select other as node, node as other
    from links
)

select * from both_ways
