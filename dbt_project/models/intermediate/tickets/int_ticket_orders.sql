-- Orders that an episode is about, by the best method that finds any: the source's own link, an
-- order number in the text, else the customer's latest order of the 60 days before.
with

episodes as (
    select * from {{ changed('int_episode_outcomes') }}
),

tickets as (
    select * from {{ changed('int_tickets') }}
),

mentions as (
    select * from {{ changed('int_source_order_mentions', 'source, ticket_id') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

-- Two sources may number their orders alike; the first by name is taken, and a ticket's own first.
numbered_orders as (
    select
        order_key,
        source,
        lower(ltrim(trim(order_id), '#')) as order_number
    from orders
),

source_links as (
    select
        tickets.ticket_key,
        numbered_orders.order_key,
        row_number() over (
            partition by tickets.ticket_key
            order by
                case when numbered_orders.source = tickets.source then 0 else 1 end,
                numbered_orders.source,
                numbered_orders.order_key
        ) as choice
    from tickets
    inner join numbered_orders
        on lower(ltrim(trim(tickets.order_id), '#')) = numbered_orders.order_number
    where not tickets.is_merged_away
),

named_orders as (
    select
        tickets.canonical_ticket_key as ticket_key,
        numbered_orders.order_key,
        row_number() over (
            partition by tickets.canonical_ticket_key, mentions.order_number
            order by
                case when numbered_orders.source = tickets.source then 0 else 1 end,
                numbered_orders.source,
                numbered_orders.order_key
        ) as choice
    from mentions
    inner join tickets
        on mentions.source = tickets.source and mentions.ticket_id = tickets.ticket_id
    inner join numbered_orders on mentions.order_number = numbered_orders.order_number
    cross join account
    where mentions.mentioned_at <= account.data_as_of
),

text_links as (
    select distinct
        ticket_key,
        order_key
    from named_orders
    where choice = 1
),

recent_orders as (
    select
        episodes.ticket_key,
        episodes.episode_seq,
        orders.order_key,
        row_number() over (
            partition by episodes.ticket_key, episodes.episode_seq
            order by orders.placed_at desc, orders.order_key
        ) as recency
    from episodes
    inner join orders on episodes.customer_key = orders.customer_key
    where orders.placed_at <= episodes.opened_at
        and {{ seconds_between('orders.placed_at', 'episodes.opened_at') }} <= 60 * 86400
),

candidates as (
    select
        episodes.ticket_key,
        episodes.episode_seq,
        source_links.order_key,
        'source_link' as method,
        1 as method_rank
    from episodes
    inner join source_links
        on episodes.ticket_key = source_links.ticket_key and source_links.choice = 1

    union all

    select
        episodes.ticket_key,
        episodes.episode_seq,
        text_links.order_key,
        'order_number_in_text' as method,
        2 as method_rank
    from episodes
    inner join text_links on episodes.ticket_key = text_links.ticket_key

    union all

    select
        ticket_key,
        episode_seq,
        order_key,
        'customer_recency' as method,
        3 as method_rank
    from recent_orders
    where recency = 1
),

ranked as (
    select
        *,
        min(method_rank) over (partition by ticket_key, episode_seq) as best_rank
    from candidates
),

chosen as (
    select
        ticket_key,
        episode_seq,
        order_key,
        method,
        cast(case method_rank when 1 then 1.00 when 2 then 0.95 else 0.60 end as decimal(3, 2))
            as confidence
    from ranked
    where method_rank = best_rank
)

select * from chosen
