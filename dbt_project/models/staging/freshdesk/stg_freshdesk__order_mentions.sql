-- The only reader of texts: what leaves is order numbers.
with

versions as (
    select * from {{ ref('stg_freshdesk__versions') }}
    where is_newest
),

conversations as (
    select * from {{ ref('stg_freshdesk__conversations') }}
),

texts as (
    select
        source,
        ticket_id,
        created_at as mentioned_at,
        concat_ws(' ', subject, description) as content
    from versions

    union all

    select
        source,
        ticket_id,
        sent_at as mentioned_at,
        body as content
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
