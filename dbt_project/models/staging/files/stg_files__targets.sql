with

landed as (
    {{ newest_rows(source('landed', 'files_targets')) }}
),

renamed as (
    select
        source,
        kpi,
        stat,
        good,
        better,
        best,
        alert_below,
        alert_above,
        valid_from,
        coalesce(handling, 'all') as handling,
        coalesce(lower(channel), 'all') as channel,
        coalesce(category, 'all') as category,
        coalesce(team, 'all') as team,
        coalesce(customer_segment, 'all') as customer_segment
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
