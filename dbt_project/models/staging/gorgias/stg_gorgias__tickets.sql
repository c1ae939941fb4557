with

tickets as (
    select * from {{ ref('stg_gorgias__ticket_documents') }}
),

customers as (
    select * from {{ ref('stg_gorgias__customers') }}
),

fields as (
    select * from {{ ref('stg_gorgias__fields') }}
),

ticket_merges as (
    select * from {{ ref('stg_gorgias__ticket_merges') }}
),

channels as (
    select * from {{ ref('map_channel') }}
    where kind = 'gorgias'
),

statuses as (
    select * from {{ ref('map_status') }}
    where kind = 'gorgias'
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

-- The levels of a category are one text: "Order::Status".
levels as (
    select
        source,
        ticket_id,
        split_part(category, '::', 1) as category,
        coalesce(subcategory, nullif(split_part(category, '::', 2), '')) as subcategory,
        product_sku,
        order_id,
        language
    from own_columns
),

renamed as (
    select
        tickets.source,
        tickets.ticket_id,
        tickets.created_at,
        tickets.updated_at,
        tickets.customer_id,
        coalesce(customers.email, tickets.customer_email) as customer_email,
        case when tickets.channel is not null
            then nullif(case when channels.kind is null then 'unmapped' else channels.target end, '')
        end as channel,
        cast(null as boolean) as is_sync,
        {{ segment_text('levels.category') }} as category,
        {{ segment_text('levels.subcategory') }} as subcategory,
        coalesce(statuses.target, case when tickets.status is not null then 'unmapped' end) as status,
        case lower(trim(tickets.priority)) when 'critical' then 'urgent'
            else lower(trim(tickets.priority)) end as priority,
        {{ segment_text('tickets.team') }} as team,
        tickets.assignee_id,
        cast(null as varchar) as brand,
        tickets.subject_hash,
        tickets.tags,
        coalesce(levels.language, tickets.language) as language,
        levels.product_sku,
        levels.order_id,
        tickets.is_spam,
        tickets.is_gone or tickets.trashed_at is not null as is_deleted,
        tickets.trashed_at as deleted_at,
        tickets.is_test,
        ticket_merges.merged_into,
        cast(null as timestamptz) as first_reply_at,
        cast(null as timestamptz) as resolved_at,
        tickets.loaded_at
    from tickets
    left join customers
        on tickets.source = customers.source and tickets.customer_id = customers.customer_id
    left join levels on tickets.source = levels.source and tickets.ticket_id = levels.ticket_id
    left join ticket_merges
        on tickets.source = ticket_merges.source and tickets.ticket_id = ticket_merges.ticket_id
    left join channels on tickets.channel = channels.source_value
    left join statuses on tickets.status = statuses.source_value
)

select * from renamed
