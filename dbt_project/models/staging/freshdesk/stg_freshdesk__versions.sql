-- Every version of a ticket that was landed, in the order of landing. Freshdesk keeps no history:
-- this is all there is of it.
with

tickets as (
    select * from {{ ref('stg_freshdesk__ticket_documents') }}
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

typed as (
    select
        tickets.*,
        coalesce(
            statuses.target, case when tickets.status_code is not null then 'unmapped' end
        ) as status,
        case tickets.priority_code
            when '1' then 'low'
            when '2' then 'medium'
            when '3' then 'high'
            when '4' then 'urgent'
        end as priority,
        {{ segment_text('named_groups.group_name') }} as team,
        {{ segment_text(
            'coalesce(' ~ text_of_key('tickets.custom_fields', 'fields.category')
            ~ ', tickets.ticket_type)'
        ) }} as category,
        {{ segment_text(text_of_key('tickets.custom_fields', 'fields.subcategory')) }} as subcategory,
        {%- for column in ['product_sku', 'order_id', 'language'] %}
        {{ text_of_key('tickets.custom_fields', 'fields.' ~ column) }} as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from tickets
    left join fields on tickets.source = fields.source
    left join named_groups
        on tickets.source = named_groups.source and tickets.group_id = named_groups.group_id
    left join statuses on tickets.status_code = statuses.source_value
)

select * from typed
