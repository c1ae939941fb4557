-- Custom fields whose labels the map knows, and which of our columns they hold.
with

fields as (
    {{ newest_documents(source('landed', 'gorgias_custom_fields')) }}
),

titles as (
    select * from {{ ref('map_ticket_field') }}
    where kind = 'gorgias'
),

read as (
    select
        source,
        _key as field_id,
        lower(trim({{ json_text('payload', '$.label') }})) as label
    from fields
    where row_rank = 1 and not _is_deleted
),

mapped as (
    select
        read.source,
        read.field_id,
        titles.target
    from read
    inner join titles on read.label = titles.source_value
)

select * from mapped
