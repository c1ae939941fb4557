with

messages as (
    select * from {{ ref('stg_gorgias__message_versions') }}
    where row_rank = 1 and order_numbers is not null
),

tickets as (
    select * from {{ ref('stg_gorgias__ticket_documents') }}
    where order_numbers is not null
),

mentions as (
    select
        source,
        ticket_id,
        created_at as mentioned_at,
        {{ items_of('order_numbers') }} as order_number
    from messages

    union all

    select
        source,
        ticket_id,
        created_at as mentioned_at,
        {{ items_of('order_numbers') }} as order_number
    from tickets
)

select * from mentions
