with

versions as (
    select * from {{ ref('stg_freshdesk__versions') }}
    where is_newest
),

ticket_merges as (
    select * from {{ ref('stg_freshdesk__ticket_merges') }}
),

channels as (
    select * from {{ ref('map_channel') }}
    where kind = 'freshdesk'
),

survivors as (
    select
        source,
        ticket_id,
        {{ value_at_last('merged_into', 'occurred_at') }} as merged_into
    from ticket_merges
    group by source, ticket_id
),

renamed as (
    select
        versions.source,
        versions.ticket_id,
        versions.created_at,
        versions.updated_at,
        versions.customer_id,
        versions.customer_email,
        case when versions.source_code is not null
            then nullif(case when channels.kind is null then 'unmapped' else channels.target end, '')
        end as channel,
        cast(null as boolean) as is_sync,
        versions.category,
        versions.subcategory,
        versions.status,
        versions.priority,
        versions.team,
        versions.assignee_id,
        versions.brand,
        versions.subject_hash,
        versions.tags,
        versions.language,
        versions.product_sku,
        versions.order_id,
        versions.is_spam,
        versions.is_deleted,
        case when versions.is_deleted then versions.updated_at end as deleted_at,
        versions.is_test,
        survivors.merged_into,
        versions.first_responded_at as first_reply_at,
        versions.resolved_at,
        versions.loaded_at
    from versions
    left join survivors
        on versions.source = survivors.source and versions.ticket_id = survivors.ticket_id
    left join channels on versions.source_code = channels.source_value
)

select * from renamed
