-- Per source: the tickets that landed are those that the reconciliation counts or excludes, and it
-- counts what ticket volume counts. Else it could not explain the helpdesk's own total.
with

listed as (
    select * from {{ ref('stg_files__tickets') }}
),

ticket_events as (
    select * from {{ ref('stg_files__ticket_events') }}
),

messages as (
    select * from {{ ref('stg_files__messages') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

fct_tickets as (
    select * from {{ ref('fct_tickets') }}
),

reconciliation as (
    select * from {{ ref('reconciliation') }}
    where entity = 'tickets'
        and not is_remark
        and rows_quarantined = 0
        and reason <> 'left_out_by_mapping'
),

told_of as (
    select source, ticket_id, occurred_at as seen_at
    from ticket_events

    union all

    select source, ticket_id, sent_at as seen_at
    from messages
),

landed as (
    select source, ticket_id, created_at as seen_at
    from listed

    union all

    select told_of.source, told_of.ticket_id, told_of.seen_at
    from told_of
    inner join sources on told_of.source = sources.source
    where not sources.has_ticket_rows
),

landed_totals as (
    select
        landed.source,
        count(distinct landed.ticket_id) as tickets_landed
    from landed
    cross join account
    where landed.seen_at is null or landed.seen_at <= account.data_as_of
    group by landed.source
),

volumes as (
    select
        source,
        {{ count_if('is_countable') }} as tickets_countable
    from fct_tickets
    group by source
),

explained as (
    select
        source,
        sum(rows_landed) as rows_landed,
        sum(rows_counted) as rows_counted,
        sum(rows_excluded) as rows_excluded
    from reconciliation
    group by source
),

broken as (
    select
        landed_totals.source,
        landed_totals.tickets_landed,
        volumes.tickets_countable,
        explained.rows_landed,
        explained.rows_counted,
        explained.rows_excluded
    from landed_totals
    left join volumes on landed_totals.source = volumes.source
    left join explained on landed_totals.source = explained.source
    where coalesce(explained.rows_landed, 0) <> landed_totals.tickets_landed
        or explained.rows_landed <> explained.rows_counted + explained.rows_excluded
        or explained.rows_counted <> volumes.tickets_countable
)

select * from broken
