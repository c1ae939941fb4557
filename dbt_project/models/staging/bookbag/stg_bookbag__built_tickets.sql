with

landed as (
    select * from {{ source('bookbag', 'built_tickets') }}
),

renamed as (
    select
        ticket_key,
        source,
        ticket_id,
        survivor_key,
        customer_key,
        order_number,
        mark,
        is_unsettled,
        due_at
    from landed
)

select * from renamed
