{{ config(materialized='incremental', unique_key='source, refund_id') }}

with

refund_documents as (
    {{ newest_documents(source('landed', 'woocommerce_refunds')) }}
),

read as (
    select
        source,
        _key as refund_id,
        {{ utc_instant_of('payload', '$.date_created_gmt') }} as refunded_at,
        try_cast({{ json_text('payload', '$.amount') }} as decimal(18, 4)) as amount,
        nullif(trim({{ json_text('payload', '$.reason') }}), '') as reason,
        loaded_at
    from refund_documents
    where row_rank = 1
)

select * from read
