with

tickets as (
    {{ newest_documents(source('landed', 'zendesk_tickets')) }}
),

groups as (
    {{ newest_documents(source('landed', 'zendesk_groups')) }}
),

users as (
    select * from {{ ref('stg_zendesk__users') }}
),

fields as (
    select * from {{ ref('stg_zendesk__fields') }}
),

ticket_merges as (
    select * from {{ ref('stg_zendesk__ticket_merges') }}
),

channels as (
    select * from {{ ref('map_channel') }}
    where kind = 'zendesk'
),

statuses as (
    select * from {{ ref('map_status') }}
    where kind = 'zendesk'
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
        {{ instant(json_text('payload', '$.created_at')) }} as created_at,
        {{ instant(json_text('payload', '$.updated_at')) }} as updated_at,
        {{ json_text('payload', '$.requester_id') }} as customer_id,
        lower({{ json_text('payload', '$.via.channel') }}) as via_channel,
        {{ json_text('payload', '$.status') }} as status,
        {{ json_text('payload', '$.priority') }} as priority,
        {{ json_text('payload', '$.group_id') }} as group_id,
        {{ json_text('payload', '$.assignee_id') }} as assignee_id,
        {{ json_text('payload', '$.brand_id') }} as brand,
        {{ json_text('payload', '$.subject') }} as subject,
        {{ json_list('payload', '$.tags') }} as tags,
        {{ json_text('payload', '$.custom_fields') }} as custom_fields,
        _is_deleted,
        loaded_at
    from tickets
    where row_rank = 1
),

field_values as (
    select
        source,
        ticket_id,
        {{ json_items('custom_fields', '$') }} as item
    from read
    where custom_fields like '[%'
),

own_columns as (
    select
        field_values.source,
        field_values.ticket_id,
        {%- for column in ['category', 'subcategory', 'product_sku', 'order_id', 'language'] %}
        max(case when fields.target = '{{ column }}'
            then {{ json_text('field_values.item', '$.value') }} end) as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from field_values
    inner join fields
        on field_values.source = fields.source
        and {{ json_text('field_values.item', '$.id') }} = fields.field_id
    group by field_values.source, field_values.ticket_id
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
        read.source,
        read.ticket_id,
        read.created_at,
        read.updated_at,
        read.customer_id,
        users.email as customer_email,
        case when read.via_channel is not null
            then nullif(case when channels.kind is null then 'unmapped' else channels.target end, '')
        end as channel,
        cast(null as boolean) as is_sync,
        {{ segment_text('own_columns.category') }} as category,
        {{ segment_text('own_columns.subcategory') }} as subcategory,
        coalesce(statuses.target, case when read.status is not null then 'unmapped' end) as status,
        lower(trim(read.priority)) as priority,
        {{ segment_text('named_groups.group_name') }} as team,
        read.assignee_id,
        read.brand,
        {{ hash_text('read.subject') }} as subject_hash,
        read.tags,
        own_columns.language,
        own_columns.product_sku,
        own_columns.order_id,
        coalesce({{ has_item('read.tags', 'spam') }}, false) as is_spam,
        read._is_deleted or (
            coalesce(read.status = 'deleted', false)
            and not coalesce({{ has_item('read.tags', 'spam') }}, false)
        ) as is_deleted,
        case when read.status = 'deleted'
            and not coalesce({{ has_item('read.tags', 'spam') }}, false)
            then read.updated_at end as deleted_at,
        coalesce({{ has_item('read.tags', 'test') }}, false) as is_test,
        case when {{ has_item('read.tags', 'closed_by_merge') }}
            then survivors.merged_into end as merged_into,
        cast(null as timestamptz) as first_reply_at,
        cast(null as timestamptz) as resolved_at,
        read.loaded_at
    from read
    left join users on read.source = users.source and read.customer_id = users.user_id
    left join named_groups
        on read.source = named_groups.source and read.group_id = named_groups.group_id
    left join own_columns
        on read.source = own_columns.source and read.ticket_id = own_columns.ticket_id
    left join survivors
        on read.source = survivors.source and read.ticket_id = survivors.ticket_id
    left join channels on read.via_channel = channels.source_value
    left join statuses on read.status = statuses.source_value
)

select * from renamed
