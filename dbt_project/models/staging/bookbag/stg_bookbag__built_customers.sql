with

landed as (
    select * from {{ source('bookbag', 'built_customers') }}
),

renamed as (
    select
        customer_key,
        mark
    from landed
)

select * from renamed
