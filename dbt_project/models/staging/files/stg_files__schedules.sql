with

landed as (
    {{ newest_rows(source('landed', 'files_schedules')) }}
),

renamed as (
    select
        source,
        schedule,
        timezone,
        weekday,
        opens,
        closes
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
