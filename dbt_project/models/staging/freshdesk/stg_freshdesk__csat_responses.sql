with

ratings as (
    {{ newest_documents(source('landed', 'freshdesk_satisfaction_ratings')) }}
),

scores as (
    select * from {{ ref('map_csat_scale') }}
    where kind = 'freshdesk'
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
),

renamed as (
    select
        read.source,
        read.response_id,
        read.ticket_id,
        read.rated_at,
        scores.target as score,
        '1-5' as scale,
        'ticket' as target,
        cast(null as timestamptz) as survey_sent_at,
        cast(null as bigint) as episode_seq,
        read.loaded_at
    from read
    inner join scores on read.code = scores.source_value
    where read.ticket_id is not null and read.rated_at is not null
)

select * from renamed
