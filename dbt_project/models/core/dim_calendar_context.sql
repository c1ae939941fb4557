-- What is known to move the numbers, with its local dates.
with

int_calendar_context as (
    select * from {{ ref('int_calendar_context') }}
)

select * from int_calendar_context
