-- Every version of a conversation that was landed, in the order of landing. One that was deleted
-- ends with the version that was last seen.
with

conversations as (
    {{ newest_documents(source('landed', 'chatwoot_conversations')) }}
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

gone as (
    select
        source,
        _key as ticket_id
    from conversations
    where row_rank = 1 and _is_deleted
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

read as (
    select
        source,
        _key as ticket_id,
        row_number() over (partition by source, _key order by row_rank desc) as version_no,
        row_number() over (partition by source, _key order by row_rank) = 1 as is_newest,
        {%- for name in ['created_at', 'updated_at', 'last_activity_at', 'first_reply_created_at'] %}
        {{ instant_of_epoch("nullif(" ~ json_text('payload', '$.' ~ name) ~ ", '0')") }} as {{ name }},
        {%- endfor %}
        {{ json_text('payload', '$.meta.sender.id') }} as customer_id,
        lower(trim({{ json_text('payload', '$.meta.sender.email') }})) as customer_email,
        lower({{ json_text('payload', '$.meta.channel') }}) as channel,
        {{ json_text('payload', '$.inbox_id') }} as inbox_id,
        {{ json_text('payload', '$.status') }} as status,
        {{ json_text('payload', '$.priority') }} as priority,
        {{ segment_text(json_text('payload', '$.meta.team.name')) }} as team,
        case
            when {{ json_text('payload', '$.meta.assignee_type') }} = 'AgentBot'
                then 'agentbot|' || {{ json_text('payload', '$.meta.assignee.id') }}
            else {{ json_text('payload', '$.meta.assignee.id') }}
        end as assignee_id,
        {{ json_text('payload', '$.additional_attributes.mail_subject') }} as subject,
        {{ json_list('payload', '$.labels') }} as tags,
        {{ json_text('payload', '$.custom_attributes') }} as custom_attributes,
        loaded_at
    from conversations
    where not _is_deleted
),

typed as (
    select
        read.source,
        read.ticket_id,
        read.version_no,
        read.is_newest,
        gone.ticket_id is not null as is_gone,
        read.created_at,
        coalesce(read.updated_at, read.last_activity_at) as updated_at,
        coalesce(read.last_activity_at, read.updated_at) as active_at,
        read.first_reply_created_at as first_reply_at,
        read.customer_id,
        read.customer_email,
        read.channel || coalesce('/' || media.medium, '') as channel,
        coalesce(statuses.target, case when read.status is not null then 'unmapped' end) as status,
        lower(trim(read.priority)) as priority,
        read.team,
        read.assignee_id,
        read.subject,
        read.tags,
        coalesce({{ has_item('read.tags', 'spam') }}, false) as is_spam,
        coalesce({{ has_item('read.tags', 'test') }}, false) as is_test,
        {{ segment_text(json_text_at('read.custom_attributes', 'fields.category')) }} as category,
        {{ segment_text(json_text_at('read.custom_attributes', 'fields.subcategory')) }}
            as subcategory,
        {%- for column in ['product_sku', 'order_id', 'language'] %}
        {{ json_text_at('read.custom_attributes', 'fields.' ~ column) }} as {{ column }},
        {%- endfor %}
        read.loaded_at
    from read
    left join gone on read.source = gone.source and read.ticket_id = gone.ticket_id
    left join media on read.source = media.source and read.inbox_id = media.inbox_id
    left join fields on read.source = fields.source
    left join statuses on read.status = statuses.source_value
)

select * from typed
