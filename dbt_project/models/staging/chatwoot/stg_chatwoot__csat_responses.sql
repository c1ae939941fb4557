-- The message that asked says when the survey was sent.
with

responses as (
    {{ newest_documents(source('landed', 'chatwoot_csat_survey_responses')) }}
),

entries as (
    select * from {{ ref('stg_chatwoot__entries') }}
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
),

renamed as (
    select
        read.source,
        read.response_id,
        read.ticket_id,
        read.rated_at,
        read.score,
        '1-5' as scale,
        'ticket' as target,
        entries.sent_at as survey_sent_at,
        cast(null as bigint) as episode_seq,
        read.loaded_at
    from read
    left join entries
        on read.source = entries.source and read.message_id = entries.message_id
    where read.score is not null and read.ticket_id is not null and read.rated_at is not null
)

select * from renamed
