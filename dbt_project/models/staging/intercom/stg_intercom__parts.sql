-- Who wrote each part, and whether it is a message: where the opening one has neither text nor file
-- and is no call, nobody said anything.
with

conversations as (
    select * from {{ ref('stg_intercom__conversations') }}
),

signals as (
    select * from {{ ref('map_ai_signal') }}
    where kind = 'intercom' and signal = 'author_name'
),

documents as (
    select * from {{ ref('stg_intercom__part_documents') }}
),

named as (
    select
        documents.*,
        case
            when documents.author_type in ('user', 'lead', 'contact', 'visitor') then 'customer'
            when documents.is_from_ai then 'ai_agent'
            when documents.author_type in ('admin', 'bot') and signals.target is not null
                then signals.target
            when documents.part_type = 'source'
                and documents.delivered_as in (
                    'automated', 'campaigns_initiated', 'operator_initiated'
                )
                then 'automation'
            when documents.author_type = 'admin' then 'human_agent'
            when documents.author_type = 'bot' then 'automation'
            else 'system'
        end as author_kind,
        case
            when documents.part_type = 'source'
                then documents.char_count is not null or documents.has_files or documents.is_call
            when documents.part_type in ('comment', 'note', 'quick_reply') then true
            when documents.part_type like 'note\_%' escape '\'
                or documents.part_type like '%assign%'
                or documents.part_type in ('open', 'close', 'snoozed', 'unsnoozed')
                then documents.char_count is not null
            else false
        end as is_message,
        conversations.loaded_at
    from documents
    inner join conversations
        on documents.source = conversations.source and documents.ticket_id = conversations.ticket_id
    left join signals on lower(trim(documents.author_name)) = signals.source_value
)

select * from named
