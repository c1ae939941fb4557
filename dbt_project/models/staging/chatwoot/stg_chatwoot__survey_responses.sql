{{ config(materialized='incremental', unique_key='source, response_id') }}

with

responses as (
    {{ newest_documents(source('landed', 'chatwoot_csat_survey_responses')) }}
),

read as (
    select
        source,
        _key as response_id,
        {{ json_text('payload', '$.conversation_id') }} as ticket_id,
        {{ json_text('payload', '$.message_id') }} as message_id,
        {{ instant_of_epoch(json_text('payload', '$.created_at')) }} as rated_at,
        {{ json_text('payload', '$.rating') }} as score,
        loaded_at
    from responses
    where row_rank = 1 and not _is_deleted
)

select * from read
