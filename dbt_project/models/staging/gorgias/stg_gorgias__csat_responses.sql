with

surveys as (
    {{ newest_documents(source('landed', 'gorgias_satisfaction_surveys')) }}
),

read as (
    select
        source,
        _key as response_id,
        {{ json_text('payload', '$.ticket_id') }} as ticket_id,
        {{ utc_instant_of('payload', '$.scored_datetime') }} as rated_at,
        {{ json_text('payload', '$.score') }} as score,
        {{ utc_instant_of('payload', '$.sent_datetime') }} as survey_sent_at,
        loaded_at
    from surveys
    where row_rank = 1 and not _is_deleted
),

renamed as (
    select
        source,
        response_id,
        ticket_id,
        rated_at,
        score,
        '1-5' as scale,
        'ticket' as target,
        survey_sent_at,
        cast(null as bigint) as episode_seq,
        loaded_at
    from read
    where score is not null and ticket_id is not null and rated_at is not null
)

select * from renamed
