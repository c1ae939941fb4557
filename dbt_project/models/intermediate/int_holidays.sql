{{ config(tags='live') }}
-- Days on which a schedule is closed.
with

holidays as (
    select * from {{ ref('stg_files__holidays') }}
)

select * from holidays
