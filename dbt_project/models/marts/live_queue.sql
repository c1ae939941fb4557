{{ config(tags='live') }}
-- What is unresolved at data_as_of, one row a ticket. Where no source says when a ticket is resolved
-- nobody knows what is open, and there are no rows.
with

fct_queue as (
    select * from {{ ref('fct_queue') }}
),

account as (
    select * from {{ ref('dim_accounts') }}
    where has_resolves
)

select
    fct_queue.ticket_id,
    fct_queue.source,
    fct_queue.state,
    fct_queue.channel,
    fct_queue.category,
    fct_queue.team,
    fct_queue.priority,
    fct_queue.handling,
    fct_queue.customer_segment,
    fct_queue.assignee_key as assignee,
    fct_queue.opened_at,
    fct_queue.waiting_since_at,
    fct_queue.age_s,
    fct_queue.age_biz_s,
    fct_queue.target_s,
    fct_queue.is_breached,
    account.data_as_of
from fct_queue
cross join account
