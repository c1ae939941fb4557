{{ config(tags='live') }}
-- One row: whose numbers these are, what their data can say, and the rhythm of their customers.
with

int_accounts as (
    select * from {{ ref('int_accounts') }}
),

order_rhythm as (
    select * from {{ ref('int_order_rhythm') }}
),

built_account as (
    select * from {{ ref('stg_bookbag__built_account') }}
)

select
    int_accounts.*,
    order_rhythm.contact_lag_s,
    order_rhythm.order_gap_s,
    order_rhythm.churn_after_s,
    built_account.data_as_of as built_until_at
from int_accounts
cross join order_rhythm
left join built_account on true
