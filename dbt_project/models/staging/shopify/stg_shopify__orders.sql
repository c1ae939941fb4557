-- Totals are those before refunds, in the shop's currency. Paid is when money was first taken.
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

read as (
    select
        source,
        order_gid,
        order_id,
        placed_at,
        {{ instant(json_text('payload', '$.cancelledAt')) }} as cancelled_at,
        lower({{ json_text('payload', '$.displayFinancialStatus') }}) as financial_status,
        {{ first_match(json_text('payload', '$.customer.id'), '([0-9]+)$') }} as customer_id,
        lower(trim({{ json_text('payload', '$.email') }})) as customer_email,
        {%- for column, field in [
            ('total', 'totalPriceSet'), ('discount', 'totalDiscountsSet'),
            ('tax', 'totalTaxSet'), ('shipping', 'totalShippingPriceSet'),
        ] %}
        try_cast({{ json_text('payload', '$.' ~ field ~ '.shopMoney.amount') }} as decimal(18, 4))
            as {{ column }},
        {%- endfor %}
        upper({{ json_text('payload', '$.totalPriceSet.shopMoney.currencyCode') }}) as currency,
        lower(trim({{ json_text('payload', '$.sourceName') }})) as source_name,
        coalesce(
            {{ json_text('payload', '$.shippingAddress.countryCodeV2') }},
            {{ json_text('payload', '$.billingAddress.countryCodeV2') }}
        ) as country,
        coalesce({{ json_text('payload', '$.test') }} = 'true', false) as is_test,
        {{ json_list('payload', '$.tags') }} as tags,
        {{ instant(json_text('payload', '$.updatedAt')) }} as updated_at,
        is_deleted,
        loaded_at
    from documents
),

transactions as (
    select
        source,
        order_gid,
        {{ json_items('payload', '$.transactions') }} as item
    from documents
),

payments as (
    select
        source,
        order_gid,
        min({{ instant(json_text('item', '$.processedAt')) }}) as paid_at
    from transactions
    where {{ json_text('item', '$.kind') }} in ('SALE', 'CAPTURE')
        and {{ json_text('item', '$.status') }} = 'SUCCESS'
    group by source, order_gid
),

tagged as (
    select
        source,
        order_gid,
        {{ texts_of_list('tags') }} as tag
    from read
    where tags is not null
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
        read.source,
        read.order_gid
    from read
    inner join signals
        on signals.signal = 'source_of_free_order' and read.source_name = signals.source_value
    where read.total = 0
),

renamed as (
    select
        read.source,
        read.order_id,
        read.placed_at,
        payments.paid_at,
        read.cancelled_at,
        statuses.target as payment_status,
        read.customer_id,
        read.customer_email,
        read.total,
        read.discount,
        read.tax,
        read.shipping,
        read.currency,
        read.source_name as sales_channel,
        read.country,
        read.is_test,
        replacements.order_gid is not null as is_replacement,
        read.is_deleted,
        read.updated_at,
        read.loaded_at
    from read
    left join statuses on read.financial_status = statuses.source_value
    left join payments
        on read.source = payments.source and read.order_gid = payments.order_gid
    left join replacements
        on read.source = replacements.source and read.order_gid = replacements.order_gid
)

select * from renamed
