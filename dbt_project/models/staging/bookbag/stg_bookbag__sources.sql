with

landed as (
    select * from {{ source('bookbag', 'sources') }}
),

renamed as (
    select
        source,
        kind,
        timezone,
        start_date
    from landed
)

select * from renamed
