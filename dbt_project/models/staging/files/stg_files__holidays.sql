with

landed as (
    {{ newest_rows(source('landed', 'files_holidays')) }}
),

renamed as (
    select
        source,
        schedule,
        date as holiday_on,
        name
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
