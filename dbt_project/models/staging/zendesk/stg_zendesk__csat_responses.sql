with

ratings as (
    {{ newest_documents(source('landed', 'zendesk_satisfaction_ratings')) }}
),

read as (
    select
        source,
        _key as response_id,
        {{ json_text('payload', '$.ticket_id') }} as ticket_id,
        {{ instant('coalesce(' ~ json_text('payload', '$.updated_at') ~ ', '
            ~ json_text('payload', '$.created_at') ~ ')') }} as rated_at,
        case
            when {{ json_text('payload', '$.score') }} like 'good%' then 'good'
            when {{ json_text('payload', '$.score') }} like 'bad%' then 'bad'
        end as score,
        loaded_at
    from ratings
    where row_rank = 1 and not _is_deleted
),

renamed as (
    select
        source,
        response_id,
        ticket_id,
        rated_at,
        score,
        'good_bad' as scale,
        'ticket' as target,
        cast(null as timestamptz) as survey_sent_at,
        cast(null as bigint) as episode_seq,
        loaded_at
    from read
    where score is not null and ticket_id is not null and rated_at is not null
)

select * from renamed
