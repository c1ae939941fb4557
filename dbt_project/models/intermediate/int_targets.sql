-- Targets as handed over, effective-dated.
with

targets as (
    select * from {{ ref('stg_files__targets') }}
)

select * from targets
