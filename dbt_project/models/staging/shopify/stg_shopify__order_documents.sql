-- Orders as last told, of each what stands in its own document. Paid is when money was first taken.
{{ config(materialized='incremental', unique_key='source, order_gid') }}

with

documents as (
    {{ told_orders(source('landed', 'shopify_orders')) }}
),

read as (
    select
        source,
        _key as order_gid,
        {{ first_match('_key', '([0-9]+)$') }} as order_number,
        trim({{ json_text('payload', '$.name') }}) as order_name,
        {{ instant('coalesce(' ~ json_text('payload', '$.processedAt') ~ ', '
            ~ json_text('payload', '$.createdAt') ~ ')') }} as placed_at,
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
        {{ text_list(json_list('payload', '$.tags')) }} as tags,
        {{ instant(json_text('payload', '$.updatedAt')) }} as updated_at,
        is_deleted,
        loaded_at
    from documents
),

transactions as (
    select
        source,
        _key as order_gid,
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

joined as (
    select
        read.*,
        payments.paid_at
    from read
    left join payments
        on read.source = payments.source and read.order_gid = payments.order_gid
)

select * from joined
