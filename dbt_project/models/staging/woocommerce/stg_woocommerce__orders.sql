-- Totals are those before refunds. A date of payment tells more than the status: what was paid stays
-- so when it is cancelled, and what is being processed without one is paid on delivery.
with

documents as (
    select * from {{ ref('stg_woocommerce__order_documents') }}
),

refund_items as (
    select * from {{ ref('stg_woocommerce__refund_items') }}
    where total < 0
),

cancellations as (
    select * from {{ ref('stg_woocommerce__cancellations') }}
),

statuses as (
    select * from {{ ref('map_payment_status') }}
    where kind = 'woocommerce'
),

signals as (
    select * from {{ ref('map_order_signal') }}
    where kind = 'woocommerce' and signal = 'meta_key' and target = 'replacement'
),

named as (
    {{ named_orders('documents', 'order_key') }}
),

given_back as (
    select distinct
        source,
        order_key
    from refund_items
),

meta as (
    select
        source,
        order_key,
        {{ items_of('meta_keys') }} as meta_key
    from documents
),

replacements as (
    select
        meta.source,
        meta.order_key
    from meta
    inner join signals on meta.meta_key = signals.source_value
    group by meta.source, meta.order_key
),

settled as (
    select
        named.*,
        case
            when named.paid_at is not null and coalesce(statuses.target, 'paid') <> 'refunded'
                then 'paid'
            else statuses.target
        end as payment_status
    from named
    left join statuses on named.status = statuses.source_value
    where named.placed_at is not null
),

renamed as (
    select
        settled.source,
        settled.order_key,
        settled.order_id,
        settled.placed_at,
        settled.paid_at,
        cancellations.cancelled_at,
        case
            when settled.payment_status = 'paid' and given_back.order_key is not null
                then 'partially_refunded'
            else settled.payment_status
        end as payment_status,
        settled.customer_id,
        settled.customer_email,
        settled.total,
        settled.discount,
        settled.tax,
        settled.shipping,
        settled.currency,
        settled.created_via as sales_channel,
        settled.country,
        false as is_test,
        replacements.order_key is not null as is_replacement,
        settled.is_deleted,
        settled.updated_at,
        settled.loaded_at
    from settled
    left join cancellations
        on settled.source = cancellations.source and settled.order_key = cancellations.order_key
    left join given_back
        on settled.source = given_back.source and settled.order_key = given_back.order_key
    left join replacements
        on settled.source = replacements.source and settled.order_key = replacements.order_key
)

select * from renamed
