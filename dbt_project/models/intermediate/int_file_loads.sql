-- The newest load of each file, as its source counts it.
with

file_loads as (
    select * from {{ ref('stg_files__file_loads') }}
)

select * from file_loads
