with

landed as (
    {{ newest_rows(source('landed', 'files_order_lines')) }}
),

renamed as (
    select
        source,
        _key as line_id,
        order_id,
        line_no,
        sku,
        product_type,
        quantity,
        coalesce(net_amount, cast(quantity * unit_price as decimal(18, 4))) as net_amount,
        placed_at,
        customer_id,
        lower(trim(customer_email)) as customer_email,
        upper(trim(currency)) as currency,
        country,
        _loaded_at as loaded_at
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
