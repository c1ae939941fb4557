-- One row an order and an episode that tried to keep it (R2): a cancellation, a threatened chargeback
-- or a return was asked for. 30 days later it is kept or not, net of what was given back by then.
with

ticket_tags as (
    select * from {{ ref('int_ticket_tags') }}
),

ticket_orders as (
    select * from {{ ref('int_ticket_orders') }}
),

episodes as (
    select * from {{ ref('fct_episodes') }}
    where is_countable
),

orders as (
    select * from {{ ref('int_orders') }}
    where is_countable
),

refunds as (
    select * from {{ ref('int_refunds') }}
),

tagged as (
    select
        ticket_key,
        min(case when recovery_tag <> 'saved' then recovery_tag end) as reason,
        {{ any_true("recovery_tag in ('cancel_request', 'chargeback_threat')") }}
        or (
            {{ any_true("recovery_tag = 'return_request'") }}
            and {{ any_true("recovery_tag = 'saved'") }}
        )
            as is_qualifying
    from ticket_tags
    group by ticket_key
),

attempts as (
    select
        orders.order_key,
        orders.order_id,
        orders.customer_key,
        orders.total,
        orders.fx_rate,
        orders.cancelled_at,
        tagged.reason,
        tagged.is_qualifying,
        episodes.ticket_key,
        episodes.ticket_id,
        episodes.episode_seq,
        episodes.opened_at,
        {{ add_seconds('episodes.opened_at', 30 * 86400) }} as judged_at,
        episodes.handling,
        episodes.handling_side,
        episodes.channel,
        episodes.category,
        episodes.team,
        episodes.customer_segment,
        episodes.is_high_value
    from episodes
    inner join tagged on episodes.ticket_key = tagged.ticket_key
    inner join ticket_orders
        on episodes.ticket_key = ticket_orders.ticket_key
        and episodes.episode_seq = ticket_orders.episode_seq
    inner join orders on ticket_orders.order_key = orders.order_key
    where tagged.reason is not null
),

given_back as (
    select
        attempts.order_key,
        attempts.ticket_key,
        attempts.episode_seq,
        sum(refunds.amount) as amount,
        {{ any_true("refunds.kind = 'chargeback'") }} as is_charged_back
    from attempts
    inner join refunds
        on attempts.order_key = refunds.order_key and refunds.refunded_at <= attempts.judged_at
    group by attempts.order_key, attempts.ticket_key, attempts.episode_seq
),

ranked as (
    select
        attempts.*,
        row_number() over (
            partition by attempts.order_key
            order by attempts.opened_at, attempts.ticket_key, attempts.episode_seq
        ) = 1 as is_first_attempt,
        row_number() over (
            partition by attempts.order_key
            order by
                case when attempts.is_qualifying then 0 else 1 end,
                attempts.opened_at, attempts.ticket_key, attempts.episode_seq
        ) = 1 and attempts.is_qualifying as is_first_qualifying,
        coalesce(given_back.amount, 0) as given_back,
        not coalesce(attempts.cancelled_at <= attempts.judged_at, false)
        and coalesce(given_back.amount, 0) < attempts.total
        and not coalesce(given_back.is_charged_back, false) as is_kept
    from attempts
    left join given_back
        on attempts.order_key = given_back.order_key
        and attempts.ticket_key = given_back.ticket_key
        and attempts.episode_seq = given_back.episode_seq
)

select
    order_key,
    order_id,
    customer_key,
    ticket_key,
    ticket_id,
    episode_seq,
    opened_at,
    reason,
    is_first_attempt,
    is_first_qualifying,
    coalesce(is_kept, false) as is_kept,
    is_first_qualifying and coalesce(is_kept, false) as is_saved,
    cast((total - given_back) * fx_rate as decimal(18, 4)) as net_kept,
    handling,
    handling_side,
    channel,
    category,
    team,
    customer_segment,
    is_high_value
from ranked
