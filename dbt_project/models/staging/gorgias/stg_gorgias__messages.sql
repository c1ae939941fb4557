-- Messages. What a rule wrote is the automation's. Mail that answers by itself says so in a header.
with

messages as (
    select * from {{ ref('stg_gorgias__message_versions') }}
    where row_rank = 1
),

agents as (
    select * from {{ ref('stg_gorgias__agents') }}
),

renamed as (
    select
        messages.source,
        messages.message_id,
        messages.ticket_id,
        messages.sent_at,
        case
            when messages.is_by_rule then 'automation'
            when messages.is_ours then coalesce(agents.kind, 'human_agent')
            else 'customer'
        end as author_kind,
        messages.sender_id as author_id,
        messages.is_public,
        coalesce(messages.auto_submitted <> 'no', false) as is_auto,
        messages.is_gratitude,
        true as is_substantive,
        false as is_ai_assisted,
        cast(null as varchar) as recommended_skus,
        messages.char_count,
        try_cast(messages.message_id as bigint) as seq,
        messages.loaded_at
    from messages
    left join agents on messages.source = agents.source and messages.sender_id = agents.agent_id
    where messages.failed_at is null
        and messages.ticket_id is not null and messages.sent_at is not null
)

select * from renamed
