with

versions as (
    select * from {{ ref('stg_chatwoot__versions') }}
    where is_newest
),

channels as (
    select * from {{ ref('map_channel') }}
    where kind = 'chatwoot'
),

renamed as (
    select
        versions.source,
        versions.ticket_id,
        versions.created_at,
        versions.updated_at,
        versions.customer_id,
        versions.customer_email,
        case when versions.channel is not null
            then nullif(case when channels.kind is null then 'unmapped' else channels.target end, '')
        end as channel,
        cast(null as boolean) as is_sync,
        versions.category,
        versions.subcategory,
        versions.status,
        versions.priority,
        versions.team,
        versions.assignee_id,
        cast(null as varchar) as brand,
        versions.subject_hash,
        versions.tags,
        versions.language,
        versions.product_sku,
        versions.order_id,
        versions.is_spam,
        versions.is_gone as is_deleted,
        cast(null as timestamptz) as deleted_at,
        versions.is_test,
        cast(null as varchar) as merged_into,
        versions.first_reply_at,
        cast(null as timestamptz) as resolved_at,
        versions.loaded_at
    from versions
    left join channels on versions.channel = channels.source_value
)

select * from renamed
