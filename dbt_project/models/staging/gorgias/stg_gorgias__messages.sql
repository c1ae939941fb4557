-- Messages. What a rule wrote is the automation's. Mail that answers by itself says so in a header.
with

messages as (
    {{ newest_documents(source('landed', 'gorgias_messages')) }}
),

agents as (
    select * from {{ ref('stg_gorgias__agents') }}
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
        {{ json_values('payload', '$.intents[*].name') }} as intents,
        coalesce(
            {{ json_text('payload', '$.stripped_text') }},
            {{ json_text('payload', '$.body_text') }}
        ) as body,
        {{ json_text('payload', '$.failed_datetime') }} as failed_at,
        loaded_at
    from messages
    where row_rank = 1 and not _is_deleted
),

renamed as (
    select
        read.source,
        read.message_id,
        read.ticket_id,
        read.sent_at,
        case
            when read.is_by_rule then 'automation'
            when read.is_ours then coalesce(agents.kind, 'human_agent')
            else 'customer'
        end as author_kind,
        read.sender_id as author_id,
        read.is_public,
        coalesce(read.auto_submitted <> 'no', false) as is_auto,
        coalesce({{ has_item('read.intents', 'other/thanks') }}, false) as is_gratitude,
        true as is_substantive,
        false as is_ai_assisted,
        cast(null as varchar) as recommended_skus,
        length(read.body) as char_count,
        try_cast(read.message_id as bigint) as seq,
        read.loaded_at
    from read
    left join agents on read.source = agents.source and read.sender_id = agents.agent_id
    where read.failed_at is null and read.ticket_id is not null and read.sent_at is not null
)

select * from renamed
