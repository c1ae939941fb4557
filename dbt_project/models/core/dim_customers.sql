-- One row a customer, hashed: no address, no name.
with

identities as (
    select * from {{ ref('int_customer_identities') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

tickets as (
    select * from {{ ref('int_tickets') }}
),

bought as (
    select
        customer_key,
        min(case when is_paid and is_countable then paid_at end) as first_paid_order_at,
        min(placed_at) as first_order_at
    from orders
    where customer_key is not null
    group by customer_key
),

wrote as (
    select
        customer_key,
        min(first_customer_message_at) as first_contact_at
    from tickets
    where customer_key is not null
    group by customer_key
),

known as (
    select
        customer_key,
        min(match_rule) as match_rule,
        {{ any_true('is_test') }} as is_test,
        {{ any_true('is_internal') }} as is_internal
    from identities
    group by customer_key
),

joined as (
    select
        known.customer_key,
        known.match_rule,
        least(bought.first_order_at, wrote.first_contact_at) as first_seen_at,
        bought.first_paid_order_at,
        wrote.first_contact_at,
        known.is_test,
        known.is_internal
    from known
    left join bought on known.customer_key = bought.customer_key
    left join wrote on known.customer_key = wrote.customer_key
)

select * from joined
