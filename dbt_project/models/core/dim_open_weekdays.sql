-- One row a schedule and weekday on which it opens, holidays aside.
with

intervals as (
    select * from {{ ref('int_schedule_intervals') }}
),

account as (
    select * from {{ ref('int_accounts') }}
)

select distinct
    intervals.schedule,
    cast({{ iso_weekday(local_date('intervals.start_at', 'account.timezone')) }} as integer)
        as iso_weekday
from intervals
cross join account
