{{ config(materialized='incremental', unique_key='source, ticket_id') }}

with

details as (
    {{ newest_documents(source('landed', 'intercom_conversation_details')) }}
),

items as (
    select
        source,
        _key as ticket_id,
        {{ json_items('payload', '$.tags.tags') }} as item,
        loaded_at
    from details
    where row_rank = 1 and payload is not null
),

read as (
    select
        source,
        ticket_id,
        {{ json_text('item', '$.name') }} as tag,
        {{ instant_of_epoch(json_text('item', '$.applied_at')) }} as applied_at,
        {{ json_text('item', '$.applied_by.id') }} as applied_by,
        loaded_at
    from items
)

select * from read
