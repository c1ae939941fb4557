-- Every version of a ticket that was landed, in the order of landing. Freshdesk keeps no history:
-- this is all there is of it.
with

tickets as (
    {{ newest_documents(source('landed', 'freshdesk_tickets')) }}
),

groups as (
    {{ newest_documents(source('landed', 'freshdesk_groups')) }}
),

fields as (
    select * from {{ ref('stg_freshdesk__fields') }}
),

statuses as (
    select * from {{ ref('map_status') }}
    where kind = 'freshdesk'
),

named_groups as (
    select
        source,
        _key as group_id,
        {{ json_text('payload', '$.name') }} as group_name
    from groups
    where row_rank = 1
),

read as (
    select
        source,
        _key as ticket_id,
        row_number() over (partition by source, _key order by row_rank desc) as version_no,
        row_rank = 1 as is_newest,
        {%- for name in [
            'created_at', 'updated_at', 'stats.first_responded_at', 'stats.status_updated_at',
            'stats.reopened_at', 'stats.resolved_at', 'stats.closed_at',
        ] %}
        {{ instant(json_text('payload', '$.' ~ name)) }} as {{ name.split('.')[-1] }},
        {%- endfor %}
        {{ json_text('payload', '$.requester_id') }} as customer_id,
        lower(trim({{ json_text('payload', '$.requester.email') }})) as customer_email,
        {{ json_text('payload', '$.source') }} as source_code,
        {{ json_text('payload', '$.status') }} as status_code,
        {{ json_text('payload', '$.priority') }} as priority_code,
        {{ json_text('payload', '$.group_id') }} as group_id,
        {{ json_text('payload', '$.responder_id') }} as assignee_id,
        {{ json_text('payload', '$.product_id') }} as brand,
        {{ json_text('payload', '$.type') }} as ticket_type,
        {{ json_text('payload', '$.subject') }} as subject,
        {{ json_text('payload', '$.description_text') }} as description,
        {{ json_list('payload', '$.tags') }} as tags,
        {{ json_text('payload', '$.custom_fields') }} as custom_fields,
        coalesce({{ json_text('payload', '$.spam') }} = 'true', false) as is_spam,
        coalesce({{ json_text('payload', '$.deleted') }} = 'true', false) as is_deleted,
        loaded_at
    from tickets
    where not _is_deleted
),

typed as (
    select
        read.*,
        coalesce(
            statuses.target, case when read.status_code is not null then 'unmapped' end
        ) as status,
        case read.priority_code
            when '1' then 'low'
            when '2' then 'medium'
            when '3' then 'high'
            when '4' then 'urgent'
        end as priority,
        {{ segment_text('named_groups.group_name') }} as team,
        {{ segment_text(
            'coalesce(' ~ json_text_at('read.custom_fields', 'fields.category')
            ~ ', read.ticket_type)'
        ) }} as category,
        {{ segment_text(json_text_at('read.custom_fields', 'fields.subcategory')) }} as subcategory,
        {%- for column in ['product_sku', 'order_id', 'language'] %}
        {{ json_text_at('read.custom_fields', 'fields.' ~ column) }} as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from read
    left join fields on read.source = fields.source
    left join named_groups
        on read.source = named_groups.source and read.group_id = named_groups.group_id
    left join statuses on read.status_code = statuses.source_value
)

select * from typed
