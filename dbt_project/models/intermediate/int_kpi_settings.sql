-- What bookbag.toml says differently of a KPI.
with

kpi_settings as (
    select * from {{ ref('stg_bookbag__kpi_settings') }}
)

select * from kpi_settings
