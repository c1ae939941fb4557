{{ config(tags='live') }}
-- One row a source: what it can say. A flag that is false makes the judgements that need it NULL.
with

coverage as (
    select * from {{ ref('int_coverage') }}
),

account as (
    select * from {{ ref('stg_bookbag__account') }}
),

syncs as (
    select * from {{ ref('stg_bookbag__syncs') }}
),

flagged as (
    select
        coverage.source,
        coverage.has_tickets,
        coverage.has_ticket_rows,
        coverage.has_messages,
        coverage.has_events,
        coverage.has_resolve_events,
        coverage.has_resolves,
        coverage.has_surveys,
        coverage.has_handoff_reasons,
        coverage.has_csat,
        coverage.has_orders,
        coverage.has_order_rows,
        coverage.has_payments,
        coverage.has_order_lines,
        coverage.has_recommendations,
        coverage.has_recovery_tags,
        coverage.has_messages or coverage.has_first_replies as has_replies,
        coverage.has_resolves and (coverage.has_messages or coverage.has_events) as has_reopens,
        case when coverage.has_tickets then coalesce(
            {{ utc_instant('cast(coverage.start_date as timestamp)', 'account.timezone') }},
            coverage.first_at
        ) end as tickets_first_loaded_at,
        case when coverage.has_orders then coalesce(
            {{ utc_instant('cast(coverage.start_date as timestamp)', 'account.timezone') }},
            coverage.first_at
        ) end as orders_first_loaded_at,
        -- An API is known up to the start of its last whole sync, files up to their last row (K10).
        coalesce(syncs.synced_at, coverage.last_at) as loaded_until_at
    from coverage
    cross join account
    left join syncs on coverage.source = syncs.source
)

select * from flagged
