-- Goals and thresholds as the account hands them over, effective-dated.
with

int_targets as (
    select * from {{ ref('int_targets') }}
)

select * from int_targets
