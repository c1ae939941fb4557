with

landed as (
    {{ newest_rows(source('landed', 'files_customers')) }}
),

renamed as (
    select
        source,
        customer_id,
        lower(trim(email)) as email,
        trim(phone) as phone,
        merged_into,
        created_at,
        coalesce(is_test, false) as is_test,
        coalesce(is_internal, false) as is_internal,
        _loaded_at as loaded_at
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
