with

tickets as (
    select * from {{ ref('stg_freshdesk__ticket_documents') }}
    where is_newest and order_numbers is not null
),

conversations as (
    select * from {{ ref('stg_freshdesk__conversations') }}
    where order_numbers is not null
),

mentions as (
    select
        source,
        ticket_id,
        created_at as mentioned_at,
        {{ items_of('order_numbers') }} as order_number
    from tickets

    union all

    select
        source,
        ticket_id,
        sent_at as mentioned_at,
        {{ items_of('order_numbers') }} as order_number
    from conversations
)

select * from mentions
