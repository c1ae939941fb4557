with

landed as (
    {{ newest_rows(source('landed', 'files_roster')) }}
),

renamed as (
    select
        source,
        agent_id,
        starts_at,
        ends_at
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
