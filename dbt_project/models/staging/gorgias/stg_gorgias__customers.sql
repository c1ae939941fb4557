{{ config(materialized='incremental', unique_key='source, customer_id') }}

with

customers as (
    {{ newest_documents(source('landed', 'gorgias_customers')) }}
),

read as (
    select
        source,
        _key as customer_id,
        {{ json_text('payload', '$.email') }} as email,
        {{ utc_instant_of('payload', '$.created_datetime') }} as created_at,
        payload,
        loaded_at
    from customers
    where row_rank = 1 and not _is_deleted
),

channels as (
    select
        source,
        customer_id,
        {{ json_items('payload', '$.channels') }} as channel
    from read
),

phones as (
    select
        source,
        customer_id,
        min(trim({{ json_text('channel', '$.address') }})) as phone
    from channels
    where {{ json_text('channel', '$.type') }} in ('phone', 'sms', 'whatsapp')
    group by source, customer_id
),

renamed as (
    select
        read.source,
        read.customer_id,
        lower(trim(read.email)) as email,
        phones.phone,
        cast(null as varchar) as merged_into,
        read.created_at,
        false as is_test,
        false as is_internal,
        read.loaded_at
    from read
    left join phones
        on read.source = phones.source and read.customer_id = phones.customer_id
)

select * from renamed
