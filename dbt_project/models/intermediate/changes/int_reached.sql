-- Tickets and orders that have changed since the last build ended, or that time has, and all that hang
-- together with them: what the models of tickets and orders look at again. A live build takes of those
-- that time may change only the due. Everything, where what
-- every ticket hangs on has changed. It goes along the links to their end: what is made anew from a
-- part of what it hangs together with would not be what a whole build makes.
with recursive

tickets as (
    select * from {{ ref('int_ticket_marks') }}
),

built_tickets as (
    select * from {{ ref('stg_bookbag__built_tickets') }}
),

orders as (
    select * from {{ ref('int_order_marks') }}
),

built_orders as (
    select * from {{ ref('stg_bookbag__built_orders') }}
),

settings as (
    select * from {{ ref('int_setting_marks') }}
),

built_settings as (
    select * from {{ ref('stg_bookbag__built_settings') }}
),

links as (
    select * from {{ ref('int_links') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

-- An agent who is new changes nothing of what was there; one who is another person does.
resettled as (
    select count(*) as settings
    from built_settings
    left join settings on built_settings.name = settings.name
    where settings.mark is null or settings.mark <> built_settings.mark
),

-- Who looks back to an earlier instant sees what time has changed since in other tickets, too.
judged as (
    select
        account.data_as_of,
        resettled.settings > 0
        or coalesce(account.data_as_of < account.built_until_at, false) as is_all
    from resettled
    cross join account
),

seeds as (
    select 'ticket ' || coalesce(tickets.ticket_key, built_tickets.ticket_key) as node
    from tickets
    full outer join built_tickets on tickets.ticket_key = built_tickets.ticket_key
    cross join judged
    where judged.is_all
        or tickets.mark is null
        or built_tickets.mark is null
        or tickets.mark <> built_tickets.mark
        or {{ 'built_tickets.due_at <= judged.data_as_of' if is_live() else 'built_tickets.is_unsettled' }}

    union

    select 'order ' || coalesce(orders.order_key, built_orders.order_key) as node
    from orders
    full outer join built_orders on orders.order_key = built_orders.order_key
    cross join judged
    where judged.is_all
        or orders.mark is null
        or built_orders.mark is null
        or orders.mark <> built_orders.mark
),

reached as (
    select node from seeds

    union

    select links.other as node
    from reached
    inner join links on reached.node = links.node
)

select * from reached
