-- What is in the trash is deleted; of it the last version outside of the trash tells how it stood.
{{ config(materialized='incremental', unique_key='source, order_key') }}

with

documents as (
    {{ told_orders(
        source('landed', 'woocommerce_orders'),
        is_trashed=json_text('payload', '$.status') ~ " = 'trash'",
    ) }}
),

read as (
    select
        source,
        _key as order_key,
        trim({{ json_text('payload', '$.number') }}) as order_name,
        {{ utc_instant_of('payload', '$.date_created_gmt') }} as placed_at,
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

meta as (
    select
        source,
        _key as order_key,
        {{ json_items('payload', '$.meta_data') }} as item
    from documents
),

-- Keys whose value is not empty and does not say no.
marks as (
    select
        source,
        order_key,
        {{ texts_of_group('lower(' ~ json_text('item', '$.key') ~ ')') }} as meta_keys
    from meta
    where lower(trim({{ json_text('item', '$.value') }})) not in ('', '0', 'no', 'false')
    group by source, order_key
),

joined as (
    select
        read.*,
        read.order_key as order_number,
        marks.meta_keys
    from read
    left join marks on read.source = marks.source and read.order_key = marks.order_key
)

select * from joined
