with

tickets as (
    select * from {{ ref('stg_zendesk__ticket_documents') }}
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

field_values as (
    select
        source,
        ticket_id,
        {{ items_of('custom_fields') }} as field
    from tickets
),

own_columns as (
    select
        field_values.source,
        field_values.ticket_id,
        {%- for column in ['category', 'subcategory', 'product_sku', 'order_id', 'language'] %}
        max(case when fields.target = '{{ column }}'
            then {{ field_value('field_values.field') }} end) as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from field_values
    inner join fields
        on field_values.source = fields.source
        and {{ field_name('field_values.field') }} = fields.field_id
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
        tickets.source,
        tickets.ticket_id,
        tickets.created_at,
        tickets.updated_at,
        tickets.customer_id,
        users.email as customer_email,
        case when tickets.via_channel is not null
            then nullif(case when channels.kind is null then 'unmapped' else channels.target end, '')
        end as channel,
        cast(null as boolean) as is_sync,
        {{ segment_text('own_columns.category') }} as category,
        {{ segment_text('own_columns.subcategory') }} as subcategory,
        coalesce(statuses.target, case when tickets.status is not null then 'unmapped' end) as status,
        tickets.priority,
        {{ segment_text('named_groups.group_name') }} as team,
        tickets.assignee_id,
        tickets.brand,
        tickets.subject_hash,
        tickets.tags,
        own_columns.language,
        own_columns.product_sku,
        own_columns.order_id,
        tickets.is_tagged_spam as is_spam,
        tickets._is_deleted or (
            coalesce(tickets.status = 'deleted', false)
            and not tickets.is_tagged_spam
        ) as is_deleted,
        case when tickets.status = 'deleted' and not tickets.is_tagged_spam
            then tickets.updated_at end as deleted_at,
        tickets.is_tagged_test as is_test,
        case when tickets.is_tagged_closed_by_merge then survivors.merged_into end as merged_into,
        cast(null as timestamptz) as first_reply_at,
        cast(null as timestamptz) as resolved_at,
        tickets.loaded_at
    from tickets
    left join users on tickets.source = users.source and tickets.customer_id = users.user_id
    left join named_groups
        on tickets.source = named_groups.source and tickets.group_id = named_groups.group_id
    left join own_columns
        on tickets.source = own_columns.source and tickets.ticket_id = own_columns.ticket_id
    left join survivors
        on tickets.source = survivors.source and tickets.ticket_id = survivors.ticket_id
    left join channels on tickets.via_channel = channels.source_value
    left join statuses on tickets.status = statuses.source_value
)

select * from renamed
