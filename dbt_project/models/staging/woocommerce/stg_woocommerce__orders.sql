-- Totals are those before refunds. A date of payment tells more than the status: what was paid stays
-- so when it is cancelled, and what is being processed without one is paid on delivery.
with

documents as (
    select * from {{ ref('stg_woocommerce__order_documents') }}
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

read as (
    select
        source,
        order_key,
        order_id,
        placed_at,
        {{ utc_instant_of('payload', '$.date_paid_gmt') }} as paid_at,
        lower({{ json_text('payload', '$.status') }}) as status,
        nullif({{ json_text('payload', '$.customer_id') }}, '0') as customer_id,
        nullif(lower(trim({{ json_text('payload', '$.billing.email') }})), '') as customer_email,
        {%- for column, field in [
            ('total', 'total'), ('discount', 'discount_total'), ('tax', 'total_tax'),
            ('shipping', 'shipping_total'),
        ] %}
        try_cast({{ json_text('payload', '$.' ~ field) }} as decimal(18, 4)) as {{ column }},
        {%- endfor %}
        upper({{ json_text('payload', '$.currency') }}) as currency,
        nullif(lower(trim({{ json_text('payload', '$.created_via') }})), '') as created_via,
        coalesce(
            nullif({{ json_text('payload', '$.shipping.country') }}, ''),
            nullif({{ json_text('payload', '$.billing.country') }}, '')
        ) as country,
        {{ utc_instant_of('payload', '$.date_modified_gmt') }} as updated_at,
        is_deleted,
        loaded_at
    from documents
),

refund_items as (
    select
        source,
        order_key,
        {{ json_items('payload', '$.refunds') }} as item
    from documents
),

given_back as (
    select
        source,
        order_key
    from refund_items
    where try_cast({{ json_text('item', '$.total') }} as decimal(18, 4)) < 0
    group by source, order_key
),

meta as (
    select
        source,
        order_key,
        {{ json_items('payload', '$.meta_data') }} as item
    from documents
),

replacements as (
    select
        meta.source,
        meta.order_key
    from meta
    inner join signals on lower({{ json_text('meta.item', '$.key') }}) = signals.source_value
    where lower(trim({{ json_text('meta.item', '$.value') }})) not in ('', '0', 'no', 'false')
    group by meta.source, meta.order_key
),

settled as (
    select
        read.*,
        case
            when read.paid_at is not null and coalesce(statuses.target, 'paid') <> 'refunded'
                then 'paid'
            else statuses.target
        end as payment_status
    from read
    left join statuses on read.status = statuses.source_value
),

renamed as (
    select
        settled.source,
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
