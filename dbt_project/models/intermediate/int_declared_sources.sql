-- The sources of bookbag.toml, loaded or not.
with

sources as (
    select * from {{ ref('stg_bookbag__sources') }}
)

select * from sources
