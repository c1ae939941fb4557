-- Every version of a conversation that was landed, in the order of landing. One that was deleted
-- ends with the version that was last seen.
with

conversations as (
    select * from {{ ref('stg_chatwoot__conversations') }}
),

inboxes as (
    {{ newest_documents(source('landed', 'chatwoot_inboxes')) }}
),

fields as (
    select * from {{ ref('stg_chatwoot__fields') }}
),

statuses as (
    select * from {{ ref('map_status') }}
    where kind = 'chatwoot'
),

-- Twilio's channel is one for text messages and WhatsApp; the inbox says which.
media as (
    select
        source,
        _key as inbox_id,
        {{ json_text('payload', '$.medium') }} as medium
    from inboxes
    where row_rank = 1 and not _is_deleted
),

typed as (
    select
        conversations.source,
        conversations.ticket_id,
        conversations.version_no,
        conversations.is_newest,
        conversations.is_gone,
        conversations.created_at,
        coalesce(conversations.updated_at, conversations.last_activity_at) as updated_at,
        coalesce(conversations.last_activity_at, conversations.updated_at) as active_at,
        conversations.first_reply_created_at as first_reply_at,
        conversations.customer_id,
        conversations.customer_email,
        conversations.channel || coalesce('/' || media.medium, '') as channel,
        coalesce(
            statuses.target, case when conversations.status is not null then 'unmapped' end
        ) as status,
        lower(trim(conversations.priority)) as priority,
        conversations.team,
        conversations.assignee_id,
        conversations.subject_hash,
        conversations.tags,
        conversations.is_spam,
        conversations.is_test,
        {{ segment_text(text_of_key('conversations.custom_attributes', 'fields.category')) }}
            as category,
        {{ segment_text(text_of_key('conversations.custom_attributes', 'fields.subcategory')) }}
            as subcategory,
        {%- for column in ['product_sku', 'order_id', 'language'] %}
        {{ text_of_key('conversations.custom_attributes', 'fields.' ~ column) }} as {{ column }},
        {%- endfor %}
        conversations.loaded_at
    from conversations
    left join media
        on conversations.source = media.source and conversations.inbox_id = media.inbox_id
    left join fields on conversations.source = fields.source
    left join statuses on conversations.status = statuses.source_value
)

select * from typed
