{{ config(unique_key='source, order_id') }}
-- Orders as listed; of a source that gives lines alone, the orders those lines make up. A line with
-- negative quantity or amount is a return, and an order of nothing else was never placed.
with

orders as (
    select * from {{ changed('int_source_orders', 'source, order_id') }}
),

order_lines as (
    select * from {{ changed('int_source_order_lines', 'source, order_id') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

line_totals as (
    select
        source,
        order_id,
        sum(case when quantity >= 0 and net_amount >= 0 then net_amount end) as total
    from order_lines
    group by source, order_id
),

from_lines as (
    select
        order_lines.source,
        order_lines.order_id,
        min(order_lines.placed_at) as placed_at,
        min(order_lines.customer_id) as customer_id,
        min(order_lines.customer_email) as customer_email,
        min(order_lines.currency) as currency,
        min(order_lines.country) as country,
        max(order_lines.loaded_at) as loaded_at
    from order_lines
    inner join sources on order_lines.source = sources.source
    where not sources.has_order_rows
        and order_lines.quantity >= 0
        and coalesce(order_lines.net_amount, 0) >= 0
    group by order_lines.source, order_lines.order_id
),

unioned as (
    select
        source, order_id, placed_at, paid_at, cancelled_at, payment_status, customer_id,
        customer_email, total, discount, tax, shipping, currency, sales_channel, country, is_test,
        is_replacement, is_deleted, updated_at, loaded_at
    from orders

    union all

    select
        source, order_id, placed_at, null as paid_at, null as cancelled_at, null as payment_status,
        customer_id, customer_email, null as total, null as discount, null as tax,
        null as shipping, currency, null as sales_channel, country, false as is_test,
        false as is_replacement, false as is_deleted, null as updated_at, loaded_at
    from from_lines
    where placed_at is not null
),

totalled as (
    select
        unioned.source,
        unioned.order_id,
        unioned.placed_at,
        unioned.paid_at,
        unioned.cancelled_at,
        unioned.payment_status,
        unioned.customer_id,
        unioned.customer_email,
        coalesce(unioned.total, line_totals.total) as total,
        unioned.discount,
        unioned.tax,
        unioned.shipping,
        unioned.currency,
        unioned.sales_channel,
        unioned.country,
        unioned.is_test,
        unioned.is_replacement,
        unioned.is_deleted,
        unioned.updated_at,
        unioned.loaded_at
    from unioned
    left join line_totals
        on unioned.source = line_totals.source and unioned.order_id = line_totals.order_id
)

select * from totalled
