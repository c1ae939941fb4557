-- What was said and done in a conversation, its opening message first. That message is no part in
-- Intercom. The only reader of texts, with conversations: what leaves is order numbers.
{{ config(materialized='incremental', unique_key='source, ticket_id') }}

with

details as (
    {{ newest_documents(source('landed', 'intercom_conversation_details')) }}
),

openings as (
    select
        source,
        _key as ticket_id,
        'source' as part_id,
        'source' as part_type,
        {{ instant_of_epoch(json_text('payload', '$.created_at')) }} as created_at,
        {{ json_text('payload', '$.source') }} as part,
        {{ json_text('payload', '$.source.delivered_as') }} as delivered_as,
        {{ json_text('payload', '$.ai_agent.last_answer_type') }} as last_answer_type
    from details
    where row_rank = 1 and payload is not null
),

items as (
    select
        source,
        _key as ticket_id,
        {{ json_items('payload', '$.conversation_parts.conversation_parts') }} as part,
        {{ json_text('payload', '$.ai_agent.last_answer_type') }} as last_answer_type
    from details
    where row_rank = 1 and payload is not null
),

unioned as (
    select
        source, ticket_id, part_id, part_type, created_at as occurred_at, part, delivered_as,
        last_answer_type
    from openings

    union all

    select
        source,
        ticket_id,
        {{ json_text('part', '$.id') }} as part_id,
        {{ json_text('part', '$.part_type') }} as part_type,
        {{ instant_of_epoch(json_text('part', '$.created_at')) }} as occurred_at,
        part,
        cast(null as varchar) as delivered_as,
        last_answer_type
    from items
),

read as (
    select
        source,
        ticket_id,
        part_id,
        part_type,
        occurred_at,
        delivered_as,
        last_answer_type,
        {{ json_text('part', '$.author.type') }} as author_type,
        {{ json_text('part', '$.author.id') }} as author_id,
        {{ json_text('part', '$.author.name') }} as author_name,
        coalesce({{ json_text('part', '$.author.from_ai_agent') }} = 'true', false) as is_from_ai,
        {{ json_text('part', '$.author.is_ai_answer') }} as is_ai_answer,
        nullif({{ text_of_html(json_text('part', '$.body')) }}, '') as content,
        coalesce({{ json_text('part', '$.attachments') }} not in ('[]', 'null'), false) as has_files,
        coalesce({{ json_text('part', '$.type') }} like 'phone%', false) as is_call,
        {{ json_text('part', '$.state') }} as state,
        {{ json_text('part', '$.assigned_to.type') }} as assigned_type,
        {{ json_text('part', '$.assigned_to.id') }} as assigned_id,
        lower(trim({{ json_text('part', '$.event_details.attribute.name') }})) as attribute,
        {{ json_text('part', '$.event_details.value.name') }} as new_value,
        {{ json_text('part', '$.event_details.value.previous') }} as old_value
    from unioned
),

told as (
    select
        * exclude (content),
        length(content) as char_count,
        {{ order_number_list('content') }} as order_numbers,
        row_number() over (
            partition by source, ticket_id
            order by
                case when part_type = 'source' then 0 else 1 end,
                occurred_at,
                try_cast(part_id as bigint)
        ) as seq
    from read
    where occurred_at is not null
)

select * from told
