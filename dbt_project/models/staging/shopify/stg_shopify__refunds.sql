-- Refunds, and disputes that became chargebacks. One that was won came back, and one that was
-- refunded or prevented is no chargeback any more.
with

documents as (
    select * from {{ ref('stg_shopify__order_documents') }}
),

disputes as (
    {{ newest_documents(source('landed', 'shopify_disputes')) }}
),

items as (
    select
        source,
        order_id,
        {{ json_items('payload', '$.refunds') }} as item,
        loaded_at
    from documents
),

refunds as (
    select
        source,
        {{ first_match(json_text('item', '$.id'), '([0-9]+)$') }} as refund_id,
        order_id,
        {{ instant(json_text('item', '$.createdAt')) }} as refunded_at,
        try_cast(
            {{ json_text('item', '$.totalRefundedSet.shopMoney.amount') }} as decimal(18, 4)
        ) as amount,
        nullif(trim({{ json_text('item', '$.note') }}), '') as reason,
        'refund' as kind,
        loaded_at
    from items
),

disputed as (
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

chargebacks as (
    select
        disputed.source,
        disputed.refund_id,
        documents.order_id,
        disputed.refunded_at,
        disputed.amount,
        disputed.reason,
        'chargeback' as kind,
        disputed.loaded_at
    from disputed
    inner join documents
        on disputed.source = documents.source and disputed.order_gid = documents.order_gid
),

unioned as (
    select * from refunds
    where refunded_at is not null and amount is not null

    union all

    select * from chargebacks
    where refunded_at is not null and amount is not null
)

select * from unioned
