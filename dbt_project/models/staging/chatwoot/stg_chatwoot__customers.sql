{{ config(materialized='incremental', unique_key='source, customer_id') }}

with

contacts as (
    {{ newest_documents(source('landed', 'chatwoot_contacts')) }}
),

renamed as (
    select
        source,
        _key as customer_id,
        lower(trim({{ json_text('payload', '$.email') }})) as email,
        trim({{ json_text('payload', '$.phone_number') }}) as phone,
        cast(null as varchar) as merged_into,
        {{ instant_of_epoch(json_text('payload', '$.created_at')) }} as created_at,
        coalesce({{ json_text('payload', '$.custom_attributes.test') }} = 'true', false) as is_test,
        coalesce({{ json_text('payload', '$.custom_attributes.internal') }} = 'true', false)
            as is_internal,
        loaded_at
    from contacts
    where row_rank = 1 and not _is_deleted
)

select * from renamed
