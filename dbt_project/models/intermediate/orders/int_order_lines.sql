-- What was bought, in account currency, with its share of what the order gave back within 30 days.
with

order_lines as (
    select * from {{ changed('int_source_order_lines', 'source, order_id') }}
),

orders as (
    select * from {{ changed('int_orders', 'order_key') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

keyed as (
    select
        {{ surrogate_key(['order_lines.source', 'account.account_id', 'order_lines.line_id']) }}
            as line_key,
        {{ surrogate_key(['order_lines.source', 'account.account_id', 'order_lines.order_id']) }}
            as order_key,
        order_lines.sku,
        order_lines.product_type,
        order_lines.quantity,
        order_lines.net_amount
    from order_lines
    cross join account
    where coalesce(order_lines.quantity, 1) >= 0 and coalesce(order_lines.net_amount, 0) >= 0
),

summed as (
    select
        order_key,
        sum(net_amount) as lines_total
    from keyed
    group by order_key
),

joined as (
    select
        keyed.line_key,
        keyed.order_key,
        orders.source,
        orders.customer_key,
        orders.placed_at,
        orders.is_countable,
        keyed.sku,
        keyed.product_type,
        keyed.quantity,
        cast(keyed.net_amount * orders.fx_rate as double) as net,
        cast(
            (
                keyed.net_amount - coalesce(
                    keyed.net_amount * orders.given_back_30d / nullif(summed.lines_total, 0), 0
                )
            ) * orders.fx_rate as double
        ) as net_30d
    from keyed
    inner join orders on keyed.order_key = orders.order_key
    inner join summed on keyed.order_key = summed.order_key
)

select * from joined
