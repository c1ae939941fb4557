{{ config(tags='live') }}
-- One row a source: what it can say, how far it reaches and how much of it is set aside.
with

sources as (
    select * from {{ ref('int_sources') }}
),

declared as (
    select * from {{ ref('int_declared_sources') }}
),

file_loads as (
    select * from {{ ref('int_file_loads') }}
),

quarantine as (
    select * from {{ ref('int_quarantine') }}
),

loaded as (
    select
        source,
        max(loaded_at) as loaded_at,
        sum(rows_good) as rows_loaded,
        count(*) as files
    from file_loads
    group by source
),

set_aside as (
    select
        source,
        sum(quarantined_rows) as quarantined_rows
    from quarantine
    group by source
)

select
    declared.source,
    declared.kind,
    loaded.loaded_at,
    sources.loaded_until_at as last_instant_at,
    cast(coalesce(loaded.rows_loaded, 0) as bigint) as rows_loaded,
    cast(coalesce(set_aside.quarantined_rows, 0) as bigint) as quarantined_rows,
    cast(coalesce(loaded.files, 0) as bigint) as files,
    coalesce(sources.has_tickets, false) as has_tickets,
    coalesce(sources.has_orders, false) as has_orders
from declared
left join sources on declared.source = sources.source
left join loaded on declared.source = loaded.source
left join set_aside on declared.source = set_aside.source
