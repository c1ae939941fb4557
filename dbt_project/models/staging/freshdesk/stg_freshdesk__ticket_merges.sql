-- A ticket that was merged away says into which in the note that closed it.
with

conversations as (
    select * from {{ ref('stg_freshdesk__conversations') }}
),

read as (
    select
        source,
        ticket_id,
        message_id,
        sent_at as occurred_at,
        author_id,
        merged_into,
        loaded_at
    from conversations
    where not is_incoming and merged_into is not null
)

select * from read
