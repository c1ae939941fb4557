with

landed as (
    {{ newest_rows(source('landed', 'files_csat_responses')) }}
),

renamed as (
    select
        source,
        _key as response_id,
        ticket_id,
        rated_at,
        score,
        coalesce(scale, '1-5') as scale,
        coalesce(target, 'ticket') as target,
        survey_sent_at,
        episode_seq,
        _loaded_at as loaded_at
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
