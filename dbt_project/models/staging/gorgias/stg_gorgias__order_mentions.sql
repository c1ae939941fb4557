-- The only reader of texts: what leaves is order numbers.
with

messages as (
    {{ newest_documents(source('landed', 'gorgias_messages')) }}
),

tickets as (
    {{ newest_documents(source('landed', 'gorgias_tickets')) }}
),

texts as (
    select
        source,
        {{ json_text('payload', '$.ticket_id') }} as ticket_id,
        {{ utc_instant_of('payload', '$.created_datetime') }} as mentioned_at,
        coalesce(
            {{ json_text('payload', '$.stripped_text') }},
            {{ json_text('payload', '$.body_text') }}
        ) as content
    from messages
    where row_rank = 1 and not _is_deleted

    union all

    select
        source,
        _key as ticket_id,
        {{ utc_instant_of('payload', '$.created_datetime') }} as mentioned_at,
        {{ json_text('payload', '$.subject') }} as content
    from tickets
    where row_rank = 1 and not _is_deleted
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
