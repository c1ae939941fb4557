-- What support cost, dated by the start of its month, or of the data if they begin in it; a cost
-- without a team belongs to the whole only.
with

support_costs as (
    select * from {{ ref('int_support_costs') }}
),

account as (
    select
        *,
        least(tickets_first_loaded_at, orders_first_loaded_at) as first_loaded_at
    from {{ ref('int_accounts') }}
)

select
    support_costs.source,
    case
        when cast(support_costs.month_start as date)
            = {{ month_start(local_date('account.first_loaded_at', 'account.timezone')) }}
            then account.first_loaded_at
        else support_costs.booked_at
    end as booked_at,
    support_costs.kind,
    support_costs.amount,
    support_costs.team,
    {{ no_segments(['handling', 'handling_side', 'channel', 'category', 'customer_segment']) }},
    false as is_high_value
from support_costs
cross join account
