-- One row: whose numbers these are, and what their data can say.
with

int_accounts as (
    select * from {{ ref('int_accounts') }}
)

select * from int_accounts
