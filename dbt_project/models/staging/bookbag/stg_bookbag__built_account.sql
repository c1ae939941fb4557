with

landed as (
    select * from {{ source('bookbag', 'built_account') }}
),

renamed as (
    select
        data_as_of
    from landed
)

select * from renamed
