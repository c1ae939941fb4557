-- Per source: the reconciliation has every ticket once, counted or excluded, and counts what ticket
-- volume counts. Else it could not explain the helpdesk's own total. That no landed ticket is lost on
-- the way to fct_tickets is a test of its own.
with

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

volumes as (
    select
        source,
        count(*) as tickets,
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
        volumes.source,
        volumes.tickets,
        volumes.tickets_countable,
        explained.rows_landed,
        explained.rows_counted,
        explained.rows_excluded
    from volumes
    left join explained on volumes.source = explained.source
    where coalesce(explained.rows_landed, 0) <> volumes.tickets
        or explained.rows_landed <> explained.rows_counted + explained.rows_excluded
        or explained.rows_counted <> volumes.tickets_countable
)

select * from broken
