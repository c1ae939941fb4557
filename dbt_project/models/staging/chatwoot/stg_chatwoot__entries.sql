-- A sender has a type of its own or, in the list of messages, one in its description. The only
-- reader of texts, with that of conversations: what leaves is order numbers.
{{ config(materialized='incremental', unique_key='source, message_id') }}

with

messages as (
    {{ newest_documents(source('landed', 'chatwoot_messages')) }}
),

read as (
    select
        source,
        _key as message_id,
        {{ json_text('payload', '$.conversation_id') }} as ticket_id,
        {{ instant_of_epoch(json_text('payload', '$.created_at')) }} as sent_at,
        case {{ json_text('payload', '$.message_type') }}
            when '0' then 'in'
            when '1' then 'out'
            when '2' then 'activity'
            when '3' then 'template'
        end as direction,
        {{ json_text('payload', '$.content_type') }} as content_type,
        coalesce({{ json_text('payload', '$.private') }} = 'true', false) as is_private,
        lower({{ json_text('payload', '$.sender_type') }}) as sender_type,
        {{ json_text('payload', '$.sender.type') }} as described_type,
        coalesce(
            {{ json_text('payload', '$.sender_id') }}, {{ json_text('payload', '$.sender.id') }}
        ) as sender_id,
        coalesce(
            {{ json_text('payload', '$.sender.available_name') }},
            {{ json_text('payload', '$.sender.name') }}
        ) as sender_name,
        coalesce(
            {{ json_text('payload', '$.content_attributes.automation_rule_id') }},
            {{ json_text('payload', '$.additional_attributes.campaign_id') }}
        ) as rule_id,
        coalesce({{ json_text('payload', '$.content_attributes.email.auto_reply') }} = 'true', false)
            as is_auto_reply,
        {{ json_text('payload', '$.content') }} as body,
        loaded_at
    from messages
    where row_rank = 1 and not _is_deleted
),

typed as (
    select
        source,
        message_id,
        ticket_id,
        sent_at,
        direction,
        content_type,
        is_private,
        coalesce(
            sender_type,
            case described_type
                when 'agent_bot' then 'agentbot'
                when 'captain_assistant' then 'captain::assistant'
                else described_type
            end
        ) as sender_type,
        sender_id,
        sender_name,
        rule_id,
        is_auto_reply,
        body,
        loaded_at
    from read
    where sent_at is not null and direction is not null
),

-- Users and bots are numbered alike.
named as (
    select
        * exclude (body),
        length(body) as char_count,
        case when direction in ('in', 'out') then {{ order_number_list('body') }} end
            as order_numbers,
        case when sender_type in ('contact', 'user') then sender_id
            else sender_type || '|' || sender_id end as author_id
    from typed
)

select * from named
