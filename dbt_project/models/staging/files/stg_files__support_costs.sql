with

landed as (
    {{ newest_rows(source('landed', 'files_support_costs')) }}
),

renamed as (
    select
        source,
        month,
        kind,
        amount,
        team
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
