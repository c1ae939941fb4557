-- Replies and notes. What a customer writes with a rating is the rating's, not a message. The only
-- reader of texts, with that of tickets: what leaves is order numbers.
{{ config(materialized='incremental', unique_key='source, message_id') }}

with

conversations as (
    {{ newest_documents(source('landed', 'freshdesk_conversations')) }}
),

read as (
    select
        source,
        _key as message_id,
        {{ json_text('payload', '$.ticket_id') }} as ticket_id,
        {{ instant(json_text('payload', '$.created_at')) }} as sent_at,
        {{ json_text('payload', '$.user_id') }} as author_id,
        coalesce({{ json_text('payload', '$.incoming') }} = 'true', false) as is_incoming,
        coalesce({{ json_text('payload', '$.private') }} = 'true', false) as is_private,
        coalesce({{ json_text('payload', '$.auto_response') }} = 'true', false) as is_auto,
        {{ json_text('payload', '$.automation_id') }} as automation_id,
        {{ json_text('payload', '$.source') }} as source_code,
        {{ json_text('payload', '$.body_text') }} as body,
        loaded_at
    from conversations
    where row_rank = 1 and not _is_deleted
),

spoken as (
    select
        * exclude (body),
        length(body) as char_count,
        {{ first_match('body', 'closed and merged into ticket #?([0-9]+)') }} as merged_into,
        {{ order_number_list('body') }} as order_numbers
    from read
    where coalesce(source_code, '') <> '6' and sent_at is not null
)

select * from spoken
