-- The list for the CRM: everybody who rated a contact after a paid order, by the latest score, with how
-- long the last order is ago and the risk that this adds up to. Hashed keys.
with

rated as (
    select * from {{ ref('fct_rated_customers') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    where is_paid and is_countable and customer_key is not null
),

customer_months as (
    select * from {{ ref('fct_customer_months') }}
),

account as (
    select * from {{ ref('dim_accounts') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_key order by first_rated_at desc, csat_key desc
        ) as recency
    from rated
    where is_last_of_month and score_5 is not null
),

last_orders as (
    select
        customer_key,
        max(paid_at) as last_paid_at
    from orders
    group by customer_key
),

joined as (
    select
        ranked.customer_key,
        {{ customer_segment('ranked.customer_key', 'customer_months') }} as customer_segment,
        coalesce(customer_months.is_high_value, false) as is_high_value,
        ranked.score_5 as last_score_5,
        ranked.first_rated_at as rated_at,
        {{ days_between(
            local_date('last_orders.last_paid_at', 'account.timezone'),
            local_date('account.data_as_of', 'account.timezone')
        ) }} as days_since_order,
        last_orders.last_paid_at > ranked.first_rated_at as has_bought_since,
        {{ seconds_between('last_orders.last_paid_at', 'account.data_as_of') }}
            > account.churn_after_s as is_past_window,
        account.data_as_of
    from ranked
    cross join account
    inner join last_orders on ranked.customer_key = last_orders.customer_key
    left join customer_months
        on ranked.customer_key = customer_months.customer_key
        and {{ month_start(local_date('account.data_as_of', 'account.timezone')) }}
            = customer_months.month_start
    where ranked.recency = 1
)

select
    customer_key,
    customer_segment,
    is_high_value,
    last_score_5,
    rated_at,
    cast(days_since_order as bigint) as days_since_order,
    has_bought_since,
    case
        when is_past_window then 'gone'
        when has_bought_since then 'low'
        when last_score_5 <= 2 then 'high'
        when last_score_5 < 4 then 'medium'
        else 'low'
    end as risk_band,
    data_as_of
from joined
