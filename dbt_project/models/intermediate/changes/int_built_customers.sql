{{ config(materialized='view', tags=[]) }}
with

built_customers as (
    select * from {{ ref('stg_bookbag__built_customers') }}
)

select * from built_customers
