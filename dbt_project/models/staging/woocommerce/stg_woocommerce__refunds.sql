-- An order names its refunds, so one that was taken back is no more; dates are with the refunds.
with

documents as (
    select * from {{ ref('stg_woocommerce__order_documents') }}
),

refund_documents as (
    {{ newest_documents(source('landed', 'woocommerce_refunds')) }}
),

items as (
    select
        source,
        order_id,
        {{ json_items('payload', '$.refunds') }} as item
    from documents
),

named as (
    select
        source,
        order_id,
        {{ json_text('item', '$.id') }} as refund_id
    from items
),

refunds as (
    select
        source,
        _key as refund_id,
        {{ utc_instant_of('payload', '$.date_created_gmt') }} as refunded_at,
        try_cast({{ json_text('payload', '$.amount') }} as decimal(18, 4)) as amount,
        nullif(trim({{ json_text('payload', '$.reason') }}), '') as reason,
        'refund' as kind,
        loaded_at
    from refund_documents
    where row_rank = 1
),

joined as (
    select
        refunds.source,
        refunds.refund_id,
        named.order_id,
        refunds.refunded_at,
        refunds.amount,
        refunds.reason,
        refunds.kind,
        refunds.loaded_at
    from refunds
    inner join named
        on refunds.source = named.source and refunds.refund_id = named.refund_id
    where refunds.refunded_at is not null and refunds.amount is not null
)

select * from joined
