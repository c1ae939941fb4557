-- The status of each ticket as its helpdesk shows it: a row a change, with the state before and after,
-- from its creation to data_as_of. Unlike int_timeline it has tickets that were merged away, keeps to
-- a ticket's own events, and begins before the customer speaks.
with

tickets as (
    select * from {{ changed('int_tickets') }}
),

messages as (
    select * from {{ changed('int_messages') }}
),

ticket_events as (
    select * from {{ changed('int_ticket_events') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

changes as (
    select
        ticket_key, 0 as instant_class, started_at as raw_at, null as seq, -1 as event_rank,
        ticket_key as row_key, 'created' as kind, 'open' as to_state
    from tickets
    where started_at is not null

    union all

    select
        {{ surrogate_key(['source', 'account_id', 'source_ticket_id']) }} as ticket_key,
        0 as instant_class, sent_at as raw_at, seq, 0 as event_rank,
        source_id as row_key, 'customer' as kind, 'open' as to_state
    from messages
    where is_customer_message

    union all

    select
        ticket_key, 1 as instant_class, occurred_at as raw_at, seq,
        {{ event_rank('event_type', 'to_state') }} as event_rank, source_id as row_key,
        case
            when to_state in ('resolved', 'closed') then 'resolve'
            when to_state is not null then 'state'
            when event_type = 'handoff' then 'handoff'
            when event_type = 'restored' then 'restore'
            else 'delete'
        end as kind,
        to_state
    from ticket_events
    where to_state is not null
        or event_type in ('trashed', 'deleted', 'restored')
        or (event_type = 'handoff' and coalesce(actor_kind, 'unknown') <> 'human_agent')

    union all

    select
        tickets.ticket_key, 2 as instant_class, account.data_as_of as raw_at, null as seq,
        0 as event_rank, tickets.ticket_key as row_key, 'now' as kind, null as to_state
    from tickets
    cross join account
),

-- What a skewed clock puts before the creation stands at it; durations read what was said.
placed as (
    select
        changes.*,
        greatest(changes.raw_at, tickets.started_at) as occurred_at
    from changes
    inner join tickets on changes.ticket_key = tickets.ticket_key
),

ordered as (
    select
        *,
        row_number() over (
            partition by ticket_key
            order by
                occurred_at, instant_class, raw_at, seq nulls last, event_rank, row_key
        ) as row_no
    from placed
),

preceded as (
    select
        *,
        coalesce(
            last_value(case when kind in ('customer', 'resolve', 'state') then kind end ignore nulls)
                over {{ rows_before() }} = 'resolve',
            false
        ) as is_resolved_before
    from ordered
),

-- A customer's message reopens what is resolved; what else it does to a status, the source says.
moved as (
    select
        *,
        case when kind <> 'customer' or is_resolved_before then to_state end as sets_state
    from preceded
),

stated as (
    select
        *,
        last_value(sets_state ignore nulls) over {{ rows_before() }} as state_before,
        last_value(sets_state ignore nulls) over {{ rows_until() }} as state,
        coalesce(
            last_value(case when kind in ('delete', 'restore') then kind end ignore nulls)
                over {{ rows_until() }} = 'delete',
            false
        ) as is_in_trash,
        lead(occurred_at) over (partition by ticket_key order by row_no) as next_at
    from moved
),

judged as (
    select
        ticket_key,
        row_no,
        occurred_at,
        raw_at,
        next_at,
        kind,
        to_state,
        state,
        is_in_trash,
        kind = 'resolve' and not is_resolved_before as is_entry,
        kind in ('customer', 'state') and is_resolved_before as is_return,
        kind = 'resolve' and to_state <> coalesce(state_before, 'none') as is_change
    from stated
)

select * from judged
