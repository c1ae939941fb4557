-- A ticket's description is its first message; Freshdesk does not list it among the others. Who
-- wrote it is the customer, unless the shop began the conversation. What a customer writes opens a
-- resolved ticket; where it stayed resolved, nobody has to answer.
with

versions as (
    select * from {{ ref('stg_freshdesk__versions') }}
    where is_newest and created_at is not null
),

all_versions as (
    select * from {{ ref('stg_freshdesk__versions') }}
),

conversations as (
    select * from {{ ref('stg_freshdesk__conversations') }}
),

ticket_merges as (
    select * from {{ ref('stg_freshdesk__ticket_merges') }}
),

users as (
    select * from {{ ref('stg_freshdesk__users') }}
),

resolves as (
    select
        source,
        ticket_id,
        resolved_at,
        max(updated_at) as seen_until
    from all_versions
    where resolved_at is not null
    group by source, ticket_id, resolved_at
),

left_resolved as (
    select distinct
        conversations.source,
        conversations.message_id
    from conversations
    inner join resolves
        on conversations.source = resolves.source
        and conversations.ticket_id = resolves.ticket_id
        and conversations.sent_at > resolves.resolved_at
        and conversations.sent_at <= resolves.seen_until
    where conversations.is_incoming
),

descriptions as (
    select
        source,
        'description|' || ticket_id as message_id,
        ticket_id,
        created_at as sent_at,
        case when source_code = '10' then 'human_agent' else 'customer' end as author_kind,
        case when source_code <> '10' then customer_id end as author_id,
        true as is_public,
        false as is_auto,
        false as is_gratitude,
        char_count,
        cast(0 as bigint) as seq,
        loaded_at
    from versions
),

answers as (
    select
        conversations.source,
        conversations.message_id,
        conversations.ticket_id,
        conversations.sent_at,
        case
            when conversations.automation_id is not null then 'automation'
            when conversations.is_incoming then 'customer'
            when conversations.author_id is null then 'system'
            else coalesce(users.agent_kind, 'human_agent')
        end as author_kind,
        conversations.author_id,
        not conversations.is_private as is_public,
        conversations.is_auto,
        left_resolved.message_id is not null as is_gratitude,
        conversations.char_count,
        try_cast(conversations.message_id as bigint) as seq,
        conversations.loaded_at
    from conversations
    left join users
        on conversations.source = users.source and conversations.author_id = users.user_id
    left join ticket_merges
        on conversations.source = ticket_merges.source
        and conversations.message_id = ticket_merges.message_id
    left join left_resolved
        on conversations.source = left_resolved.source
        and conversations.message_id = left_resolved.message_id
    where ticket_merges.message_id is null
),

unioned as (
    select * from descriptions
    union all
    select * from answers
),

renamed as (
    select
        source,
        message_id,
        ticket_id,
        sent_at,
        author_kind,
        author_id,
        is_public,
        is_auto,
        is_gratitude,
        true as is_substantive,
        false as is_ai_assisted,
        cast(null as varchar) as recommended_skus,
        char_count,
        seq,
        loaded_at
    from unioned
)

select * from renamed
