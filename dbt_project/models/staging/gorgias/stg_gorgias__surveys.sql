-- Surveys as last told, answered or not.
{{ config(materialized='incremental', unique_key='source, survey_id') }}

with

surveys as (
    {{ newest_documents(source('landed', 'gorgias_satisfaction_surveys')) }}
),

read as (
    select
        source,
        _key as survey_id,
        {{ json_text('payload', '$.ticket_id') }} as ticket_id,
        {{ utc_instant_of('payload', '$.scored_datetime') }} as rated_at,
        {{ json_text('payload', '$.score') }} as score,
        {{ utc_instant_of('payload', '$.sent_datetime') }} as survey_sent_at,
        loaded_at
    from surveys
    where row_rank = 1 and not _is_deleted
)

select * from read
