-- Where every landed row went, by source, entity and reason.
with

fct_reconciliation as (
    select * from {{ ref('fct_reconciliation') }}
)

select * from fct_reconciliation
