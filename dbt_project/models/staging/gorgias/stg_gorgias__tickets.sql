-- Of a ticket that is gone, what was last seen of it. A snoozed ticket is closed until a time.
with

tickets as (
    {{ newest_documents(source('landed', 'gorgias_tickets')) }}
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

gone as (
    select
        source,
        _key,
        loaded_at
    from tickets
    where row_rank = 1 and _is_deleted
),

last_seen as (
    select
        tickets.source,
        tickets._key as ticket_id,
        tickets.payload,
        gone._key is not null as is_gone,
        coalesce(gone.loaded_at, tickets.loaded_at) as loaded_at
    from tickets
    left join gone on tickets.source = gone.source and tickets._key = gone._key
    where tickets.row_rank = case when gone._key is null then 1 else 2 end
),

read as (
    select
        source,
        ticket_id,
        {{ utc_instant_of('payload', '$.created_datetime') }} as created_at,
        {{ utc_instant_of('payload', '$.updated_datetime') }} as updated_at,
        {{ json_text('payload', '$.customer.id') }} as customer_id,
        lower(trim({{ json_text('payload', '$.customer.email') }})) as customer_email,
        lower({{ json_text('payload', '$.channel') }}) as channel,
        case
            when {{ json_text('payload', '$.status') }} = 'closed'
                and {{ json_text('payload', '$.snooze_datetime') }} is not null then 'snoozed'
            else {{ json_text('payload', '$.status') }}
        end as status,
        {{ json_text('payload', '$.priority') }} as priority,
        {{ json_text('payload', '$.assignee_team.name') }} as team,
        coalesce(
            {{ json_text('payload', '$.assignee_user.id') }},
            {{ json_text('payload', '$.assignee_user_id') }}
        ) as assignee_id,
        {{ json_text('payload', '$.subject') }} as subject,
        {{ json_values('payload', '$.tags[*].name') }} as tags,
        {{ json_text('payload', '$.language') }} as language,
        coalesce({{ json_text('payload', '$.spam') }} = 'true', false) as is_spam,
        {{ utc_instant_of('payload', '$.trashed_datetime') }} as trashed_at,
        payload,
        is_gone,
        loaded_at
    from last_seen
),

field_values as (
    select
        source,
        ticket_id,
        {{ json_items('payload', '$.custom_fields.*') }} as item
    from read
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
        read.source,
        read.ticket_id,
        read.created_at,
        read.updated_at,
        read.customer_id,
        coalesce(customers.email, read.customer_email) as customer_email,
        case when read.channel is not null
            then nullif(case when channels.kind is null then 'unmapped' else channels.target end, '')
        end as channel,
        cast(null as boolean) as is_sync,
        {{ segment_text('levels.category') }} as category,
        {{ segment_text('levels.subcategory') }} as subcategory,
        coalesce(statuses.target, case when read.status is not null then 'unmapped' end) as status,
        case lower(trim(read.priority)) when 'critical' then 'urgent'
            else lower(trim(read.priority)) end as priority,
        {{ segment_text('read.team') }} as team,
        read.assignee_id,
        cast(null as varchar) as brand,
        {{ hash_text('read.subject') }} as subject_hash,
        read.tags,
        coalesce(levels.language, read.language) as language,
        levels.product_sku,
        levels.order_id,
        read.is_spam,
        read.is_gone or read.trashed_at is not null as is_deleted,
        read.trashed_at as deleted_at,
        coalesce({{ has_item('read.tags', 'test') }}, false) as is_test,
        ticket_merges.merged_into,
        cast(null as timestamptz) as first_reply_at,
        cast(null as timestamptz) as resolved_at,
        read.loaded_at
    from read
    left join customers
        on read.source = customers.source and read.customer_id = customers.customer_id
    left join levels on read.source = levels.source and read.ticket_id = levels.ticket_id
    left join ticket_merges
        on read.source = ticket_merges.source and read.ticket_id = ticket_merges.ticket_id
    left join channels on read.channel = channels.source_value
    left join statuses on read.status = statuses.source_value
)

select * from renamed
