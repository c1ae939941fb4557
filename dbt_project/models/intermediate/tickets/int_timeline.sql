-- The state machine of K5 as windows: which row opens an episode, closes it, brings the ticket back,
-- and what state holds after it.
with

timeline_rows as (
    select * from {{ changed('int_timeline_rows') }}
),

tickets as (
    select * from {{ changed('int_tickets') }}
),

-- Nothing before the first customer message has a state (outbound tickets).
attributed as (
    select
        timeline_rows.*,
        tickets.has_messages
    from timeline_rows
    inner join tickets on timeline_rows.ticket_key = tickets.ticket_key
),

started as (
    select
        *,
        max(case when kind = 'customer' then 1 else 0 end) over {{ rows_until() }} = 1
            as is_started
    from attributed
),

-- Whether the ticket stands resolved before a row: the last message of the customer, resolve or
-- state before it says so.
moves as (
    select
        *,
        case when is_started and kind in ('customer', 'resolve', 'state') then kind end as move
    from started
),

preceded as (
    select
        *,
        coalesce(last_value(move ignore nulls) over {{ rows_before() }} = 'resolve', false)
            as is_resolved_before
    from moves
),

turned as (
    select
        *,
        move = 'resolve' and not is_resolved_before as is_entry,
        move = 'state' and is_resolved_before as is_return
    from preceded
),

-- Episodes see customer messages, resolves and the returns that an agent makes; without messages
-- every return opens the next episode.
signalled as (
    select
        *,
        case
            when move = 'customer' then 'customer'
            when move = 'resolve' then 'resolve'
            when is_return and not has_messages then 'customer'
            when is_return and actor_kind = 'human_agent' then 'carry'
        end as episode_signal
    from turned
),

linked as (
    select
        *,
        last_value(episode_signal ignore nulls) over {{ rows_before() }} as signal_before
    from signalled
),

judged as (
    select
        *,
        coalesce(
            episode_signal = 'customer' and coalesce(signal_before, 'resolve') = 'resolve', false
        ) as is_opening,
        coalesce(episode_signal = 'resolve' and signal_before <> 'resolve', false) as is_closing,
        coalesce(episode_signal = 'carry', false) as is_carry
    from linked
),

counted as (
    select
        ticket_key,
        row_no,
        occurred_at,
        raw_at,
        kind,
        to_state,
        to_value,
        reason,
        actor_key,
        actor_kind,
        is_substantive,
        is_started,
        is_opening,
        is_closing,
        is_carry,
        coalesce(is_entry, false) as is_entry,
        coalesce(is_return, false) as is_return,
        cast(sum(case when is_opening then 1 else 0 end) over {{ rows_until() }} as integer)
            as episode_seq,
        case
            when is_opening and not coalesce(is_return, false) then 'open'
            when is_entry then to_state
            when move = 'state' then to_state
        end as sets_state
    from judged
)

select
    *,
    last_value(sets_state ignore nulls) over {{ rows_until() }} as state
from counted
