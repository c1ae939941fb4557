with

parts as (
    select * from {{ ref('stg_intercom__part_documents') }}
    where order_numbers is not null
),

conversations as (
    select * from {{ ref('stg_intercom__conversations') }}
    where order_numbers is not null
),

mentions as (
    select
        source,
        ticket_id,
        occurred_at as mentioned_at,
        {{ items_of('order_numbers') }} as order_number
    from parts

    union all

    select
        source,
        ticket_id,
        created_at as mentioned_at,
        {{ items_of('order_numbers') }} as order_number
    from conversations
)

select * from mentions
