-- The document of a conversation holds its whole log.
{{ config(materialized='incremental', unique_key='source, ticket_id') }}

with

logs as (
    {{ newest_documents(source('landed', 'chatwoot_reporting_events')) }}
),

events as (
    select
        source,
        _key as ticket_id,
        {{ json_items('payload', '$.events') }} as event,
        loaded_at
    from logs
    where row_rank = 1 and not _is_deleted
),

read as (
    select
        source,
        ticket_id,
        {{ json_text('event', '$.id') }} as report_id,
        {{ json_text('event', '$.name') }} as report_name,
        {{ instant(
            'coalesce(' ~ json_text('event', '$.event_end_time') ~ ', '
            ~ json_text('event', '$.created_at') ~ ')'
        ) }} as occurred_at,
        loaded_at
    from events
)

select * from read
where report_id is not null and occurred_at is not null
