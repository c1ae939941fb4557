-- One row a survey sent on a ticket, with whether the ticket was rated within 7 days of it (Q2).
with

ticket_events as (
    select * from {{ changed('int_ticket_events') }}
    where event_type = 'survey_sent'
),

tickets as (
    select * from {{ changed('fct_tickets') }}
    where is_countable
),

ratings as (
    select * from {{ changed('fct_csat_ratings') }}
    where is_counted
),

answered as (
    select distinct ticket_events.event_key
    from ticket_events
    inner join ratings on ticket_events.ticket_key = ratings.ticket_key
    where ratings.first_rated_at >= ticket_events.occurred_at
        and ratings.first_rated_at <= {{ add_seconds('ticket_events.occurred_at', 7 * 86400) }}
),

joined as (
    select
        ticket_events.event_key as survey_key,
        ticket_events.ticket_key,
        tickets.ticket_id,
        tickets.source,
        ticket_events.occurred_at as sent_at,
        answered.event_key is not null as has_response_7d,
        tickets.handling,
        tickets.handling_side,
        tickets.channel,
        tickets.category,
        tickets.team,
        tickets.customer_segment,
        tickets.is_high_value
    from ticket_events
    inner join tickets on ticket_events.ticket_key = tickets.ticket_key
    left join answered on ticket_events.event_key = answered.event_key
)

select * from joined
