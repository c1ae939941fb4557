-- Marks of what every ticket or order hangs on: the account's settings and what its data can say, its
-- agents, hours, targets and rates, the local month (K19's segments begin with it), and the models.
with

account as (
    select * from {{ ref('int_accounts') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

agents as (
    select * from {{ ref('int_agents') }}
),

schedules as (
    select * from {{ ref('stg_files__schedules') }}
),

holidays as (
    select * from {{ ref('int_holidays') }}
),

clock_targets as (
    select * from {{ ref('int_clock_targets') }}
),

cost_rates as (
    select * from {{ ref('stg_files__cost_rates') }}
),

fx_rates as (
    select * from {{ ref('stg_files__fx_rates') }}
),

recovery_tags as (
    select * from {{ ref('map_recovery_tag') }}
),

marked as (
    select
        'account' as name,
        {{ row_mark(
            'account_id', 'timezone', 'currency', 'week_start', 'ai_launch_date',
            'ai_coverage_complete_from', 'ai_assume_sync_s', 'ai_assume_async_s',
            'resolution_window_s', 'fcr_window_s', 'recontact_window_s', 'code_version',
            'tickets_first_loaded_at', 'orders_first_loaded_at',
            month_start(local_date('data_as_of', 'timezone'))
        ) }} as mark
    from account

    union all

    select
        'source ' || source as name,
        {{ row_mark(
            'has_ticket_rows', 'has_messages', 'has_events', 'has_resolve_events', 'has_resolves',
            'has_reopens', 'has_replies', 'has_surveys', 'has_csat', 'has_order_rows', 'has_payments'
        ) }} as mark
    from sources

    union all

    select
        'agent ' || agent_key as name,
        {{ row_mark('agents') }} as mark
    from agents
    {%- for name in [
        'schedules', 'holidays', 'clock_targets', 'cost_rates', 'fx_rates', 'recovery_tags',
    ] %}

    union all

    select
        '{{ name }}' as name,
        coalesce(sum({{ row_mark(name) }}), 0) as mark
    from {{ name }}
    {%- endfor %}

    union all

    select
        'models' as name,
        {{ row_mark("'" ~ models_mark() ~ "'") }} as mark
)

select * from marked
