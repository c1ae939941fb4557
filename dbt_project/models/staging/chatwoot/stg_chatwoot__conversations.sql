-- Every version of a conversation that was landed, in the order of landing, of each what stands in
-- its own document. One that was deleted ends with the version that was last seen.
{{ config(materialized='incremental', unique_key='source, ticket_id') }}

with

conversations as (
    {{ newest_documents(source('landed', 'chatwoot_conversations')) }}
),

gone as (
    select
        source,
        _key as ticket_id
    from conversations
    where row_rank = 1 and _is_deleted
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
        {{ texts_by_key('payload', '$.custom_attributes') }} as custom_attributes,
        loaded_at
    from conversations
    where not _is_deleted
),

told as (
    select
        read.* exclude (subject),
        gone.ticket_id is not null as is_gone,
        {{ hash_text('read.subject') }} as subject_hash,
        case when read.is_newest then {{ order_number_list('read.subject') }} end as order_numbers,
        {%- for tag in ['spam', 'test'] %}
        coalesce({{ has_item('read.tags', tag) }}, false) as is_{{ tag }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from read
    left join gone on read.source = gone.source and read.ticket_id = gone.ticket_id
)

select * from told
