with

landed as (
    {{ newest_rows(source('landed', 'files_orders'), 'updated_at') }}
),

renamed as (
    select
        source,
        order_id,
        placed_at,
        paid_at,
        cancelled_at,
        payment_status,
        customer_id,
        lower(trim(customer_email)) as customer_email,
        total,
        discount,
        tax,
        shipping,
        upper(trim(currency)) as currency,
        sales_channel,
        country,
        coalesce(is_test, false) as is_test,
        coalesce(is_replacement, false) as is_replacement,
        coalesce(is_deleted, false) or _is_deleted as is_deleted,
        updated_at,
        _loaded_at as loaded_at
    from landed
    where row_rank = 1
)

select * from renamed
