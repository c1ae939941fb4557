-- Customers with a paid order in the 365 days before a local month, and what they were at its start
-- (K19). A customer who is not here in a month is inactive in it.
with

orders as (
    select * from {{ ref('int_orders') }}
    where is_paid and is_countable and customer_key is not null
),

refunds as (
    select * from {{ ref('int_refunds') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

paid as (
    select
        orders.customer_key,
        orders.order_key,
        {{ local_date('orders.paid_at', 'account.timezone') }} as paid_on,
        orders.gross
    from orders
    cross join account
),

first_paid as (
    select
        customer_key,
        min(paid_on) as first_paid_on
    from paid
    group by customer_key
),

-- The 13 month starts that can follow an order within 365 days.
following as (
    select
        paid.customer_key,
        paid.order_key,
        paid.paid_on,
        paid.gross,
        {{ add_months(month_start('paid.paid_on'), 'steps.step') }} as month_start
    from paid
    cross join (select {{ integer_rows(1, 13) }} as step) as steps
),

-- Nothing looks ahead (K19): of what came back within 30 days, only what had by that month.
given_back as (
    select
        following.order_key,
        following.month_start,
        sum(refunds.amount * orders.fx_rate) as amount
    from following
    inner join orders on following.order_key = orders.order_key
    inner join refunds on following.order_key = refunds.order_key
    cross join account
    where {{ local_date('refunds.refunded_at', 'account.timezone') }} < following.month_start
        and {{ seconds_between('orders.placed_at', 'refunds.refunded_at') }} <= 30 * 86400
    group by following.order_key, following.month_start
),

active as (
    select
        following.customer_key,
        following.month_start,
        count(*) as orders,
        sum(following.gross - coalesce(given_back.amount, 0)) as net_365d
    from following
    cross join account
    left join given_back
        on following.order_key = given_back.order_key
        and following.month_start = given_back.month_start
    where {{ days_between('following.paid_on', 'following.month_start') }} <= 365
        and following.month_start <= {{ local_date('account.data_as_of', 'account.timezone') }}
    group by following.customer_key, following.month_start
),

thresholds as (
    select
        month_start,
        {{ percentile('cast(net_365d as double)', 0.8) }} as high_value_from
    from active
    group by month_start
),

judged as (
    select
        active.customer_key,
        active.month_start,
        {{ days_between('first_paid.first_paid_on', 'active.month_start') }} <= 90 as is_new,
        {{ days_between('first_paid.first_paid_on', 'active.month_start') }} > 90 as is_returning,
        true as is_active,
        coalesce(
            active.net_365d > 0 and cast(active.net_365d as double) >= thresholds.high_value_from,
            false
        ) as is_high_value,
        cast(active.orders as bigint) as orders_365d,
        active.net_365d
    from active
    inner join first_paid on active.customer_key = first_paid.customer_key
    inner join thresholds on active.month_start = thresholds.month_start
)

select * from judged
