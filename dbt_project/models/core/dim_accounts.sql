{{ config(tags='live') }}
-- One row: whose numbers these are, what their data can say, and the rhythm of their customers.
with

int_accounts as (
    select * from {{ ref('int_accounts') }}
),

order_rhythm as (
    select * from {{ ref('int_order_rhythm') }}
)

select
    int_accounts.*,
    order_rhythm.contact_lag_s,
    order_rhythm.order_gap_s,
    order_rhythm.churn_after_s
from int_accounts
cross join order_rhythm
