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

read as (
    select
        source,
        ticket_id,
        created_at,
        updated_at,
        {{ json_text('payload', '$.contacts.contacts[0].id') }} as customer_id,
        case when {{ json_text('payload', '$.source.author.type') }} in ('user', 'lead', 'contact')
            then lower(trim({{ json_text('payload', '$.source.author.email') }}))
        end as author_email,
        lower({{ json_text('payload', '$.source.type') }}) as source_type,
        {{ json_text('payload', '$.state') }} as state,
        {{ json_text('payload', '$.priority') }} as priority,
        {{ json_text('payload', '$.team_assignee_id') }} as team_id,
        nullif({{ json_text('payload', '$.admin_assignee_id') }}, '0') as assignee_id,
        nullif({{ text_of_html(json_text('payload', '$.source.subject')) }}, '') as subject,
        {{ json_texts('payload', '$.tags.tags[*].name') }} as tags,
        is_deleted,
        deleted_at,
        loaded_at
    from conversations
),

renamed as (
    select
        read.source,
        read.ticket_id,
        read.created_at,
        read.updated_at,
        read.customer_id,
        coalesce(contacts.email, read.author_email) as customer_email,
        case when read.source_type is not null
            then nullif(case when channels.kind is null then 'unmapped' else channels.target end, '')
        end as channel,
        cast(null as boolean) as is_sync,
        {{ segment_text('own_columns.category') }} as category,
        {{ segment_text('own_columns.subcategory') }} as subcategory,
        coalesce(statuses.target, case when read.state is not null then 'unmapped' end) as status,
        lower(trim(read.priority)) as priority,
        {{ segment_text('named_teams.team') }} as team,
        read.assignee_id,
        cast(null as varchar) as brand,
        {{ hash_text('read.subject') }} as subject_hash,
        read.tags,
        own_columns.language,
        own_columns.product_sku,
        own_columns.order_id,
        coalesce({{ has_item('read.tags', 'spam') }}, false) as is_spam,
        read.is_deleted,
        read.deleted_at,
        coalesce({{ has_item('read.tags', 'test') }}, false) as is_test,
        ticket_merges.merged_into,
        cast(null as timestamptz) as first_reply_at,
        cast(null as timestamptz) as resolved_at,
        read.loaded_at
    from read
    left join contacts
        on read.source = contacts.source and read.customer_id = contacts.customer_id
    left join named_teams
        on read.source = named_teams.source and read.team_id = named_teams.team_id
    left join own_columns
        on read.source = own_columns.source and read.ticket_id = own_columns.ticket_id
    left join ticket_merges
        on read.source = ticket_merges.source and read.ticket_id = ticket_merges.ticket_id
    left join channels on read.source_type = channels.source_value
    left join statuses on read.state = statuses.source_value
)

select * from renamed
