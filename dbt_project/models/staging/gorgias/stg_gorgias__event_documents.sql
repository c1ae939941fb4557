-- The log of events as it was landed, of each what stands in its own document.
{{ config(materialized='incremental', unique_key='source, event_id') }}

with

events as (
    {{ newest_documents(source('landed', 'gorgias_events')) }}
),

read as (
    select
        source,
        _key as event_id,
        {{ json_text('payload', '$.type') }} as type,
        lower({{ json_text('payload', '$.object_type') }}) as object_type,
        {{ json_text('payload', '$.object_id') }} as object_id,
        {{ json_text('payload', '$.user_id') }} as user_id,
        {{ json_text('payload', '$.context') }} as context,
        {{ utc_instant_of('payload', '$.created_datetime') }} as occurred_at,
        {{ json_text('payload', '$.data.ticket_id') }} as told_ticket_id,
        {{ json_text('payload', '$.data.assignee_user_id') }} as assignee_id,
        {{ json_text('payload', '$.data.assignee_team_id') }} as team_id,
        {{ json_text('payload', '$.data.split_from_ticket.id') }} as split_from,
        {{ text_list(json_list('payload', '$.data.tags_added')) }} as tags_added,
        {{ text_list(json_list('payload', '$.data.tags_removed')) }} as tags_removed,
        loaded_at
    from events
    where row_rank = 1 and not _is_deleted
)

select * from read
