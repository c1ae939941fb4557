{{ config(tags='live') }}
-- One row: whose figures these are and up to when.
with

account as (
    select * from {{ ref('dim_accounts') }}
)

select
    account_id,
    timezone,
    currency,
    week_start,
    ai_launch_date,
    ai_coverage_complete_from,
    tickets_first_loaded_at,
    orders_first_loaded_at,
    data_as_of,
    code_version
from account
