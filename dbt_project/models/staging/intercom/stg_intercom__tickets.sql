with

conversations as (
    select * from {{ ref('stg_intercom__conversations') }}
),

teams as (
    {{ newest_documents(source('landed', 'intercom_teams')) }}
),

contacts as (
    select * from {{ ref('stg_intercom__customers') }}
),

own_columns as (
    select * from {{ ref('stg_intercom__attributes') }}
),

ticket_merges as (
    select * from {{ ref('stg_intercom__ticket_merges') }}
),

channels as (
    select * from {{ ref('map_channel') }}
    where kind = 'intercom'
),

statuses as (
    select * from {{ ref('map_status') }}
    where kind = 'intercom'
),

named_teams as (
    select
        source,
        _key as team_id,
        {{ json_text('payload', '$.name') }} as team
    from teams
    where row_rank = 1
),

renamed as (
    select
        conversations.source,
        conversations.ticket_id,
        conversations.created_at,
        conversations.updated_at,
        conversations.customer_id,
        coalesce(contacts.email, conversations.author_email) as customer_email,
        case when conversations.source_type is not null
            then nullif(case when channels.kind is null then 'unmapped' else channels.target end, '')
        end as channel,
        cast(null as boolean) as is_sync,
        {{ segment_text('own_columns.category') }} as category,
        {{ segment_text('own_columns.subcategory') }} as subcategory,
        coalesce(
            statuses.target, case when conversations.state is not null then 'unmapped' end
        ) as status,
        conversations.priority,
        {{ segment_text('named_teams.team') }} as team,
        nullif(conversations.admin_id, '0') as assignee_id,
        cast(null as varchar) as brand,
        conversations.subject_hash,
        conversations.tags,
        own_columns.language,
        own_columns.product_sku,
        own_columns.order_id,
        conversations.is_spam,
        conversations.is_deleted,
        conversations.deleted_at,
        conversations.is_test,
        ticket_merges.merged_into,
        cast(null as timestamptz) as first_reply_at,
        cast(null as timestamptz) as resolved_at,
        conversations.loaded_at
    from conversations
    left join contacts
        on conversations.source = contacts.source and conversations.customer_id = contacts.customer_id
    left join named_teams
        on conversations.source = named_teams.source and conversations.team_id = named_teams.team_id
    left join own_columns
        on conversations.source = own_columns.source
        and conversations.ticket_id = own_columns.ticket_id
    left join ticket_merges
        on conversations.source = ticket_merges.source
        and conversations.ticket_id = ticket_merges.ticket_id
    left join channels on conversations.source_type = channels.source_value
    left join statuses on conversations.state = statuses.source_value
)

select * from renamed
