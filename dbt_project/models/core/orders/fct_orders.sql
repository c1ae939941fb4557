-- One row an order, with whether it counts, what it is worth and whether it was asked about.
with

orders as (
    select * from {{ changed('int_orders', 'order_key') }}
),

ticket_orders as (
    select * from {{ ref('int_ticket_orders') }}
),

episodes as (
    select * from {{ ref('int_episode_outcomes') }}
    where is_countable
),

customer_months as (
    select * from {{ ref('fct_customer_months') }}
),

contacted as (
    select distinct ticket_orders.order_key
    from ticket_orders
    inner join episodes
        on ticket_orders.ticket_key = episodes.ticket_key
        and ticket_orders.episode_seq = episodes.episode_seq
    inner join orders on ticket_orders.order_key = orders.order_key
    where {{ seconds_between('orders.placed_at', 'episodes.opened_at') }} between 0 and 30 * 86400
),

joined as (
    select
        orders.order_key,
        orders.order_id,
        orders.source,
        orders.customer_key,
        orders.placed_at,
        orders.paid_at,
        orders.cancelled_at,
        orders.payment_status,
        orders.is_paid,
        orders.is_test,
        orders.is_replacement,
        orders.is_deleted,
        orders.is_countable,
        orders.is_first_order,
        contacted.order_key is not null as has_contact_30d,
        orders.gross,
        orders.discount,
        orders.tax,
        orders.shipping,
        orders.refunded_total,
        orders.chargeback_amount,
        orders.net_now,
        orders.net_30d,
        orders.currency,
        orders.fx_rate is not null as is_converted,
        orders.sales_channel,
        orders.country,
        {{ no_segments(['handling', 'handling_side', 'channel', 'category', 'team']) }},
        {{ customer_segment('orders.customer_key', 'customer_months') }} as customer_segment,
        coalesce(customer_months.is_high_value, false) as is_high_value
    from orders
    left join contacted on orders.order_key = contacted.order_key
    left join customer_months
        on orders.customer_key = customer_months.customer_key
        and {{ month_start('orders.placed_on') }} = customer_months.month_start
)

select * from joined
