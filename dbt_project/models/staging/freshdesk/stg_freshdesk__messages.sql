-- A ticket's description is its first message; Freshdesk does not list it among the others. Who
-- wrote it is the customer, unless the shop began the conversation.
with

versions as (
    select * from {{ ref('stg_freshdesk__versions') }}
    where is_newest and created_at is not null
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
        length(description) as char_count,
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
        length(conversations.body) as char_count,
        try_cast(conversations.message_id as bigint) as seq,
        conversations.loaded_at
    from conversations
    left join users
        on conversations.source = users.source and conversations.author_id = users.user_id
    left join ticket_merges
        on conversations.source = ticket_merges.source
        and conversations.message_id = ticket_merges.message_id
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
        false as is_gratitude,
        true as is_substantive,
        false as is_ai_assisted,
        cast(null as varchar) as recommended_skus,
        char_count,
        seq,
        loaded_at
    from unioned
)

select * from renamed
