with

changes as (
    select * from {{ ref('stg_zendesk__changes') }}
    where change_type = 'Comment' and order_numbers is not null
),

tickets as (
    select * from {{ ref('stg_zendesk__ticket_documents') }}
    where order_numbers is not null
),

mentions as (
    select
        source,
        ticket_id,
        occurred_at as mentioned_at,
        {{ items_of('order_numbers') }} as order_number
    from changes

    union all

    select
        source,
        ticket_id,
        created_at as mentioned_at,
        {{ items_of('order_numbers') }} as order_number
    from tickets
)

select * from mentions
