with

landed as (
    {{ newest_rows(source('landed', 'files_cost_rates')) }}
),

renamed as (
    select
        source,
        handling,
        unit_cost,
        valid_from,
        valid_to
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
