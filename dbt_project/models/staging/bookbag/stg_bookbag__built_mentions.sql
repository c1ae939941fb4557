with

landed as (
    select * from {{ source('bookbag', 'built_mentions') }}
),

renamed as (
    select
        ticket_key,
        order_number
    from landed
)

select * from renamed
