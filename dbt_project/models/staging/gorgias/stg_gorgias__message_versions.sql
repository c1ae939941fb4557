-- Every version of a message that was landed, the newest first. The only reader of texts, with that
-- of tickets: what leaves is order numbers.
{{ config(materialized='incremental', unique_key='source, message_id') }}

with

messages as (
    {{ newest_documents(source('landed', 'gorgias_messages')) }}
),

read as (
    select
        source,
        _key as message_id,
        {{ json_text('payload', '$.ticket_id') }} as ticket_id,
        coalesce(
            {{ utc_instant_of('payload', '$.sent_datetime') }},
            {{ utc_instant_of('payload', '$.created_datetime') }}
        ) as sent_at,
        coalesce({{ json_text('payload', '$.from_agent') }} = 'true', false) as is_ours,
        {{ json_text('payload', '$.sender.id') }} as sender_id,
        coalesce({{ json_text('payload', '$.via') }} = 'rule', false)
        or {{ json_text('payload', '$.rule_id') }} is not null as is_by_rule,
        coalesce({{ json_text('payload', '$.public') }} <> 'false', true) as is_public,
        lower({{ json_text('payload', '$.headers.Auto-Submitted') }}) as auto_submitted,
        coalesce(
            {{ has_item(json_values('payload', '$.intents[*].name'), 'other/thanks') }}, false
        ) as is_gratitude,
        coalesce(
            {{ json_text('payload', '$.stripped_text') }},
            {{ json_text('payload', '$.body_text') }}
        ) as body,
        {{ utc_instant_of('payload', '$.created_datetime') }} as created_at,
        {{ json_text('payload', '$.failed_datetime') }} as failed_at,
        row_rank,
        loaded_at
    from messages
    where not _is_deleted
),

told as (
    select
        * exclude (body),
        length(body) as char_count,
        {{ order_number_list('body') }} as order_numbers
    from read
)

select * from told
