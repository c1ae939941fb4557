-- A response says when it expires: 28 days after its survey was offered.
{{ config(materialized='incremental', unique_key='source, survey_response_id') }}

with

landed as (
    {{ newest_documents(source('landed', 'zendesk_survey_responses')) }}
),

read as (
    select
        source,
        _key as survey_response_id,
        {{ first_match(json_text('payload', '$.subject_zrns'), ':ticket:([0-9]+)') }}
            as ticket_id,
        {{ json_text('payload', '$.survey.id') }} || '|'
            || {{ json_text('payload', '$.survey.version') }} as survey_key,
        {{ instant(json_text('payload', '$.expires_at')) }} as expires_at,
        loaded_at
    from landed
    where row_rank = 1 and not _is_deleted
),

dated as (
    select
        *,
        {{ add_seconds('expires_at', '-28 * 86400') }} as offered_at
    from read
)

select * from dated
