{{ config(materialized='incremental', unique_key='source, customer_id') }}

with

customers as (
    {{ newest_documents(source('landed', 'woocommerce_customers')) }}
),

renamed as (
    select
        source,
        _key as customer_id,
        nullif(lower(trim({{ json_text('payload', '$.email') }})), '') as email,
        nullif(trim({{ json_text('payload', '$.billing.phone') }}), '') as phone,
        cast(null as varchar) as merged_into,
        {{ utc_instant_of('payload', '$.date_created_gmt') }} as created_at,
        false as is_test,
        coalesce(
            {{ json_text('payload', '$.role') }} in (
                'administrator', 'editor', 'author', 'contributor', 'shop_manager'
            ),
            false
        ) as is_internal,
        loaded_at
    from customers
    where row_rank = 1 and not _is_deleted
)

select * from renamed
