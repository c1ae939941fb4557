-- Refunds, and disputes that became chargebacks. One that was won came back, and one that was
-- refunded or prevented is no chargeback any more.
with

items as (
    select * from {{ ref('stg_shopify__refund_items') }}
),

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

disputes as (
    {{ newest_documents(source('landed', 'shopify_disputes')) }}
),

chargebacks as (
    select
        source,
        'dispute/' || {{ first_match('_key', '([0-9]+)$') }} as refund_id,
        {{ json_text('payload', '$.order.id') }} as order_gid,
        {{ instant(json_text('payload', '$.initiatedAt')) }} as refunded_at,
        try_cast({{ json_text('payload', '$.amount.amount') }} as decimal(18, 4)) as amount,
        lower({{ json_text('payload', '$.reasonDetails.reason') }}) as reason,
        loaded_at
    from disputes
    where row_rank = 1
        and not _is_deleted
        and {{ json_text('payload', '$.type') }} = 'CHARGEBACK'
        and {{ json_text('payload', '$.status') }} not in ('WON', 'CHARGE_REFUNDED', 'PREVENTED')
),

unioned as (
    select
        source, order_gid, refund_id, refunded_at, amount, reason, 'refund' as kind, loaded_at
    from items

    union all

    select
        source, order_gid, refund_id, refunded_at, amount, reason, 'chargeback' as kind, loaded_at
    from chargebacks
),

joined as (
    select
        unioned.source,
        unioned.refund_id,
        orders.order_id,
        unioned.refunded_at,
        unioned.amount,
        unioned.reason,
        unioned.kind,
        unioned.loaded_at
    from unioned
    inner join orders
        on unioned.source = orders.source and unioned.order_gid = orders.order_gid
    where unioned.refunded_at is not null and unioned.amount is not null
)

select * from joined
