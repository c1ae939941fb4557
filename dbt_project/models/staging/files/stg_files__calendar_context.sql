with

landed as (
    {{ newest_rows(source('landed', 'files_calendar_context')) }}
),

renamed as (
    select
        source,
        name,
        kind,
        starts_on,
        ends_on,
        {{ segment_text('channel', lower=true) }} as channel,
        {{ segment_text('category') }} as category,
        kpi,
        expected_direction
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
