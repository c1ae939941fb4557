-- One row a bought line that the AI had recommended to its customer shortly before (R3), on the last
-- reply that recommended it; of an order the line recommended last stands for the whole.
with

messages as (
    select * from {{ ref('int_messages') }}
    where is_reply and author_kind = 'ai_agent' and recommended_skus is not null
),

tickets as (
    select * from {{ ref('fct_tickets') }}
    where is_countable and customer_key is not null
),

episodes as (
    select * from {{ ref('fct_episodes') }}
),

order_lines as (
    select * from {{ ref('int_order_lines') }}
    where is_countable and customer_key is not null and sku is not null
),

orders as (
    select * from {{ ref('int_orders') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

recommended as (
    select
        message_key,
        ticket_key,
        sent_at,
        {{ texts_of_list('recommended_skus') }} as sku
    from messages
),

-- Distinct, since a reply may name a product twice; and so each engine joins what was bought by
-- customer and product at once, where product alone would meet every line of it.
asked as (
    select distinct
        recommended.message_key,
        recommended.sent_at,
        recommended.sku,
        tickets.ticket_key,
        tickets.ticket_id,
        tickets.customer_key,
        tickets.channel,
        tickets.category as ticket_category,
        tickets.handling as ticket_handling,
        tickets.team,
        tickets.customer_segment,
        tickets.is_high_value
    from recommended
    inner join tickets on recommended.ticket_key = tickets.ticket_key
),

credited as (
    select
        asked.*,
        order_lines.line_key,
        order_lines.order_key,
        order_lines.placed_at,
        order_lines.net_30d,
        row_number() over (
            partition by order_lines.line_key
            order by asked.sent_at desc, asked.message_key desc
        ) as recency
    from asked
    inner join order_lines
        on asked.customer_key = order_lines.customer_key
        and asked.sku = order_lines.sku
        and order_lines.placed_at >= asked.sent_at
    cross join account
    where order_lines.placed_at
        <= {{ add_seconds('asked.sent_at', 'account.recommendation_window_s') }}
),

in_episode as (
    select
        credited.line_key,
        {{ value_at_last('episodes.category', 'episodes.episode_seq') }} as category,
        {{ value_at_last('episodes.handling', 'episodes.episode_seq') }} as handling
    from credited
    inner join episodes
        on credited.ticket_key = episodes.ticket_key and credited.sent_at >= episodes.opened_at
    where credited.recency = 1
    group by credited.line_key
),

joined as (
    select
        credited.line_key,
        credited.order_key,
        credited.ticket_key,
        credited.ticket_id,
        credited.placed_at,
        credited.sent_at as recommended_at,
        credited.sku,
        credited.net_30d as line_net_30d,
        orders.net_30d as order_net_30d,
        row_number() over (
            partition by credited.order_key
            order by credited.sent_at desc, credited.message_key desc, credited.line_key
        ) = 1 as is_last_of_order,
        coalesce(in_episode.handling, credited.ticket_handling) as handling,
        {{ handling_side('coalesce(in_episode.handling, credited.ticket_handling)') }}
            as handling_side,
        credited.channel,
        coalesce(in_episode.category, credited.ticket_category) as category,
        credited.team,
        credited.customer_segment,
        credited.is_high_value
    from credited
    inner join orders on credited.order_key = orders.order_key
    left join in_episode on credited.line_key = in_episode.line_key
    where credited.recency = 1
)

select * from joined
