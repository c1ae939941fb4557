with

landed as (
    select * from {{ source('bookbag', 'syncs') }}
),

renamed as (
    select
        source,
        synced_at
    from landed
)

select * from renamed
