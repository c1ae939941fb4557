with

landed as (
    {{ newest_rows(source('landed', 'files_qa_reviews')) }}
),

renamed as (
    select
        source,
        _key as review_id,
        ticket_id,
        reviewed_at,
        is_correct,
        reviewer,
        category,
        episode_seq
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
