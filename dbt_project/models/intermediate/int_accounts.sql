-- One row: the settings of bookbag.toml with "now" as the models know it (K10) and what any source
-- can say.
with

account as (
    select * from {{ ref('stg_bookbag__account') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

schedules as (
    select * from {{ ref('stg_files__schedules') }}
),

cost_rates as (
    select * from {{ ref('stg_files__cost_rates') }}
),

reach as (
    select
        min(case when has_tickets or has_orders then loaded_until_at end) as loaded_until_at,
        max(tickets_first_loaded_at) as tickets_first_loaded_at,
        max(orders_first_loaded_at) as orders_first_loaded_at,
        {{ any_true('has_tickets') }} as has_tickets,
        {{ any_true('has_messages') }} as has_messages,
        {{ any_true('has_replies') }} as has_replies,
        {{ any_true('has_events') }} as has_events,
        {{ any_true('has_resolves') }} as has_resolves,
        {{ any_true('has_reopens') }} as has_reopens,
        {{ any_true('has_surveys') }} as has_surveys,
        {{ any_true('has_csat') }} as has_csat,
        {{ any_true('has_orders') }} as has_orders
    from sources
),

given as (
    select
        (select count(*) from schedules) > 0 as has_schedules,
        (select count(*) from cost_rates) > 0 as has_cost_rates
),

joined as (
    select
        account.account_id,
        account.timezone,
        account.currency,
        account.week_start,
        account.ai_launch_date,
        account.ai_coverage_complete_from,
        account.ai_assume_sync_s,
        account.ai_assume_async_s,
        account.resolution_window_s,
        account.fcr_window_s,
        account.recontact_window_s,
        account.recommendation_window_s,
        account.churn_window_s,
        account.fte_hours,
        account.shrinkage,
        account.min_n,
        account.code_version,
        coalesce(account.as_of, reach.loaded_until_at) as data_as_of,
        reach.tickets_first_loaded_at,
        reach.orders_first_loaded_at,
        reach.has_tickets,
        reach.has_messages,
        reach.has_replies,
        reach.has_events,
        reach.has_resolves,
        reach.has_reopens,
        reach.has_surveys,
        reach.has_csat,
        reach.has_orders,
        given.has_schedules,
        given.has_cost_rates
    from account
    cross join reach
    cross join given
)

select * from joined
