-- Rows set aside, by what was wrong with them.
with

quarantine as (
    select * from {{ ref('stg_files__quarantine') }}
),

counted as (
    select
        source,
        entity,
        reason,
        count(*) as quarantined_rows
    from quarantine
    group by source, entity, reason
)

select * from counted
