-- One row a countable ticket and local month in which it got a reply or a resolve, by the first (E7).
with

timeline as (
    select * from {{ changed('int_timeline') }}
    where kind in ('ai_reply', 'human_reply')
),

resolves as (
    select * from {{ changed('fct_resolves') }}
),

tickets as (
    select * from {{ changed('fct_tickets') }}
    where is_countable
),

account as (
    select * from {{ ref('int_accounts') }}
),

touches as (
    select
        ticket_key,
        occurred_at as touched_at
    from timeline

    union all

    select
        ticket_key,
        resolved_at as touched_at
    from resolves
),

by_month as (
    select
        touches.ticket_key,
        {{ month_start(local_date('touches.touched_at', 'account.timezone')) }} as month_start,
        min(touches.touched_at) as first_touched_at
    from touches
    cross join account
    group by touches.ticket_key, {{ month_start(local_date('touches.touched_at', 'account.timezone')) }}
),

joined as (
    select
        by_month.ticket_key,
        by_month.month_start,
        by_month.first_touched_at,
        tickets.handling,
        tickets.handling_side,
        tickets.channel,
        tickets.category,
        tickets.team,
        tickets.customer_segment,
        tickets.is_high_value
    from by_month
    inner join tickets on by_month.ticket_key = tickets.ticket_key
)

select * from joined
