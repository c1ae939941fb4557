with

landed as (
    {{ newest_rows(source('landed', 'files_nps_responses')) }}
),

renamed as (
    select
        source,
        _key as response_id,
        customer_id,
        responded_at,
        score,
        survey
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
