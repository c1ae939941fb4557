{{ config(tags='live') }}
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

support_costs as (
    select * from {{ ref('stg_files__support_costs') }}
),

time_entries as (
    select * from {{ ref('int_source_time_entries') }}
    where {{ is_seen('started_at') }}
),

rosters as (
    select * from {{ ref('stg_files__rosters') }}
),

nps_responses as (
    select * from {{ ref('stg_files__nps_responses') }}
    where {{ is_seen('responded_at') }}
),

qa_reviews as (
    select * from {{ ref('stg_files__qa_reviews') }}
    where {{ is_seen('reviewed_at') }}
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
        not {{ any_true('not has_handoff_reasons') }} as has_handoff_reasons,
        {{ any_true('has_csat') }} as has_csat,
        {{ any_true('has_orders') }} as has_orders,
        {{ any_true('has_order_lines') }} as has_order_lines,
        {{ any_true('has_recommendations') }} as has_recommendations,
        {{ any_true('has_recovery_tags') }} as has_recovery_tags
    from sources
),

told_alerts as (
    select * from {{ ref('stg_bookbag__told_alerts') }}
),

built_account as (
    select * from {{ ref('stg_bookbag__built_account') }}
),

given as (
    select
        (select count(*) from schedules) > 0 as has_schedules,
        (select count(*) from cost_rates) > 0 as has_cost_rates,
        (select count(*) from support_costs) > 0 as has_support_costs,
        (select count(*) from time_entries) > 0 as has_time_entries,
        (select count(*) from rosters) > 0 as has_roster,
        (select count(*) from nps_responses) > 0 as has_nps,
        (select count(*) from qa_reviews) > 0 as has_qa_reviews,
        (select count(*) from told_alerts) > 0 as has_notifications
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
        built_account.data_as_of as built_until_at,
        reach.tickets_first_loaded_at,
        reach.orders_first_loaded_at,
        reach.has_tickets,
        reach.has_messages,
        reach.has_replies,
        reach.has_events,
        reach.has_resolves,
        reach.has_reopens,
        reach.has_surveys,
        reach.has_handoff_reasons,
        reach.has_csat,
        reach.has_orders,
        reach.has_order_lines,
        reach.has_recommendations,
        reach.has_recovery_tags,
        reach.has_messages or reach.has_events or given.has_time_entries as has_handle_times,
        given.has_schedules,
        given.has_cost_rates,
        given.has_support_costs,
        given.has_roster,
        given.has_nps,
        given.has_qa_reviews,
        given.has_notifications
    from account
    cross join reach
    cross join given
    left join built_account on true
)

select * from joined
