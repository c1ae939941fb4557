{{ config(materialized='view', tags=[]) }}
with

touched as (
    select * from {{ ref('stg_bookbag__touched') }}
)

select * from touched
