with

landed as (
    {{ newest_rows(source('landed', 'files_tickets'), 'updated_at') }}
),

renamed as (
    select
        source,
        ticket_id,
        created_at,
        updated_at,
        customer_id,
        lower(trim(customer_email)) as customer_email,
        {{ segment_text('channel', lower=true) }} as channel,
        is_sync,
        {{ segment_text('category') }} as category,
        {{ segment_text('subcategory') }} as subcategory,
        status,
        lower(trim(priority)) as priority,
        {{ segment_text('team') }} as team,
        assignee_id,
        brand,
        {{ hash_text('subject') }} as subject_hash,
        tags,
        language,
        product_sku,
        order_id,
        coalesce(is_spam, false) as is_spam,
        coalesce(is_deleted, false) or _is_deleted as is_deleted,
        deleted_at,
        coalesce(is_test, false) as is_test,
        merged_into,
        first_reply_at,
        resolved_at,
        _loaded_at as loaded_at
    from landed
    where row_rank = 1
)

select * from renamed
