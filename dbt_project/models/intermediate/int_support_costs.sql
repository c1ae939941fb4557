-- What support cost, by local month, kind and team; a cost without a team is of the whole.
with

support_costs as (
    select * from {{ ref('stg_files__support_costs') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

dated as (
    select
        support_costs.source,
        {{ month_of_text('support_costs.month') }} as month_start,
        {{ utc_instant(month_of_text('support_costs.month'), 'account.timezone') }} as booked_at,
        support_costs.kind,
        {{ segment_text('support_costs.team') }} as team,
        support_costs.amount,
        account.data_as_of
    from support_costs
    cross join account
)

select
    source,
    month_start,
    booked_at,
    kind,
    team,
    amount
from dated
where booked_at < data_as_of
