-- The tickets of live_queue that need us are V9's and V10's last day: as many, and as old. Not judged
-- where a state begins or ends just at a midnight that is data_as_of: the queue knows what happens
-- at that very instant, the day that ends with it does not (K9).
with

live_queue as (
    select * from {{ ref('live_queue') }}
    where state in ('new', 'open')
),

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where grain = 'day'
        and handling = 'all' and channel = 'all' and category = 'all' and team = 'all'
        and customer_segment = 'all'
),

state_intervals as (
    select * from {{ ref('fct_state_intervals') }}
),

account as (
    select * from {{ ref('dim_accounts') }}
    where has_resolves
),

last_day as (
    select date_trunc('day', {{ local_time('data_as_of', 'timezone') }} - interval '1' microsecond)
        as day_start
    from account
    where {{ local_time('data_as_of', 'timezone') }}
        <> date_trunc('day', {{ local_time('data_as_of', 'timezone') }})
        or data_as_of not in (
            select valid_from from state_intervals
            union all
            select valid_to from state_intervals
            where valid_to is not null
        )
),

backlog as (
    select
        max(case when kpi_values.kpi = 'backlog' and kpi_values.stat = 'count'
            then kpi_values.value end) as tickets,
        max(case when kpi_values.kpi = 'backlog_age' and kpi_values.stat = 'mean'
            then kpi_values.value end) as mean_age_s,
        max(case when kpi_values.kpi = 'backlog_age' and kpi_values.stat = 'max_biz'
            then kpi_values.value end) as max_age_biz_s
    from kpi_values
    inner join last_day on kpi_values.period_start = last_day.day_start
),

queue as (
    select
        count(*) as tickets,
        avg(age_s) as mean_age_s,
        max(age_biz_s) as max_age_biz_s
    from live_queue
),

broken as (
    select
        backlog.*,
        queue.tickets as queue_tickets,
        queue.mean_age_s as queue_mean_age_s,
        queue.max_age_biz_s as queue_max_age_biz_s
    from last_day
    cross join backlog
    cross join queue
    where coalesce(backlog.tickets, -1) <> queue.tickets
        or abs(coalesce(backlog.mean_age_s, -1) - coalesce(queue.mean_age_s, -1)) > 0.001
        or coalesce(backlog.max_age_biz_s, -1) <> coalesce(queue.max_age_biz_s, -1)
)

select * from broken
