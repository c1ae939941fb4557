-- One row: how long after an order the account's customers ask about it, and how long they wait
-- between orders; the churn window follows from the latter (R4).
with

orders as (
    select * from {{ ref('int_orders') }}
),

ticket_orders as (
    select * from {{ ref('int_ticket_orders') }}
),

episodes as (
    select * from {{ ref('int_episode_outcomes') }}
    where is_countable
),

account as (
    select * from {{ ref('int_accounts') }}
),

lags as (
    select {{ seconds_between('orders.placed_at', 'episodes.opened_at') }} as lag_s
    from ticket_orders
    inner join episodes
        on ticket_orders.ticket_key = episodes.ticket_key
        and ticket_orders.episode_seq = episodes.episode_seq
    inner join orders on ticket_orders.order_key = orders.order_key
),

typical_lag as (
    select cast(floor({{ percentile('lag_s', 0.5) }}) as bigint) as contact_lag_s
    from lags
    where lag_s >= 0
),

paid as (
    select
        paid_at,
        lag(paid_at) over (partition by customer_key order by paid_at, order_key) as paid_before_at
    from orders
    where is_paid and is_countable and customer_key is not null
),

typical_gap as (
    select cast(floor({{ percentile(seconds_between('paid_before_at', 'paid_at'), 0.5) }}) as bigint)
        as order_gap_s
    from paid
    where paid_before_at is not null
)

select
    typical_lag.contact_lag_s,
    typical_gap.order_gap_s,
    coalesce(
        account.churn_window_s, greatest(2 * coalesce(typical_gap.order_gap_s, 0), 90 * 86400)
    ) as churn_after_s
from account
cross join typical_lag
cross join typical_gap
