-- Comments. What a rule or the system wrote is the automation's.
with

changes as (
    select * from {{ ref('stg_zendesk__changes') }}
    where change_type = 'Comment'
),

ticket_merges as (
    select * from {{ ref('stg_zendesk__ticket_merges') }}
),

users as (
    select * from {{ ref('stg_zendesk__users') }}
),

renamed as (
    select
        changes.source,
        changes.change_id as message_id,
        changes.ticket_id,
        changes.occurred_at as sent_at,
        case
            when changes.via_channel in ('rule', 'trigger', 'automation')
                or changes.author_id = '-1' then 'automation'
            when users.user_id is null then 'system'
            when not users.is_agent then 'customer'
            else users.agent_kind
        end as author_kind,
        case when changes.author_id <> '-1' then changes.author_id end as author_id,
        changes.is_public,
        coalesce(changes.auto = 'true', false) as is_auto,
        coalesce(changes.gratitude = 'true', false) as is_gratitude,
        coalesce(changes.substantive <> 'false', true) as is_substantive,
        coalesce(changes.ai_assisted = 'true', false) as is_ai_assisted,
        changes.recommended_skus,
        changes.char_count,
        try_cast(changes.change_id as bigint) as seq,
        changes.loaded_at
    from changes
    left join users on changes.source = users.source and changes.author_id = users.user_id
    left join ticket_merges
        on changes.source = ticket_merges.source and changes.change_id = ticket_merges.change_id
    where ticket_merges.change_id is null and changes.occurred_at is not null
)

select * from renamed
