with

conversations as (
    select * from {{ ref('stg_chatwoot__conversations') }}
    where is_newest and order_numbers is not null
),

entries as (
    select * from {{ ref('stg_chatwoot__entries') }}
    where order_numbers is not null
),

mentions as (
    select
        source,
        ticket_id,
        created_at as mentioned_at,
        {{ items_of('order_numbers') }} as order_number
    from conversations

    union all

    select
        source,
        ticket_id,
        sent_at as mentioned_at,
        {{ items_of('order_numbers') }} as order_number
    from entries
)

select * from mentions
