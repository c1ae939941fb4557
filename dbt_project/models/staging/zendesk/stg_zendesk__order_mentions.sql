-- The only reader of texts: what leaves is order numbers.
with

changes as (
    select * from {{ ref('stg_zendesk__changes') }}
    where change_type = 'Comment'
),

tickets as (
    {{ newest_documents(source('landed', 'zendesk_tickets')) }}
),

texts as (
    select
        source,
        ticket_id,
        occurred_at as mentioned_at,
        body as content
    from changes
    where body is not null

    union all

    select
        source,
        _key as ticket_id,
        {{ instant(json_text('payload', '$.created_at')) }} as mentioned_at,
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
