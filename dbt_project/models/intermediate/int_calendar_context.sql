-- What is known to move the numbers: peaks, promos, closures, outages, launches (local dates).
with

calendar_context as (
    select * from {{ ref('stg_files__calendar_context') }}
)

select * from calendar_context
