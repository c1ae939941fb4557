-- Pairs (resolved episode, later episode that re-contacts it) within 7 days: a new episode of the
-- ticket, or the same customer's on another ticket (Q5).
with

episodes as (
    select * from {{ changed('int_episode_outcomes') }}
    where is_countable
),

ticket_orders as (
    select * from {{ changed('int_ticket_orders') }}
),

resolved as (
    select * from episodes
    where is_resolved
),

same_ticket as (
    select
        resolved.ticket_key,
        resolved.episode_seq,
        resolved.resolved_at,
        later.ticket_key as later_ticket_key,
        later.episode_seq as later_episode_seq,
        later.opened_at as later_opened_at,
        'reopen' as recontact_type,
        true as is_same_matter
    from resolved
    inner join episodes as later
        on resolved.ticket_key = later.ticket_key
        and resolved.episode_seq < later.episode_seq
    where {{ seconds_between('resolved.resolved_at', 'later.opened_at') }} <= 7 * 86400
),

other_tickets as (
    select
        resolved.ticket_key,
        resolved.episode_seq,
        resolved.resolved_at,
        later.ticket_key as later_ticket_key,
        later.episode_seq as later_episode_seq,
        later.opened_at as later_opened_at,
        resolved.category <> 'uncategorised' and resolved.category = later.category
            as is_same_category
    from resolved
    inner join episodes as later
        on resolved.customer_key = later.customer_key
        and resolved.ticket_key <> later.ticket_key
    where later.opened_at > resolved.resolved_at
        and {{ seconds_between('resolved.resolved_at', 'later.opened_at') }} <= 7 * 86400
),

same_order as (
    select distinct
        other_tickets.ticket_key,
        other_tickets.episode_seq,
        other_tickets.later_ticket_key,
        other_tickets.later_episode_seq
    from other_tickets
    inner join ticket_orders
        on other_tickets.ticket_key = ticket_orders.ticket_key
        and other_tickets.episode_seq = ticket_orders.episode_seq
    inner join ticket_orders as later_orders
        on other_tickets.later_ticket_key = later_orders.ticket_key
        and other_tickets.later_episode_seq = later_orders.episode_seq
        and ticket_orders.order_key = later_orders.order_key
),

pairs as (
    select * from same_ticket

    union all

    select
        other_tickets.ticket_key,
        other_tickets.episode_seq,
        other_tickets.resolved_at,
        other_tickets.later_ticket_key,
        other_tickets.later_episode_seq,
        other_tickets.later_opened_at,
        'new_contact' as recontact_type,
        other_tickets.is_same_category or same_order.ticket_key is not null as is_same_matter
    from other_tickets
    left join same_order
        on other_tickets.ticket_key = same_order.ticket_key
        and other_tickets.episode_seq = same_order.episode_seq
        and other_tickets.later_ticket_key = same_order.later_ticket_key
        and other_tickets.later_episode_seq = same_order.later_episode_seq
)

select
    *,
    {{ seconds_between('resolved_at', 'later_opened_at') }} as after_s
from pairs
