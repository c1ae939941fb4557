with

landed as (
    select * from {{ source('landed', 'files_quarantine') }}
),

renamed as (
    select
        source,
        entity,
        file,
        line,
        column_name,
        -- What was wrong, without the value that was.
        split_part(reason, ':', 1) as reason,
        landed_at
    from landed
)

select * from renamed
