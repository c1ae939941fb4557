{{ config(tags='live') }}
-- Unit cost per side and local date, over the dates that resolves fall on; of rates that overlap the
-- one that began last holds.
with

cost_rates as (
    select * from {{ ref('stg_files__cost_rates') }}
),

episodes as (
    select * from {{ ref('int_episodes') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

resolve_dates as (
    select distinct {{ local_date('episodes.resolved_at', 'account.timezone') }} as rate_on
    from episodes
    cross join account
    where episodes.resolved_at is not null
),

matched as (
    select
        resolve_dates.rate_on,
        cost_rates.handling,
        cost_rates.unit_cost,
        row_number() over (
            partition by resolve_dates.rate_on, cost_rates.handling
            order by cost_rates.valid_from desc, cost_rates.unit_cost desc
        ) as recency
    from resolve_dates
    inner join cost_rates
        on resolve_dates.rate_on >= cost_rates.valid_from
        and (cost_rates.valid_to is null or resolve_dates.rate_on <= cost_rates.valid_to)
)

select
    rate_on,
    handling,
    cast(unit_cost as double) as unit_cost
from matched
where recency = 1
