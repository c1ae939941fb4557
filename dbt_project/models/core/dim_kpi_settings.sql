-- What bookbag.toml says differently of a KPI.
with

int_kpi_settings as (
    select * from {{ ref('int_kpi_settings') }}
)

select * from int_kpi_settings
