-- What each source says at all, and over which span. A run with an as_of sees no later rows (K10).
with

tickets as (
    select
        source,
        count(*) as tickets,
        count(first_reply_at) as first_replies,
        count(resolved_at) as resolves,
        min(least(created_at, updated_at, first_reply_at, resolved_at, deleted_at)) as first_at,
        max(greatest(created_at, updated_at, first_reply_at, resolved_at, deleted_at)) as last_at
    from {{ ref('int_source_tickets') }}
    where {{ is_seen('created_at') }}
    group by source
),

messages as (
    select
        source,
        count(*) as messages,
        {{ count_if("recommended_skus <> '[]'") }} as recommendations,
        min(sent_at) as first_at,
        max(sent_at) as last_at
    from {{ ref('int_source_messages') }}
    where {{ is_seen('sent_at') }}
    group by source
),

ticket_events as (
    select
        source,
        count(*) as events,
        {{ count_if("event_type in ('resolved', 'closed')
            or (event_type = 'status_changed' and to_value in ('solved', 'resolved', 'closed'))") }}
            as resolves,
        {{ count_if("event_type = 'survey_sent'") }} as surveys,
        {{ count_if("event_type = 'handoff'") }} as handoffs,
        {{ count_if("event_type = 'handoff' and coalesce(to_value, reason) is not null") }}
            as handoff_reasons,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from {{ ref('int_source_ticket_events') }}
    where {{ is_seen('occurred_at') }}
    group by source
),

csat_responses as (
    select
        source,
        count(*) as ratings,
        min(least(rated_at, survey_sent_at)) as first_at,
        max(rated_at) as last_at
    from {{ ref('int_source_csat_responses') }}
    where {{ is_seen('rated_at') }}
    group by source
),

orders as (
    select
        source,
        count(*) as orders,
        count(paid_at) as payments,
        min(least(placed_at, paid_at, cancelled_at, updated_at)) as first_at,
        max(greatest(placed_at, paid_at, cancelled_at, updated_at)) as last_at
    from {{ ref('int_source_orders') }}
    where {{ is_seen('placed_at') }}
    group by source
),

order_lines as (
    select
        source,
        count(*) as line_rows,
        count(placed_at) as lines,
        min(placed_at) as first_at,
        max(placed_at) as last_at
    from {{ ref('int_source_order_lines') }}
    where {{ is_seen('placed_at') }}
    group by source
),

refunds as (
    select
        source,
        min(refunded_at) as first_at,
        max(refunded_at) as last_at
    from {{ ref('int_source_refunds') }}
    where {{ is_seen('refunded_at') }}
    group by source
),

recovery_tags as (
    select distinct source from {{ ref('int_source_recovery_tags') }}
),

sources as (
    select
        source,
        timezone,
        start_date
    from {{ ref('stg_bookbag__sources') }}
),

joined as (
    select
        sources.source,
        coalesce(tickets.tickets, 0) > 0 or coalesce(ticket_events.events, 0) > 0
            or coalesce(messages.messages, 0) > 0 as has_tickets,
        coalesce(tickets.tickets, 0) > 0 as has_ticket_rows,
        coalesce(messages.messages, 0) > 0 as has_messages,
        coalesce(tickets.first_replies, 0) > 0 as has_first_replies,
        coalesce(ticket_events.events, 0) > 0 as has_events,
        coalesce(ticket_events.resolves, 0) > 0 as has_resolve_events,
        coalesce(ticket_events.resolves, 0) > 0 or coalesce(tickets.resolves, 0) > 0
            as has_resolves,
        coalesce(ticket_events.surveys, 0) > 0 as has_surveys,
        coalesce(ticket_events.handoffs, 0) = 0 or ticket_events.handoff_reasons > 0
            as has_handoff_reasons,
        coalesce(csat_responses.ratings, 0) > 0 as has_csat,
        coalesce(orders.orders, 0) > 0 or coalesce(order_lines.lines, 0) > 0 as has_orders,
        coalesce(orders.orders, 0) > 0 as has_order_rows,
        coalesce(orders.payments, 0) > 0 as has_payments,
        coalesce(order_lines.line_rows, 0) > 0 as has_order_lines,
        coalesce(messages.recommendations, 0) > 0 as has_recommendations,
        recovery_tags.source is not null as has_recovery_tags,
        least(
            tickets.first_at, messages.first_at, ticket_events.first_at, csat_responses.first_at,
            orders.first_at, order_lines.first_at, refunds.first_at
        ) as first_at,
        greatest(
            tickets.last_at, messages.last_at, ticket_events.last_at, csat_responses.last_at,
            orders.last_at, order_lines.last_at, refunds.last_at
        ) as last_at,
        sources.timezone,
        sources.start_date
    from sources
    left join tickets on sources.source = tickets.source
    left join messages on sources.source = messages.source
    left join ticket_events on sources.source = ticket_events.source
    left join csat_responses on sources.source = csat_responses.source
    left join orders on sources.source = orders.source
    left join order_lines on sources.source = order_lines.source
    left join refunds on sources.source = refunds.source
    left join recovery_tags on sources.source = recovery_tags.source
)

select * from joined
