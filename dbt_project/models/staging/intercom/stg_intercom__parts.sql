-- What was said and done in a conversation, its opening message first. That message is no part in
-- Intercom; where it has neither text nor file and is no call, nobody said anything.
with

conversations as (
    select * from {{ ref('stg_intercom__conversations') }}
),

signals as (
    select * from {{ ref('map_ai_signal') }}
    where kind = 'intercom' and signal = 'author_name'
),

openings as (
    select
        source,
        ticket_id,
        'source' as part_id,
        'source' as part_type,
        created_at,
        {{ json_text('payload', '$.source') }} as part,
        {{ json_text('payload', '$.source.delivered_as') }} as delivered_as,
        {{ json_text('payload', '$.ai_agent.last_answer_type') }} as last_answer_type,
        loaded_at
    from conversations
),

items as (
    select
        source,
        ticket_id,
        {{ json_items('payload', '$.conversation_parts.conversation_parts') }} as part,
        {{ json_text('payload', '$.ai_agent.last_answer_type') }} as last_answer_type,
        loaded_at
    from conversations
),

unioned as (
    select
        source, ticket_id, part_id, part_type, created_at as occurred_at, part, delivered_as,
        last_answer_type, loaded_at
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
        last_answer_type,
        loaded_at
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
        {{ json_text('part', '$.event_details.value.previous') }} as old_value,
        loaded_at
    from unioned
),

named as (
    select
        read.*,
        case
            when read.author_type in ('user', 'lead', 'contact', 'visitor') then 'customer'
            when read.is_from_ai then 'ai_agent'
            when read.author_type in ('admin', 'bot') and signals.target is not null
                then signals.target
            when read.part_type = 'source'
                and read.delivered_as in ('automated', 'campaigns_initiated', 'operator_initiated')
                then 'automation'
            when read.author_type = 'admin' then 'human_agent'
            when read.author_type = 'bot' then 'automation'
            else 'system'
        end as author_kind,
        case
            when read.part_type = 'source'
                then read.content is not null or read.has_files or read.is_call
            when read.part_type in ('comment', 'note', 'quick_reply') then true
            when read.part_type like 'note\_%' escape '\'
                or read.part_type like '%assign%'
                or read.part_type in ('open', 'close', 'snoozed', 'unsnoozed')
                then read.content is not null
            else false
        end as is_message,
        row_number() over (
            partition by read.source, read.ticket_id
            order by
                case when read.part_type = 'source' then 0 else 1 end,
                read.occurred_at,
                try_cast(read.part_id as bigint)
        ) as seq
    from read
    left join signals on lower(trim(read.author_name)) = signals.source_value
    where read.occurred_at is not null
)

select * from named
