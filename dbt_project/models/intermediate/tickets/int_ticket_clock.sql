-- The business clock of each ticket: open seconds passed since its first row, each gap measured by the
-- schedule in force in it (K3). NULL where any of its time has no schedule.
with

timeline_rows as (
    select * from {{ changed('int_timeline_rows') }}
),

tickets as (
    select * from {{ changed('int_tickets') }}
),

hours as (
    select * from {{ ref('int_schedule_hours') }}
),

schedules as (
    select distinct schedule
    from hours
),

only_one as (
    select
        max(case when schedule = 'default' then schedule end) as default_schedule,
        case when count(*) = 1 then min(schedule) end as sole_schedule
    from schedules
),

initial as (
    select
        tickets.ticket_key,
        coalesce(schedules.schedule, only_one.default_schedule, only_one.sole_schedule) as schedule
    from tickets
    cross join only_one
    left join schedules on tickets.team = schedules.schedule
),

set_rows as (
    select
        timeline_rows.ticket_key,
        timeline_rows.row_no,
        timeline_rows.occurred_at,
        initial.schedule as initial_schedule,
        last_value(
            case when timeline_rows.kind = 'schedule_set' then timeline_rows.to_value end
            ignore nulls
        ) over (
            partition by timeline_rows.ticket_key
            order by timeline_rows.row_no
            rows between unbounded preceding and current row
        ) as schedule_set
    from timeline_rows
    inner join initial on timeline_rows.ticket_key = initial.ticket_key
),

scheduled as (
    select
        ticket_key,
        row_no,
        occurred_at,
        coalesce(schedule_set, initial_schedule) as schedule,
        lag(coalesce(schedule_set, initial_schedule)) over (
            partition by ticket_key order by row_no
        ) as schedule_before
    from set_rows
),

-- A condition on one side of an outer join is compared row by row; a key that is NULL is not.
switched as (
    select
        *,
        case when schedule_before <> schedule then schedule_before end as switched_from
    from scheduled
),

clocked as (
    select
        scheduled.ticket_key,
        scheduled.row_no,
        scheduled.schedule,
        scheduled.schedule_before,
        {{ open_seconds_at('scheduled.occurred_at', 'hours') }} as schedule_open_s,
        case
            when scheduled.schedule_before is null then 0
            when scheduled.schedule_before = scheduled.schedule
                then {{ open_seconds_at('scheduled.occurred_at', 'hours') }}
            else {{ open_seconds_at('scheduled.occurred_at', 'hours_before') }}
        end as schedule_before_open_s
    from switched as scheduled
    left join hours
        on scheduled.schedule = hours.schedule
        and {{ hour_start('scheduled.occurred_at') }} = hours.hour_at
    left join hours as hours_before
        on scheduled.switched_from = hours_before.schedule
        and {{ hour_start('scheduled.occurred_at') }} = hours_before.hour_at
),

stepped as (
    select
        *,
        case
            when schedule_before is null then 0
            else schedule_before_open_s - lag(schedule_open_s) over (
                partition by ticket_key order by row_no
            )
        end as passed_s,
        max(case when schedule_open_s is null then 1 else 0 end) over (partition by ticket_key)
            as is_unscheduled
    from clocked
),

accumulated as (
    select
        ticket_key,
        row_no,
        schedule,
        schedule_open_s,
        case
            when is_unscheduled = 0 then cast(sum(passed_s) over {{ rows_until() }} as bigint)
        end as biz_clock_s
    from stepped
)

select * from accumulated
