-- Totals are those before refunds, in the shop's currency.
with

documents as (
    select * from {{ ref('stg_shopify__order_documents') }}
),

statuses as (
    select * from {{ ref('map_payment_status') }}
    where kind = 'shopify'
),

signals as (
    select * from {{ ref('map_order_signal') }}
    where kind = 'shopify' and target = 'replacement'
),

named as (
    {{ named_orders('documents', 'order_gid') }}
),

tagged as (
    select
        source,
        order_gid,
        {{ items_of('tags') }} as tag
    from documents
),

replacements as (
    select
        tagged.source,
        tagged.order_gid
    from tagged
    inner join signals
        on signals.signal = 'tag' and lower(trim(tagged.tag)) = signals.source_value

    union

    select
        documents.source,
        documents.order_gid
    from documents
    inner join signals
        on signals.signal = 'source_of_free_order'
        and documents.source_name = signals.source_value
    where documents.total = 0
),

renamed as (
    select
        named.source,
        named.order_gid,
        named.order_id,
        named.placed_at,
        named.paid_at,
        named.cancelled_at,
        statuses.target as payment_status,
        named.customer_id,
        named.customer_email,
        named.total,
        named.discount,
        named.tax,
        named.shipping,
        named.currency,
        named.source_name as sales_channel,
        named.country,
        named.is_test,
        replacements.order_gid is not null as is_replacement,
        named.is_deleted,
        named.updated_at,
        named.loaded_at
    from named
    left join statuses on named.financial_status = statuses.source_value
    left join replacements
        on named.source = replacements.source and named.order_gid = replacements.order_gid
    where named.placed_at is not null
)

select * from renamed
