-- V9: unresolved(d) = unresolved(d − 1) + opened + returned from resolved − resolves. Backlog is
-- summed from state spans, the flows from the tickets' timelines.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where grain = 'day' and handling = 'all' and channel = 'all' and category = 'all'
        and team = 'all' and customer_segment = 'all'
),

timeline as (
    select
        *,
        lag(state) over (partition by ticket_key order by row_no) as state_before
    from {{ ref('int_timeline') }}
),

tickets as (
    select * from {{ ref('fct_tickets') }}
    where is_countable
),

sources as (
    select * from {{ ref('int_sources') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

-- Tickets of a source that gives no resolves are created, but in no backlog.
left_out as (
    select
        {{ local_date('tickets.first_customer_message_at', 'account.timezone') }} as day,
        count(*) as tickets
    from tickets
    inner join sources on tickets.source = sources.source
    cross join account
    where not sources.has_resolves
    group by {{ local_date('tickets.first_customer_message_at', 'account.timezone') }}
),

returned as (
    select
        {{ local_date('timeline.occurred_at', 'account.timezone') }} as day,
        count(*) as returns
    from timeline
    inner join tickets on timeline.ticket_key = tickets.ticket_key
    cross join account
    where timeline.state_before in ('resolved', 'closed')
        and timeline.state not in ('resolved', 'closed')
    group by {{ local_date('timeline.occurred_at', 'account.timezone') }}
),

days as (
    select
        cast(period_start as date) as day,
        max(case when kpi = 'backlog' and stat = 'unresolved' then value end) as unresolved,
        max(case when kpi = 'tickets_created' and stat = 'count' then value end) as opened,
        max(case when kpi = 'tickets_resolved' and stat = 'events' then value end) as resolves
    from kpi_values
    group by cast(period_start as date)
),

moved as (
    select
        days.day,
        days.unresolved,
        lag(days.unresolved) over (order by days.day) as unresolved_before,
        days.opened - coalesce(left_out.tickets, 0) as opened,
        coalesce(returned.returns, 0) as returns,
        days.resolves
    from days
    left join returned on days.day = returned.day
    left join left_out on days.day = left_out.day
    where days.unresolved is not null
),

broken as (
    select * from moved
    where unresolved <> unresolved_before + opened + returns - resolves
)

select * from broken
