{{ config(materialized='incremental', unique_key='source, customer_gid') }}

with

customers as (
    {{ newest_documents(source('landed', 'shopify_customers')) }}
),

read as (
    select
        source,
        _key as customer_gid,
        {{ first_match('_key', '([0-9]+)$') }} as customer_id,
        lower(trim({{ json_text('payload', '$.defaultEmailAddress.emailAddress') }})) as email,
        trim({{ json_text('payload', '$.defaultPhoneNumber.phoneNumber') }}) as phone,
        {{ instant(json_text('payload', '$.createdAt')) }} as created_at,
        {{ json_list('payload', '$.tags') }} as tags,
        loaded_at
    from customers
    where row_rank = 1 and not _is_deleted
),

renamed as (
    select
        source,
        customer_gid,
        customer_id,
        email,
        phone,
        cast(null as varchar) as merged_into,
        created_at,
        coalesce({{ has_item('tags', 'test') }}, false) as is_test,
        coalesce({{ has_item('tags', 'internal') }}, false) as is_internal,
        loaded_at
    from read
)

select * from renamed
