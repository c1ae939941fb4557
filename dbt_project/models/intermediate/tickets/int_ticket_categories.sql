-- Category of a ticket over time, where its events tell; before the first of them what that event
-- says it was, else what the ticket has now.
with

ticket_events as (
    select * from {{ changed('int_ticket_events') }}
    where event_type = 'category_set'
),

tickets as (
    select * from {{ changed('int_tickets') }}
),

ordered as (
    select
        ticket_key,
        occurred_at,
        {{ segment_text('from_value') }} as category_before,
        coalesce({{ segment_text('to_value') }}, 'uncategorised') as category,
        row_number() over (
            partition by ticket_key order by occurred_at, seq nulls last, source_id
        ) as event_order,
        lead(occurred_at) over (
            partition by ticket_key order by occurred_at, seq nulls last, source_id
        ) as next_at
    from ticket_events
),

spans as (
    select
        ticket_key,
        category,
        occurred_at as valid_from,
        next_at as valid_to
    from ordered

    union all

    select
        ordered.ticket_key,
        coalesce(ordered.category_before, tickets.category) as category,
        cast(null as timestamptz) as valid_from,
        ordered.occurred_at as valid_to
    from ordered
    inner join tickets on ordered.ticket_key = tickets.ticket_key
    where ordered.event_order = 1
)

select * from spans
