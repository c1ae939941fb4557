with

landed as (
    select * from {{ source('bookbag', 'built_settings') }}
),

renamed as (
    select
        name,
        mark
    from landed
)

select * from renamed
