-- Whether a ticket stood resolved when its resolution window was over, or stands so by data_as_of if
-- the window still runs (V3).
with

timeline as (
    select * from {{ changed('int_timeline') }}
),

tickets as (
    select * from {{ changed('int_tickets') }}
    where first_customer_message_at is not null
),

account as (
    select * from {{ ref('int_accounts') }}
),

within as (
    select
        timeline.ticket_key,
        {{ value_at_last('timeline.state', 'timeline.row_no') }} as state_after
    from timeline
    inner join tickets on timeline.ticket_key = tickets.ticket_key
    cross join account
    where timeline.state is not null
        and timeline.occurred_at
        <= {{ add_seconds('tickets.first_customer_message_at', 'account.resolution_window_s') }}
    group by timeline.ticket_key
)

select
    ticket_key,
    state_after in ('resolved', 'closed') as is_resolved_in_window
from within
