with

landed as (
    select * from {{ source('landed', 'files_file_loads') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by source, entity, file order by loaded_at desc, _dlt_load_id desc
        ) as recency
    from landed
),

renamed as (
    select
        source,
        entity,
        file,
        rows_read,
        rows_good,
        rows_ignored,
        rows_quarantined,
        dst_skipped,
        dst_repeated,
        loaded_at
    from ranked
    where recency = 1
)

select * from renamed
