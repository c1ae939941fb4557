-- WooCommerce has no date of cancellation: it is when the first version that is cancelled was
-- changed, after the last version that was neither cancelled nor given back.
{{ config(materialized='incremental', unique_key='source, order_key') }}

with

documents as (
    {{ newest_documents(source('landed', 'woocommerce_orders')) }}
),

versions as (
    select
        source,
        _key as order_key,
        row_rank,
        {{ json_text('payload', '$.status') }} as status,
        {{ utc_instant_of('payload', '$.date_modified_gmt') }} as modified_at
    from documents
    where not _is_deleted
),

alive as (
    select
        source,
        order_key,
        min(row_rank) as row_rank
    from versions
    where status not in ('cancelled', 'refunded', 'trash')
    group by source, order_key
),

cancelled as (
    select
        versions.source,
        versions.order_key,
        min(versions.modified_at) as cancelled_at
    from versions
    left join alive
        on versions.source = alive.source and versions.order_key = alive.order_key
    where versions.status = 'cancelled'
        and (alive.row_rank is null or versions.row_rank < alive.row_rank)
    group by versions.source, versions.order_key
)

select * from cancelled
