-- One row a rating by a customer who had paid for an order before: whether it is the customer's last of
-- its month or quarter, whether the customer bought again, and what was done about it (R4, R5).
with

ratings as (
    select * from {{ ref('fct_csat_ratings') }}
    where is_counted and customer_key is not null
),

orders as (
    select * from {{ ref('int_orders') }}
    where is_paid and is_countable and customer_key is not null
),

episodes as (
    select * from {{ ref('fct_episodes') }}
    where is_countable and customer_key is not null
),

ticket_tags as (
    select * from {{ ref('int_ticket_tags') }}
    where recovery_tag <> 'saved'
),

rhythm as (
    select * from {{ ref('int_order_rhythm') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

dated as (
    select
        ratings.*,
        {{ month_start(local_date('ratings.first_rated_at', 'account.timezone')) }} as month_start,
        {{ quarter_start(local_date('ratings.first_rated_at', 'account.timezone')) }}
            as quarter_start
    from ratings
    cross join account
),

placed as (
    select
        *,
        row_number() over (
            partition by customer_key, month_start order by first_rated_at desc, csat_key desc
        ) = 1 as is_last_of_month,
        score_5 is not null and row_number() over (
            partition by customer_key, quarter_start
            order by
                case when score_5 is null then 1 else 0 end, first_rated_at desc, csat_key desc
        ) = 1 as is_last_of_quarter
    from dated
),

bought as (
    select
        placed.csat_key,
        max(case when orders.paid_at < placed.first_rated_at then orders.paid_at end)
            as last_paid_at,
        min(case when orders.paid_at > placed.first_rated_at then orders.paid_at end)
            as next_paid_at
    from placed
    inner join orders on placed.customer_key = orders.customer_key
    where placed.is_last_of_month or placed.is_last_of_quarter
    group by placed.csat_key
),

recovery_episodes as (
    select distinct
        episodes.customer_key,
        episodes.opened_at as recovered_at
    from episodes
    inner join ticket_tags on episodes.ticket_key = ticket_tags.ticket_key

    union all

    select
        customer_key,
        first_rated_at as recovered_at
    from ratings
    where score_5 >= 4
),

recovered as (
    select distinct placed.csat_key
    from placed
    inner join recovery_episodes
        on placed.customer_key = recovery_episodes.customer_key
        and recovery_episodes.recovered_at > placed.first_rated_at
    where recovery_episodes.recovered_at
        <= {{ add_seconds('placed.first_rated_at', 30 * 86400) }}
),

judged as (
    select
        placed.csat_key,
        placed.customer_key,
        placed.ticket_id,
        placed.first_rated_at,
        placed.is_last_of_month,
        placed.is_last_of_quarter,
        placed.score_5,
        {{ csat_band('placed.score_5') }} as csat_band,
        bought.last_paid_at,
        bought.next_paid_at,
        not coalesce(
            bought.next_paid_at
            <= {{ add_seconds('placed.first_rated_at', 'rhythm.churn_after_s') }}, false
        ) as is_churned,
        coalesce(
            bought.next_paid_at <= {{ add_seconds('placed.first_rated_at', 90 * 86400) }}, false
        ) as is_repurchased_90d,
        recovered.csat_key is not null as is_recovered_30d,
        {{ no_segments(['handling', 'handling_side', 'channel', 'category', 'team']) }},
        placed.customer_segment,
        placed.is_high_value
    from placed
    cross join rhythm
    inner join bought on placed.csat_key = bought.csat_key
    left join recovered on placed.csat_key = recovered.csat_key
    where bought.last_paid_at is not null
)

select * from judged
