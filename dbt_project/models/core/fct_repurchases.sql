-- Who bought again (R1): one row a customer and local month, either supported (its first resolved
-- episode of the month, with a paid order before) or control (a paid order in the month and no contact
-- in it or the 30 days before; counted from that order plus the usual time until one is asked about).
with

episodes as (
    select * from {{ ref('fct_episodes') }}
    where is_countable and customer_key is not null
),

orders as (
    select * from {{ ref('int_orders') }}
    where is_paid and is_countable and customer_key is not null
),

ratings as (
    select * from {{ ref('fct_csat_ratings') }}
    where is_counted and score_5 is not null
),

customer_months as (
    select * from {{ ref('fct_customer_months') }}
),

rhythm as (
    select * from {{ ref('int_order_rhythm') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

resolved as (
    select
        episodes.*,
        {{ month_start(local_date('episodes.resolved_at', 'account.timezone')) }} as month_start,
        row_number() over (
            partition by
                episodes.customer_key,
                {{ month_start(local_date('episodes.resolved_at', 'account.timezone')) }}
            order by episodes.resolved_at, episodes.ticket_key, episodes.episode_seq
        ) as place
    from episodes
    cross join account
    where episodes.is_resolved
),

scores as (
    select
        ticket_key,
        episode_seq,
        {{ value_at_last('score_5', '(first_rated_at, csat_key)') }} as score_5
    from ratings
    group by ticket_key, episode_seq
),

first_paid as (
    select
        customer_key,
        min(paid_at) as first_paid_at
    from orders
    group by customer_key
),

supported as (
    select
        resolved.customer_key,
        resolved.month_start,
        true as is_supported,
        resolved.resolved_at as counted_at,
        resolved.resolved_at as since_at,
        {{ csat_band('scores.score_5') }} as csat_band,
        resolved.handling,
        resolved.handling_side
    from resolved
    inner join first_paid
        on resolved.customer_key = first_paid.customer_key
        and resolved.resolved_at > first_paid.first_paid_at
    left join scores
        on resolved.ticket_key = scores.ticket_key
        and resolved.episode_seq = scores.episode_seq
    where resolved.place = 1
),

-- Local days on which a customer got in touch; a contact bars its own month and those that begin
-- within the 30 days after it.
barred as (
    select distinct
        episodes.customer_key,
        {{ month_start(add_days(
            local_date('episodes.opened_at', 'account.timezone'), 'steps.days_later'
        )) }} as month_start
    from episodes
    cross join account
    cross join (select {{ integer_rows(0, 2) }} * 15 as days_later) as steps
),

bought as (
    select
        orders.customer_key,
        {{ month_start(local_date('orders.paid_at', 'account.timezone')) }} as month_start,
        min(orders.paid_at) as first_paid_at
    from orders
    cross join account
    group by
        orders.customer_key, {{ month_start(local_date('orders.paid_at', 'account.timezone')) }}
),

control as (
    select
        bought.customer_key,
        bought.month_start,
        false as is_supported,
        bought.first_paid_at as counted_at,
        {{ add_seconds('bought.first_paid_at', 'rhythm.contact_lag_s') }} as since_at,
        'none' as csat_band,
        {{ no_segments(['handling', 'handling_side']) }}
    from bought
    cross join rhythm
    left join barred
        on bought.customer_key = barred.customer_key
        and bought.month_start = barred.month_start
    where barred.customer_key is null and rhythm.contact_lag_s is not null
),

unioned as (
    select * from supported

    union all

    select * from control
),

next_paid as (
    select
        unioned.customer_key,
        unioned.month_start,
        unioned.is_supported,
        min(orders.paid_at) as next_paid_at
    from unioned
    inner join orders
        on unioned.customer_key = orders.customer_key and orders.paid_at > unioned.since_at
    group by unioned.customer_key, unioned.month_start, unioned.is_supported
),

judged as (
    select
        unioned.customer_key,
        unioned.month_start,
        unioned.is_supported,
        unioned.counted_at,
        unioned.since_at,
        unioned.csat_band,
        {%- for days in [30, 60, 90, 180] %}
        coalesce(
            next_paid.next_paid_at <= {{ add_seconds('unioned.since_at', days * 86400) }}, false
        ) as is_repurchased_{{ days }}d,
        {%- endfor %}
        unioned.handling,
        unioned.handling_side,
        {{ no_segments(['channel', 'category', 'team']) }},
        {{ customer_segment('unioned.customer_key', 'customer_months') }} as customer_segment,
        coalesce(customer_months.is_high_value, false) as is_high_value
    from unioned
    left join next_paid
        on unioned.customer_key = next_paid.customer_key
        and unioned.month_start = next_paid.month_start
        and unioned.is_supported = next_paid.is_supported
    left join customer_months
        on unioned.customer_key = customer_months.customer_key
        and unioned.month_start = customer_months.month_start
)

select * from judged
