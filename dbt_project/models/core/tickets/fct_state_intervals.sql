-- One row a ticket and state span: the only source for backlog and time in state (trap X8).
with

timeline as (
    select * from {{ changed('int_timeline') }}
    where sets_state is not null
),

tickets as (
    select * from {{ changed('fct_tickets') }}
),

-- Entering the state it is in is nothing.
changes as (
    select
        *,
        lag(sets_state) over (partition by ticket_key order by row_no) as state_before
    from timeline
),

entered as (
    select *
    from changes
    where state_before is null or state_before <> sets_state
),

spans as (
    select
        ticket_key,
        row_no,
        sets_state as state,
        occurred_at as valid_from,
        lead(occurred_at) over (partition by ticket_key order by row_no) as valid_to
    from entered
),

joined as (
    select
        spans.ticket_key,
        tickets.ticket_id,
        tickets.source,
        spans.state,
        spans.valid_from,
        spans.valid_to,
        tickets.is_countable,
        tickets.handling,
        tickets.handling_side,
        tickets.channel,
        tickets.category,
        tickets.team,
        tickets.customer_segment,
        tickets.is_high_value
    from spans
    inner join tickets on spans.ticket_key = tickets.ticket_key
    where spans.valid_to is null or spans.valid_to > spans.valid_from
)

select * from joined
