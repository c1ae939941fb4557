with

landed as (
    {{ newest_rows(source('landed', 'files_fx_rates')) }}
),

renamed as (
    select
        source,
        date as rate_on,
        upper(trim(currency)) as currency,
        rate
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
