{{ config(materialized='incremental', unique_key='source, response_id') }}

with

ratings as (
    {{ newest_documents(source('landed', 'freshdesk_satisfaction_ratings')) }}
),

read as (
    select
        source,
        _key as response_id,
        {{ json_text('payload', '$.ticket_id') }} as ticket_id,
        {{ instant(json_text('payload', '$.created_at')) }} as rated_at,
        {{ json_text('payload', '$.ratings.default_question') }} as code,
        loaded_at
    from ratings
    where row_rank = 1 and not _is_deleted
)

select * from read
