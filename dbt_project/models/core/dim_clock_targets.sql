-- What within_target measures against, by KPI and local date.
with

int_clock_targets as (
    select * from {{ ref('int_clock_targets') }}
)

select * from int_clock_targets
