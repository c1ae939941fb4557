-- The only reader of texts: what leaves is order numbers.
with

parts as (
    select * from {{ ref('stg_intercom__parts') }}
),

conversations as (
    select * from {{ ref('stg_intercom__conversations') }}
),

texts as (
    select
        source,
        ticket_id,
        occurred_at as mentioned_at,
        content
    from parts

    union all

    select
        source,
        ticket_id,
        created_at as mentioned_at,
        {{ text_of_html(json_text('payload', '$.source.subject')) }} as content
    from conversations
),

mentions as (
    select
        source,
        ticket_id,
        mentioned_at,
        {{ order_numbers_in('content') }} as order_number
    from texts
    where content is not null
)

select * from mentions
