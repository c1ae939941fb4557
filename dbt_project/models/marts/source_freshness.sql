{{ config(tags='live') }}
-- How fresh each source is: what it landed last, and how far its data reaches behind the newest
-- source. Stale: more than two days behind what the models see, or never loaded. What tells of no
-- ticket and no order has no end that could lie behind.
with

dim_sources as (
    select * from {{ ref('dim_sources') }}
),

account as (
    select * from {{ ref('dim_accounts') }}
)

select
    dim_sources.source,
    dim_sources.kind,
    dim_sources.loaded_at,
    dim_sources.last_instant_at,
    dim_sources.rows_loaded,
    dim_sources.quarantined_rows,
    coalesce(
        {{ add_seconds('dim_sources.last_instant_at', '172800') }} < account.data_as_of,
        dim_sources.loaded_at is null
    ) as is_stale,
    account.data_as_of
from dim_sources
cross join account
