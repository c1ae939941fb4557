-- The only reader of message bodies and subjects: what leaves is order numbers, never text.
with

messages as (
    {{ newest_rows(source('landed', 'files_messages')) }}
),

tickets as (
    {{ newest_rows(source('landed', 'files_tickets'), 'updated_at') }}
),

texts as (
    select
        source,
        ticket_id,
        sent_at as mentioned_at,
        body as content
    from messages
    where row_rank = 1 and not _is_deleted and body is not null

    union all

    select
        source,
        ticket_id,
        created_at as mentioned_at,
        subject as content
    from tickets
    where row_rank = 1 and subject is not null
),

mentions as (
    select
        source,
        ticket_id,
        mentioned_at,
        {{ order_numbers_in('content') }} as order_number
    from texts
)

select * from mentions
